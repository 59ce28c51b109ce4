"""Pages of long lists: a limit, and a cursor that says after what the next page begins."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query

from aiguillage.admin.requests import Invalid

Limit = Annotated[int, Query(ge=1, le=500, description="So many, at most.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]


def cursor_of(*place: str | int | datetime) -> str:
    """For the `next` of a page: where it ends."""
    told = [each.isoformat() if isinstance(each, datetime) else each for each in place]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def place_of(cursor: str | None, *kinds: type) -> Any:
    """What `cursor_of` was given: a tuple of values of these kinds; None without a cursor. Raises Invalid."""
    if cursor is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if isinstance(found, list) and len(found) == len(kinds):
            return tuple(_value(each, kind) for each, kind in zip(found, kinds, strict=True))
    except (ValueError, RecursionError):
        pass
    raise Invalid([("query.cursor", "is none of this list; take it from `next` of the page before")])


def _value(each: Any, kind: type) -> Any:
    """Raises ValueError for one that no page of ours had."""
    if kind is datetime and isinstance(each, str):
        found = datetime.fromisoformat(each)
        if found.tzinfo is not None:
            return found
    elif type(each) is kind and "\0" not in str(each) and (not isinstance(each, int) or abs(each) < 2**31):
        str(each).encode()  # a lone surrogate is no text that a database takes
        return each
    raise ValueError
