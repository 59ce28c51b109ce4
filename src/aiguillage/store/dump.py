"""All rows of a database as lines of JSON, the same for SQLite and PostgreSQL.

A table is taken as the database has it, not as the code names it: so a database of an older release can be dumped. Its
first line lists the columns, each other line is a row in their order: instants in UTC and dates as ISO 8601, JSON
columns as the text that is kept, everything else as JSON has it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Column, Connection, Date, DateTime, MetaData, Table, Text, cast, select

from aiguillage.errors import StoreUnavailable
from aiguillage.store.database import Database

VERSION_TABLE = "alembic_version"
AT_ONCE = 1000
"""Rows that are held in memory."""


@dataclass(frozen=True, slots=True)
class Dump:
    """`schema` is the revision that all of it has; `tables` by name."""

    schema: str
    connection: Connection
    tables: dict[str, Table]

    def lines(self, name: str) -> Iterator[str]:
        """The columns, then a line for each row, in the order of the primary key; without line ends."""
        table = self.tables[name]
        yield json.dumps([column.name for column in table.columns])
        wanted = select(*(_read(column) for column in table.columns)).order_by(*table.primary_key)
        with self.connection.execute(wanted.execution_options(yield_per=AT_ONCE)) as found:
            for row in found:
                yield json.dumps([_written(value) for value in row], ensure_ascii=False, separators=(",", ":"))


@contextmanager
def dump(database: Database) -> Iterator[Dump]:
    """One state of the whole database, while others write. Raises StoreUnavailable, also without a schema."""
    with database.reading() as session:
        connection = session.connection()
        schema = revision_of(connection)
        if schema is None:
            raise StoreUnavailable(f"{database.name} has no schema yet; run: aiguillage migrate")
        yield Dump(schema, connection, tables_in(connection))


def revision_of(connection: Connection) -> str | None:
    """The schema that a database has; None: none."""
    return MigrationContext.configure(connection).get_current_revision()


def tables_in(connection: Connection) -> dict[str, Table]:
    """As the database describes them, by name."""
    found = MetaData()
    found.reflect(connection)
    return {name: found.tables[name] for name in sorted(found.tables) if name != VERSION_TABLE}


def _read(column: Column[Any]) -> Any:
    # The text itself: only so are JSON's null and no value told apart.
    return cast(column, Text) if isinstance(column.type, JSON) else column


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case _:
            return value


# --- Back --------------------------------------------------------------------------------------------------


def columns_of(line: bytes) -> list[str]:
    """The first line of a table. Raises ValueError or TypeError."""
    found = json.loads(line)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TypeError("no list of columns")
    return found


def row_of(table: Table, names: list[str], line: bytes) -> dict[str, Any]:
    """What `insert` takes, from a line. Raises ValueError or TypeError for what is none of ours."""
    values = json.loads(line)
    if not isinstance(values, list):
        raise TypeError("a row is no list")
    return {name: _value(table.c[name], value) for name, value in zip(names, values, strict=True)}


def _value(column: Column[Any], value: Any) -> Any:
    kind = column.type
    if value is None:
        return None
    if isinstance(kind, JSON):
        return _json(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if not isinstance(value, bool if isinstance(kind, Boolean) else column.type.python_type):
        raise TypeError(f"{column.name} is no {kind}")
    return value


def _json(text: str) -> Any:
    found = json.loads(text)
    return JSON.NULL if found is None else found
