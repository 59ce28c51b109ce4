"""Whether a SQLite file is whole. PostgreSQL looks after its own."""

import sqlite3
import time
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from aiguillage.store.database import Database, damaged

LOOK_SECONDS = 5.0
"""A start waits so long at most; what was not looked at by then is taken for whole."""
_BETWEEN_LOOKS_AT_THE_CLOCK = 100_000
"""Instructions of SQLite."""


def look(database: Database) -> str:
    """What is wrong, and the remedy; empty for a database that is whole, or that does not answer."""
    if database.engine.dialect.name != "sqlite":
        return ""
    deadline = time.monotonic() + LOOK_SECONDS
    try:
        with database.engine.connect() as connection:
            sqlite: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            sqlite.set_progress_handler(lambda: time.monotonic() > deadline, _BETWEEN_LOOKS_AT_THE_CLOCK)
            try:
                found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
            finally:
                sqlite.set_progress_handler(None, 0)
    except DBAPIError as wrong:
        said = database.in_words(wrong)
        return said if said.startswith(f"{database.name} is damaged") else ""
    return "" if found == "ok" else damaged(database.name, found.rpartition("\n")[2])


class Watched:
    """A database that is closed as long as its file is damaged, and open again once another file is in its place."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: tuple[int, int, int] | None = None

    def close_off(self, damage: str) -> None:
        """Nothing is read from it or written to it. Nobody may hold a connection to what will be replaced."""
        self._seen = self._file()
        self._database.damage = damage
        self._database.engine.dispose()

    def look_again(self) -> None:
        """From a thread."""
        if not self._database.damage or self._file() == self._seen:
            return
        self._seen = self._file()
        self._database.damage = look(self._database)
        self._database.engine.dispose()

    def _file(self) -> tuple[int, int, int] | None:
        try:
            found = Path(self._database.engine.url.database or "").stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
