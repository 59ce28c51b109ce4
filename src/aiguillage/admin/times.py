"""Instants and days as RFC 3339 writes them, and nothing else: pydantic alone also takes numbers for seconds."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_WITH_OFFSET = re.compile(r".*([Zz]|[+-][0-9]{2}:[0-9]{2})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written(value: Any) -> Any:
    if value is not None and not isinstance(value, datetime) and not _matches(_INSTANT, value):
        raise ValueError("write an instant as in 2026-11-23T15:00:00+01:00")
    return value


def _with_offset(value: Any) -> Any:
    if value is not None and not isinstance(value, datetime) and not _matches(_WITH_OFFSET, _written(value)):
        raise ValueError("write the offset too, as in 2026-11-23T15:00:00+01:00")
    return value


def _day(value: Any) -> Any:
    if value is not None and not isinstance(value, date) and not _matches(_DAY, value):
        raise ValueError("write a day as in 2026-11-23")
    return value


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


LocalInstant = Annotated[datetime, BeforeValidator(_written)]
"""Without an offset it is on the organisation's clock."""
Instant = Annotated[datetime, BeforeValidator(_with_offset)]
"""Aware."""
Day = Annotated[date, BeforeValidator(_day)]
