"""Read the audit, and verify that nobody has changed it."""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Any

from aiguillage import text_formats
from aiguillage.desk.editing import Editor
from aiguillage.store import audit
from aiguillage.store.audit import AuditEntry, Deed
from aiguillage.store.database import Database


def verify(database: Database) -> tuple[int, str, str | None]:
    """How many entries, the last one's hash, and what is wrong with the first that does not fit, if any."""
    with database.reading() as session:
        return audit.first_fault(session)


def page(database: Database, after: int, limit: int, thing: str | None = None) -> list[AuditEntry]:
    """Entries with a number greater than `after`, in order; of one thing only."""
    with database.reading() as session, closing(audit.entries(session, thing, after)) as found:
        return list(islice(found, limit))


def has_read(database: Database, by: Editor, thing: str, asked: Mapping[str, Any], now: datetime) -> None:
    """Note that somebody reads personal data, many or a whole call: what they asked for, nothing of what they got."""
    with database.writing() as session:
        audit.append(session, now, Deed(by.name, "read", thing, None, asked or None, request=by.request))


def latest(database: Database, most: int, thing: str | None = None) -> list[AuditEntry]:
    """The newest entries, in the order in which it was done; of one thing only."""
    with database.reading() as session:
        return audit.last_changes(session, thing, most)[::-1]


def describe(entry: AuditEntry) -> Mapping[str, Any]:
    """JSON data."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "thing": entry.thing,
        "before": None if entry.before is None else text_formats.read_json(entry.before),
        "after": None if entry.after is None else text_formats.read_json(entry.after),
        "request": entry.request,
        "hash": entry.hash,
    }
