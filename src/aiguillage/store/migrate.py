"""Bring a database to the schema of this release, whoever starts first."""

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from aiguillage.errors import StoreUnavailable
from aiguillage.shipped import shipped
from aiguillage.store.database import WRITERS_LOCK, Database, open_database

PATIENCE = 30.0
"""Seconds that a migration of SQLite waits for those who write at this moment."""


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate to the newest schema, or to a revision. Two processes that start at once take turns.

    Raises StoreUnavailable, also for a schema that a newer release made.
    """
    database = open_database(url, creates=True)
    try:
        with database.answering(), alone(database) as connection:
            command.upgrade(config_for(connection), revision)
            connection.commit()
    except CommandError as wrong:
        raise StoreUnavailable(f"{database.name} was migrated by a newer release ({wrong}); install that one") from None
    finally:
        database.close()


def downgrade(url: str, revision: str) -> None:
    """Back to an older schema; `base` empties the database."""
    database = open_database(url)
    try:
        with database.answering(), alone(database) as connection:
            command.downgrade(config_for(connection), revision)
            connection.commit()
    finally:
        database.close()


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`reason` says for people what is right or wrong."""

    reachable: bool
    current: bool
    reason: str


def schema_state(database: Database) -> SchemaState:
    """Whether the database answers and has the schema of this release. Never raises."""
    if database.damage:
        return SchemaState(reachable=False, current=False, reason=database.damage)
    try:
        with database.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            needed = ScriptDirectory.from_config(config_for(connection)).get_current_head()
    except SQLAlchemyError as wrong:
        return SchemaState(reachable=False, current=False, reason=database.in_words(wrong))
    if found == needed:
        return SchemaState(reachable=True, current=True, reason=f"{database.name}, schema {needed}")
    reason = f"{database.name} has schema {found or 'none'}, this release needs {needed}; run: aiguillage migrate"
    return SchemaState(reachable=True, current=False, reason=reason)


def is_older(database: Database) -> bool:
    """Whether it has a schema that is to be migrated. Raises StoreUnavailable."""
    with database.answering(), database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found is not None and knows(found) and found != _scripts().get_current_head()


def knows(revision: str) -> bool:
    """Whether a schema is that of this release, or of an older one."""
    return revision in {each.revision for each in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(shipped("migrations")))


def config_for(connection: Connection) -> Config:
    """Alembic's, for our migrations over a connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(shipped("migrations")))
    config.set_main_option("path_separator", "os")
    return config


@contextlib.contextmanager
def alone(database: Database) -> Iterator[Connection]:
    """A connection to a database that nobody else migrates within the block."""
    if database.engine.dialect.name == "sqlite":
        # Before connecting: the first connection of all puts the file into write-ahead mode, and waits for nobody.
        with _locked(Path(f"{database.engine.url.database}.lock"), database), database.engine.connect() as connection:
            # A transaction that reads first and writes later would be refused where somebody else has written since.
            yield connection.execution_options(writes=True, patience=int(PATIENCE * 1000))
        return
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": WRITERS_LOCK})
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": WRITERS_LOCK})
            connection.commit()


@contextlib.contextmanager
def _locked(file: Path, database: Database) -> Iterator[None]:
    """Raises StoreUnavailable where the database's folder cannot be written."""
    try:
        lock = file.open("w")
    except OSError as wrong:
        remedy = "correct AIGUILLAGE_STATE_DIR or AIGUILLAGE_DATABASE_URL"
        raise StoreUnavailable(f"{database.name} does not answer: {file}: {wrong.strerror}; {remedy}") from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
