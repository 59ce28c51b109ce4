"""A migrated SQLite file for each story."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguillage.store.database import Database
from tests.databases import migrated_sqlite


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = migrated_sqlite(tmp_path)
    yield opened
    opened.close()
