"""Backups are made of and restored into both databases; SQLite's are in a folder of their own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguillage.settings import Settings
from aiguillage.store.database import open_database
from aiguillage.store.migrate import upgrade
from tests.backups.places import Place
from tests.databases import PostgreSQL, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator["Places"]:
    """Makes an installation, `sqlite` or `postgresql`."""
    made = Places(tmp_path, request)
    yield made
    made.close()


class Places:
    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder, self._request = folder, request
        self._places: list[tuple[Place, str]] = []

    def __call__(self, kind: str, *, migrated: bool = True) -> Place:
        state = self._folder / f"state-{len(self._places)}"
        state.mkdir()
        name, url = "", ""
        if kind == "postgresql":
            server: PostgreSQL = self._request.getfixturevalue("postgresql")
            name = f"place_{uuid.uuid4().hex}"
            url = server.create(name, server.template if migrated else "template0")
        settings = Settings(_env_file=None, state_dir=state, database_url=url)  # type: ignore[call-arg]
        if migrated and kind == "sqlite":
            upgrade(settings.url)
        place = Place(settings, open_database(settings.url))
        self._places.append((place, name))
        return place

    def close(self) -> None:
        for place, name in self._places:
            place.database.close()
            if name:
                self._request.getfixturevalue("postgresql").drop(name)
