"""The database: SQLite by default, PostgreSQL when it grows. One synchronous layer; coroutines use a thread."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.orm import Session

from aiguillage.errors import Conflict, SettingRefused, StoreUnavailable

BUSY_SECONDS = 5
CONNECT_SECONDS = 2


class Database:
    """One per process and database; threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises StoreUnavailable."""
        with self._session() as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back by an error. Raises Conflict where
        a constraint says no, StoreUnavailable.

        On SQLite it holds the write lock from its beginning: a transaction that reads first and writes later would be
        refused at once when somebody else has written in between.
        """
        with self._session() as session:
            session.connection(execution_options={"writes": True})
            yield session
            try:
                session.commit()
            except IntegrityError:
                session.invalidate()  # SQLite leaves the transaction open when a deferred constraint fails
                raise

    @contextlib.contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self.engine) as session:
                yield session
        except IntegrityError as wrong:
            raise Conflict(f"this contradicts what {self.name} keeps: {_fault(wrong)}; nothing was changed") from wrong
        except (OperationalError, ProgrammingError) as wrong:
            raise StoreUnavailable(self.in_words(wrong)) from wrong

    @property
    def name(self) -> str:
        """For people; without a password."""
        url = self.engine.url
        if self.engine.dialect.name == "sqlite":
            return f"SQLite {url.database}"
        return f"PostgreSQL {url.render_as_string(hide_password=True)}"

    def close(self) -> None:
        self.engine.dispose()

    def in_words(self, wrong: SQLAlchemyError) -> str:
        """What is wrong with this database, and the remedy; never a statement, a value or a password."""
        fault = _fault(wrong)
        if "no such table" in fault or "does not exist" in fault:
            return f"{self.name} has not the schema that is needed ({fault}); run: aiguillage migrate"
        return f"{self.name} does not answer: {fault}"


def _fault(wrong: SQLAlchemyError) -> str:
    """The driver's own words, without the statement and its values."""
    return str(wrong.orig).strip().splitlines()[0] if isinstance(wrong, DBAPIError) else str(wrong)


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
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        # Python's driver would begin transactions at moments of its own; `begin` below does.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
