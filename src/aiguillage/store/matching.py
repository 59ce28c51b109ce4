"""Conditions that more than one table is searched by."""

from typing import Any

from sqlalchemy import ColumnElement, and_


def begins_with(column: ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """As `LIKE 'prefix%'` for digits, which an index helps with whatever the database's order of letters is."""
    digits = prefix.rstrip("9")
    end = digits[:-1] + str(int(digits[-1]) + 1) if digits[-1:].isdecimal() else None
    if end is None:
        return and_(column >= prefix, column.startswith(prefix, autoescape=True))
    return and_(column >= prefix, column < end)
