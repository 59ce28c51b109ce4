"""Databases for tests: migrated SQLite files, and a private PostgreSQL that is gone when the tests are."""

import contextlib
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from aiguillage.desk import editing
from aiguillage.desk.publishing import publish
from aiguillage.routing.document import dump
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database, open_database
from aiguillage.store.migrate import upgrade
from tests.ports import free_port
from tests.required import missing
from tests.unit.examples import PLAN

FAST = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c max_connections=40"
"""What was acknowledged outlives the server all the same, if not the machine."""


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'test.db'}"


def migrated_sqlite(folder: Path) -> Database:
    """A new database in `folder` with the newest schema and nothing in it."""
    (folder / "test.db").write_bytes(_migrated_file())
    return open_database(sqlite_url(folder))


@functools.cache
def _migrated_file() -> bytes:
    """Migrating takes a while: it is done once, and copied."""
    with tempfile.TemporaryDirectory() as folder:
        upgrade(sqlite_url(Path(folder)))
        return (Path(folder) / "test.db").read_bytes()


def published_sqlite(folder: Path) -> Database:
    """The same, with the example plan published as version 1."""
    (folder / "test.db").write_bytes(_published_file())
    return open_database(sqlite_url(folder))


@functools.cache
def _published_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        database = migrated_sqlite(Path(folder))
        editing.apply(database, dump(PLAN))
        publish(database, datetime.now(UTC), "tests", "the first")
        database.close()
        return (Path(folder) / "test.db").read_bytes()


@dataclass(frozen=True)
class PostgreSQL:
    """A running server of our own on 127.0.0.1; `template` is a migrated database in it. `crash` ends it without a
    goodbye, `start` lets it recover."""

    port: int
    crash: Callable[[], object]
    start: Callable[[], object]
    template: str = "migrated"

    def url(self, database: str, password: str = "") -> str:
        return f"postgresql://tests{f':{password}' if password else ''}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """A new database; its URL."""
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._command(words.format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def empty(self, database: str) -> None:
        """Take every row out of the migrated database."""
        deletes = [sql.SQL("DELETE FROM {};").format(sql.Identifier(table)) for table in metadata.tables]
        with psycopg.connect(self.url(database)) as connection:
            connection.execute("SET session_replication_role = replica")  # without triggers: the audit refuses this
            connection.execute(sql.Composed(deletes))

    def drop(self, database: str) -> None:
        """Whoever is still connected is thrown out."""
        self._command(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _command(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command)


def programs() -> Path | None:
    """The folder of the newest PostgreSQL installed; None without one."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda each: int(each.parts[-3]), default=None)
    return newest.parent if newest else None


@contextlib.contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """A server in a folder of its own, with a migrated template; `missing` where none is installed.

    PostgreSQL refuses to run as root: then it runs as another user.
    """
    bin_folder = programs()
    if bin_folder is None:
        missing("no PostgreSQL is installed in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="aiguillage-postgresql-"))
    options: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        user = _ordinary_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, port = folder / "data", free_port()
    listen = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= {FAST}"
    control = [str(bin_folder / "pg_ctl"), "-D", str(data), "-w"]
    try:
        subprocess.run(
            [bin_folder / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
            check=True,
            **options,
        )
        stop = functools.partial(subprocess.run, [*control, "-m", "immediate", "stop"], check=True, **options)
        begin = [*control, "-l", str(folder / "log"), "-o", listen, "start"]
        start = functools.partial(subprocess.run, begin, check=True, **options)
        start()
        try:
            server = PostgreSQL(port, stop, start)
            upgrade(server.create(server.template))
            yield server
        finally:
            stop()
    finally:
        shutil.rmtree(folder)


def _ordinary_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
