"""The kinds of column that our tables are made of."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept and given back in UTC; SQLite has no time zones of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def key(name: str = "key") -> Column[str]:
    """The document's key of a thing, its identity here too."""
    return Column(name, String, primary_key=True)


def position(*, primary_key: bool = False) -> Column[int]:
    """The place within the document, or within its owner."""
    return Column("position", Integer, primary_key=primary_key, autoincrement=False, nullable=False)


def reference(name: str, target: str, *, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    """A key of another table. Renaming the thing follows it; a draft is checked when it is committed."""
    return Column(
        name,
        String,
        ForeignKey(target, onupdate="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
        primary_key=primary_key,
        index=not primary_key,
    )


def owner(name: str, target: str) -> Column[str]:
    """A key of the thing that the row belongs to and goes with."""
    return Column(
        name,
        String,
        ForeignKey(target, onupdate="CASCADE", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )


def goes_with(columns: list[str], target: list[str]) -> ForeignKeyConstraint:
    """As `owner`, for a key of several columns."""
    return ForeignKeyConstraint(
        columns, target, onupdate="CASCADE", ondelete="CASCADE", deferrable=True, initially="DEFERRED"
    )


def text(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, String, nullable=nullable, **options)
