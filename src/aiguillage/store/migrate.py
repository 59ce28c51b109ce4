"""Bring a database to the schema of this release, whoever starts first."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from aiguillage.errors import StoreUnavailable
from aiguillage.store.database import WRITERS_LOCK, open_database


def upgrade(url: str) -> None:
    """Migrate to the newest schema. Two processes that start at once take turns.

    Raises StoreUnavailable, also for a schema that a newer release made.
    """
    database = open_database(url)
    try:
        with database.answering(), database.engine.connect() as connection, _alone(connection):
            command.upgrade(_config(connection), "head")
            connection.commit()
    except CommandError as wrong:
        raise StoreUnavailable(f"{database.name} was migrated by a newer release ({wrong}); install that one") from None
    finally:
        database.close()


def downgrade(url: str, revision: str) -> None:
    """Back to an older schema; `base` empties the database."""
    database = open_database(url)
    try:
        with database.answering(), database.engine.connect() as connection, _alone(connection):
            command.downgrade(_config(connection), revision)
            connection.commit()
    finally:
        database.close()


def revisions(engine: Engine) -> tuple[str | None, str | None]:
    """The schema that the database has, and the one that this release needs."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        return found, ScriptDirectory.from_config(_config(connection)).get_current_head()


def _config(connection: Connection) -> Config:
    packaged = Path(__file__).parent / "migrations"
    folder = packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "migrations"
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Nobody else migrates this database within the block."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": WRITERS_LOCK})
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": WRITERS_LOCK})
            connection.commit()
        return
    with Path(f"{connection.engine.url.database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
