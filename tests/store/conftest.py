import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.postgresql import PrivatePostgresql, programmes

from aiguillage.store import migrate
from aiguillage.store.database import Database, open_database


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PrivatePostgresql]:
    found = programmes()
    if found is None:
        if os.environ.get("AIGUILLAGE_REQUIRE_POSTGRESQL"):
            pytest.fail("PostgreSQL's server is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL's server is not installed")
    with PrivatePostgresql(found) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, on either engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/test.db"
    server: PrivatePostgresql = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated database, on either engine."""
    migrate.upgrade(url)
    database = open_database(url)
    yield database
    database.close()
