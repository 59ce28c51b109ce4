"""Every story is told twice: on a SQLite file and on a private PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguillage.store.database import Database, open_database
from tests.databases import PostgreSQL, migrated_sqlite, running_postgresql, sqlite_url


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without tables."""
    if kind == "sqlite":
        (tmp_path / "test.db").touch()
        yield sqlite_url(tmp_path)
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = f"empty_{uuid.uuid4().hex}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture
def database(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database with nothing in it."""
    if kind == "sqlite":
        opened = migrated_sqlite(tmp_path)
        yield opened
        opened.close()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    server.empty(server.template)  # half a second less than a new database
    opened = open_database(server.url(server.template))
    yield opened
    opened.close()
