"""The database: SQLite by default, PostgreSQL when it grows. One synchronous layer; coroutines use a thread."""

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic_core import to_json
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session as Session  # desk/ annotates with it, and imports no SQLAlchemy

from aiguillage.errors import SettingRefused, StoreFull, StoreUnavailable

BUSY_SECONDS = 5
CONNECT_SECONDS = 2
STATEMENT_SECONDS = 30
"""PostgreSQL gives up a statement of ours after that; erasing reads whole tables."""
SILENT_SECONDS = 5
"""A PostgreSQL that says nothing on the network for so long is gone."""
TURN_SECONDS = 20
"""A writer waits so long for the other writers of its own process: 50 who edit at once all come to their turn."""

WRITERS_LOCK = 7_168_293
"""The advisory lock that the writers of one PostgreSQL database share, migrations among them."""


class Database:
    """One per process and database; threads may share it.

    `damage` says what is wrong with it, and the remedy, while nothing is to be read from it or written to it; `full`
    the same as long as writing fails for want of room. Both are empty when all is well.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.damage = ""
        self.full = ""
        self._turn = threading.Lock()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database. Raises StoreUnavailable."""
        with self.answering(), Session(self.engine) as session:
            if self.engine.dialect.name == "postgresql":
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
                session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
            yield session

    @contextlib.contextmanager
    def writing(self, within: float | None = None, *, spares_disk: bool = False) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back by an error. Raises StoreUnavailable.

        `within` are seconds: what has not begun by then is not done at all, for whoever was told meanwhile that it is
        not. What `spares_disk` may be lost in the last moments before a power cut; all else is on the disk at the end.

        Writers take turns from their beginning. On SQLite a transaction that reads first and writes later would be
        refused at once when somebody else has written in between; on PostgreSQL two who replace the same rows would
        end in a duplicate key.
        """
        deadline = time.monotonic() + (TURN_SECONDS + BUSY_SECONDS if within is None else within)
        with self.answering(), self._own_turn(TURN_SECONDS if within is None else within):
            with Session(self.engine) as session:
                self._begin(session, min(BUSY_SECONDS, max(0.01, deadline - time.monotonic())), spares_disk)
                if within is not None and time.monotonic() > deadline:
                    raise StoreUnavailable(f"{self.name} is too slow at the moment; try again")
                yield session
                session.commit()
            self.full = ""

    def _begin(self, session: Session, patience: float, spares_disk: bool) -> None:
        milliseconds = int(patience * 1000)
        session.connection(execution_options={"writes": True, "patience": milliseconds, "spares_disk": spares_disk})
        if self.engine.dialect.name == "postgresql":
            session.execute(text(f"SET LOCAL lock_timeout = '{milliseconds}ms'"))
            session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS_LOCK})

    @contextlib.contextmanager
    def _own_turn(self, patience: float = TURN_SECONDS) -> Iterator[None]:
        """Those of one process wait here: waiting in SQLite is sleeping and looking again, and many starve at it."""
        if not self._turn.acquire(timeout=patience):
            raise StoreUnavailable(f"{self.name} has too many edits at once; try again in a moment")
        try:
            yield
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """StoreUnavailable where the database fails us; IntegrityError and DataError pass: those are our fault."""
        if self.damage:
            raise StoreUnavailable(self.damage)
        try:
            yield
        except (IntegrityError, DataError):
            raise
        except (DBAPIError, PoolTimeoutError) as wrong:
            if _is_full(wrong):
                self.full = self.in_words(wrong)
                raise StoreFull(self.full) from wrong
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

    @property
    def is_missing(self) -> bool:
        """Whether it is a file of SQLite that could be there and is not."""
        file = Path(self.engine.url.database or "")
        return self.engine.dialect.name == "sqlite" and not file.exists() and not file.parent.is_file()

    def in_words(self, wrong: SQLAlchemyError) -> str:
        """What is wrong with this database, and the remedy; never a statement, a value or a password."""
        fault = str(wrong.orig if isinstance(wrong, DBAPIError) else wrong).strip().partition("\n")[0]
        # 42P01 and 42703: undefined table, undefined column.
        if "no such table" in fault or getattr(getattr(wrong, "orig", None), "sqlstate", "") in {"42P01", "42703"}:
            return f"{self.name} has not the schema that is needed ({fault}); run: aiguillage migrate"
        if _is_full(wrong):
            return f"{self.name} has no room to write ({fault}): nothing was changed; make room on its disk"
        if getattr(wrong, "orig", None) is not None and _code(wrong) in _DAMAGED:
            return damaged(self.name, fault)
        if fault == _NO_FILE and self.is_missing:
            return f"{self.name} is not there; bring it back, or, to make a new one, run: aiguillage migrate"
        remedy = "start it, or correct AIGUILLAGE_DATABASE_URL"
        if self.engine.dialect.name == "sqlite":
            remedy = "see who else uses it, or correct AIGUILLAGE_STATE_DIR or AIGUILLAGE_DATABASE_URL"
        return f"{self.name} does not answer: {fault}; {remedy}"


_NO_FILE = "unable to open database file"
_FULL = {"SQLITE_FULL", "53100"}  # of PostgreSQL: disk full
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CORRUPT_INDEX", "XX001", "XX002"}  # of PostgreSQL: corrupted


def damaged(name: str, fault: str) -> str:
    """What people read of a database that is not whole."""
    return f"{name} is damaged ({fault}): put a backup in its place, or correct AIGUILLAGE_DATABASE_URL"


def _is_full(wrong: SQLAlchemyError) -> bool:
    return _code(wrong) in _FULL


def _code(wrong: SQLAlchemyError) -> str:
    """SQLite's name of an error, or PostgreSQL's number."""
    fault = getattr(wrong, "orig", None)
    return str(getattr(fault, "sqlite_errorname", None) or getattr(fault, "sqlstate", None) or "")


def open_database(url: str, *, creates: bool = False) -> Database:
    """The database of `sqlite:///path` or `postgresql://user:password@host/name`; connects at its first use.

    Only with `creates` a file of SQLite that is not there is made: an empty one beside the log of the true one, which
    somebody has moved away, would cost what is in the log.
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
        return Database(_open_sqlite(url, creates=creates))
    if parsed.get_backend_name() != "postgresql":
        raise SettingRefused(
            f"AIGUILLAGE_DATABASE_URL: {parsed.get_backend_name()} is not supported; use SQLite or PostgreSQL"
        )
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        json_serializer=_json,
        pool_timeout=CONNECT_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "aiguillage",
            "tcp_user_timeout": SILENT_SECONDS * 1000,
            "keepalives_idle": SILENT_SECONDS,
            "keepalives_interval": 1,
            "keepalives_count": 3,
        },
    )
    return Database(engine)


def _open_sqlite(url: str, *, creates: bool) -> Engine:
    path = make_url(url).database or ""
    if creates:
        with contextlib.suppress(OSError):  # the first use says what is wrong with the folder
            Path(path).parent.mkdir(parents=True, exist_ok=True)
    name = f"file:{quote(path)}?mode={'rwc' if creates else 'rw'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)

    engine = create_engine(url, creator=connect, json_serializer=_json)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        # Python's driver would begin transactions at moments of its own; `begin` below does.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def look(_: sqlite3.Connection, record: Any, __: Any) -> None:
        # What was written to a file that is not in its place any more would be lost.
        if record.info["file"] != _identity(path):
            raise DisconnectionError("another file is in its place")

    @event.listens_for(engine, "reset")
    def roll_back(connection: sqlite3.Connection, *_: Any) -> None:
        # A COMMIT that a foreign key refuses leaves the transaction open, which SQLAlchemy takes for ended.
        connection.rollback()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("without_transaction"):
            return
        if not options.get("writes"):
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {options.get('patience', BUSY_SECONDS * 1000)}").close()
        connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if options.get('spares_disk') else 'FULL'}").close()
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _json(value: Any) -> str:
    """As json.dumps does, ten times as fast; that one takes half of a text's character, too."""
    try:
        return to_json(value).decode()
    except ValueError:
        return json.dumps(value)


def _identity(path: str) -> tuple[int, int] | None:
    """Which file it is; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
