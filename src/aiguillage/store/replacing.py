"""Put other rows in the place of all that a database holds, in one transaction: all of it, or nothing."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from alembic import command
from alembic.util import CommandError
from sqlalchemy import JSON, Connection, Integer, Table, func, insert, inspect, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables_and_constraints

from aiguillage.errors import Refused, StoreUnavailable
from aiguillage.store.columns import metadata
from aiguillage.store.database import BUSY_SECONDS, Database
from aiguillage.store.dump import AT_ONCE, columns_of, revision_of, row_of, tables_in
from aiguillage.store.migrate import alone, config_for, knows
from aiguillage.store.tables import idempotent_answers, invitations, sessions


class Replacement:
    """Within its transaction. The order: `empty`, `make`, `fill` for each table, `finish`, `keep`."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection
        self._tables: dict[str, Table] = {}

    def rows(self) -> dict[str, int]:
        """How many rows are there now, by table; those without any are left out."""
        return _rows(self._connection)

    def empty(self) -> None:
        """Take out everything, tables too. Raises StoreUnavailable for a schema that a newer release made."""
        revision = revision_of(self._connection)
        if revision is None:
            return
        if not knows(revision):
            raise StoreUnavailable(f"{self._database.name} was migrated by a newer release; install that one")
        self._let_the_audit_go()
        for table in reversed(_in_order(_ours(self._connection))):
            self._connection.execute(table.delete())
        self._settle()
        command.downgrade(config_for(self._connection), "base")

    def make(self, revision: str) -> list[str]:
        """Make the schema of a revision; the names of its tables, in the order in which they are to be filled."""
        command.upgrade(config_for(self._connection), revision)
        self._tables = tables_in(self._connection)
        return [table.name for table in _in_order(self._tables.values())]

    def fill(self, name: str, lines: Iterable[bytes]) -> int:
        """Put the lines of a dump into an empty table; how many rows. Raises Refused for what does not fit."""
        table, rest = self._tables[name], iter(lines)
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
        try:
            names = columns_of(next(rest, b""))
            if sorted(names) != sorted(table.c.keys()):
                raise Refused(f"the backup's table {name} has not the columns of its schema")
            rows, number = (row_of(table, names, line) for line in rest), 0
            while some := list(islice(rows, AT_ONCE)):
                self._connection.execute(insert(table), some)
                number += len(some)
        except (ValueError, TypeError, IntegrityError, DataError) as wrong:
            raise Refused(f"the backup's table {name} has a row that does not fit: {_first_line(wrong)}") from None
        self._count_on(table)
        return number

    def finish(self) -> Session:
        """Migrate to this release; a session for what is left to do before it is committed.

        Who was signed in is not any more. Raises Refused where rows refer to others that are not there.
        """
        self._settle()
        command.upgrade(config_for(self._connection), "head")
        session = Session(self._connection)
        for table in (sessions, invitations, idempotent_answers):
            session.execute(table.delete())
        return session

    def keep(self) -> None:
        """All of it, from now on."""
        self._connection.commit()

    def _let_the_audit_go(self) -> None:
        names = inspect(self._connection).get_table_names()
        if "audit" not in names:
            return
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            return
        triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
        for name in self._connection.scalars(triggers).all():
            self._connection.exec_driver_sql(f'DROP TRIGGER "{name}"')

    def _settle(self) -> None:
        """Look at all references now. Raises Refused."""
        try:
            if self._connection.dialect.name == "postgresql":
                # PostgreSQL changes no table that has references to be looked at later.
                self._connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                self._connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
                return
            wrong = self._connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        except IntegrityError as refused:
            raise Refused(f"a row of the backup refers to one that is not there: {_first_line(refused)}") from None
        if wrong is not None:
            raise Refused(f"a row of the backup's table {wrong[0]} refers to one of {wrong[2]} that is not there")

    def _count_on(self, table: Table) -> None:
        """The next row that PostgreSQL numbers comes after those that were put in."""
        if self._connection.dialect.name != "postgresql":
            return
        for column in table.columns:
            if isinstance(column.type, Integer) and "nextval" in str(getattr(column.server_default, "arg", "")):
                last = self._connection.scalar(select(func.max(column)))
                if last is not None:
                    sequence = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
                    self._connection.execute(select(func.setval(sequence, last)))


@contextlib.contextmanager
def replacing(database: Database) -> Iterator[Replacement]:
    """What is done to it within the block is kept by `keep`, or nothing of it. Nobody else writes meanwhile.

    Raises StoreUnavailable.
    """
    try:
        with database.answering(), alone(database) as connection, _unchecked(connection):
            connection.execution_options(writes=True)
            connection.execute(text("SELECT 1"))  # begins: migrations have no transactions of their own then
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
            yield Replacement(database, connection)
    except CommandError as wrong:
        raise StoreUnavailable(f"{database.name} cannot be migrated: {wrong}") from None


@contextlib.contextmanager
def _unchecked(connection: Connection) -> Iterator[None]:
    """SQLite looks at references when a table is dropped, in an order that no plan has: `_settle` does it instead."""
    bare = connection.connection.driver_connection
    if not isinstance(bare, sqlite3.Connection):
        yield
        return
    bare.execute("PRAGMA foreign_keys = OFF").close()
    try:
        yield
    finally:
        connection.rollback()
        bare.execute("PRAGMA foreign_keys = ON").close()


def rows_in(database: Database) -> dict[str, int] | None:
    """How many rows a database holds, by table; None: it has no schema. Raises StoreUnavailable."""
    with database.reading() as session:
        connection = session.connection()
        return None if revision_of(connection) is None else _rows(connection)


def _ours(connection: Connection) -> list[Table]:
    """Those of our tables that are there."""
    there = inspect(connection).get_table_names()
    return [metadata.tables[name] for name in there if name in metadata.tables]


def _rows(connection: Connection) -> dict[str, int]:
    wanted = ((table.name, select(func.count()).select_from(table)) for table in _ours(connection))
    there = {name: connection.scalar(count) or 0 for name, count in wanted}
    return {name: number for name, number in there.items() if number}


def _in_order(tables: Iterable[Table]) -> list[Table]:
    ordered = sort_tables_and_constraints(list(tables))  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here
    return [table for table, _ in ordered if table is not None]


def _first_line(wrong: Exception) -> str:
    return str(getattr(wrong, "orig", None) or wrong).partition("\n")[0]
