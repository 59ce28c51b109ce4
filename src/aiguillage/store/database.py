"""The database: SQLite by default, PostgreSQL when it grows. One synchronous layer; coroutines use a thread."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session as Session  # desk/ annotates with it, and imports no SQLAlchemy

from aiguillage.errors import SettingRefused, StoreUnavailable

BUSY_SECONDS = 5
CONNECT_SECONDS = 2
TURN_SECONDS = 20
"""A writer waits so long for the other writers of its own process: 50 who edit at once all come to their turn."""

WRITERS_LOCK = 7_168_293
"""The advisory lock that the writers of one PostgreSQL database share, migrations among them."""


class Database:
    """One per process and database; threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises StoreUnavailable."""
        with self.answering(), Session(self.engine) as session:
            if self.engine.dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back by an error. Raises StoreUnavailable.

        Writers take turns from their beginning. On SQLite a transaction that reads first and writes later would be
        refused at once when somebody else has written in between; on PostgreSQL two who replace the same rows would
        end in a duplicate key.
        """
        with self.answering(), self._own_turn(), Session(self.engine) as session:
            session.connection(execution_options={"writes": True})
            if self.engine.dialect.name == "postgresql":
                session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS_LOCK})
            yield session
            session.commit()

    @contextlib.contextmanager
    def _own_turn(self) -> Iterator[None]:
        """Those of one process wait here: waiting in SQLite is sleeping and looking again, and many starve at it."""
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise StoreUnavailable(f"{self.name} has too many edits at once; try again in a moment")
        try:
            yield
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """StoreUnavailable where the database fails us; IntegrityError and DataError pass: those are our fault."""
        try:
            yield
        except (IntegrityError, DataError):
            raise
        except (DBAPIError, PoolTimeoutError) as wrong:
            raise StoreUnavailable(self.in_words(wrong)) from wrong

    def compact(self, tables: Iterable[str]) -> None:
        """Write the database anew, so that nothing of what was taken out of these tables is left in its files.

        Other writers wait as long as that takes. What PostgreSQL has logged ahead it keeps until it needs it no more.
        Raises StoreUnavailable.
        """
        with self.answering(), self._own_turn(), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                bare = connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    bare.execute(text(f"VACUUM FULL {self.engine.dialect.identifier_preparer.quote(table)}"))
            else:
                bare = connection.execution_options(without_transaction=True)
                bare.execute(text("VACUUM"))
                self._empty_log(bare)

    def _empty_log(self, connection: Connection) -> None:
        """Write SQLite's write-ahead log into the file and empty it, which nobody's reading may stand in the way of."""
        deadline = time.monotonic() + TURN_SECONDS
        while connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar_one():
            if time.monotonic() > deadline:
                raise StoreUnavailable(f"{self.name} is being read all the time; try again in a moment")

    @property
    def name(self) -> str:
        """For people; without a password."""
        url = self.engine.url
        if self.engine.dialect.name == "sqlite":
            return f"SQLite {url.database}"
        return f"PostgreSQL {url.set(query={}).render_as_string(hide_password=True)}"

    def close(self) -> None:
        self.engine.dispose()

    def in_words(self, wrong: SQLAlchemyError) -> str:
        """What is wrong with this database, and the remedy; never a statement, a value or a password."""
        fault = str(wrong.orig if isinstance(wrong, DBAPIError) else wrong).strip().partition("\n")[0]
        # 42P01 and 42703: undefined table, undefined column.
        if "no such table" in fault or getattr(getattr(wrong, "orig", None), "sqlstate", "") in {"42P01", "42703"}:
            return f"{self.name} has not the schema that is needed ({fault}); run: aiguillage migrate"
        remedy = "start it, or correct AIGUILLAGE_DATABASE_URL"
        if self.engine.dialect.name == "sqlite":
            remedy = "see who else uses it, or correct AIGUILLAGE_STATE_DIR or AIGUILLAGE_DATABASE_URL"
        return f"{self.name} does not answer: {fault}; {remedy}"


def open_database(url: str) -> Database:
    """The database of `sqlite:///path` or `postgresql://user:password@host/name`; connects at its first use.

    Raises SettingRefused for a URL that is none.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingRefused(
            "AIGUILLAGE_DATABASE_URL is no database URL; write sqlite:///path or postgresql://…"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise SettingRefused(
                "AIGUILLAGE_DATABASE_URL names no file, so nothing would be kept; write sqlite:///path"
            )
        return Database(_open_sqlite(url))
    if parsed.get_backend_name() != "postgresql":
        raise SettingRefused(
            f"AIGUILLAGE_DATABASE_URL: {parsed.get_backend_name()} is not supported; use SQLite or PostgreSQL"
        )
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=CONNECT_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "aiguillage"},
    )
    return Database(engine)


def _open_sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path:
        with contextlib.suppress(OSError):  # the first use says what is wrong with the folder
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        # Python's driver would begin transactions at moments of its own; `begin` below does.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "reset")
    def roll_back(connection: sqlite3.Connection, *_: Any) -> None:
        # A COMMIT that a foreign key refuses leaves the transaction open, which SQLAlchemy takes for ended.
        connection.rollback()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("without_transaction"):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")

    return engine
