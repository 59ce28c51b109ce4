"""The audit: who did what, when, append-only, each entry chained to the one before by its hash."""

import hashlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import desc, insert, select
from sqlalchemy.orm import Session

from aiguillage import text_formats
from aiguillage.store.tables import audit

BEGINNING = ""
"""What the first entry follows."""
_HASHED = ("number", "at", "actor", "action", "thing", "before", "after", "revision", "request", "previous")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`thing` is what was changed, as `people/claire`; `before` and `after` are canonical JSON, None where there was or
    is nothing; `revision` is the thing's ETag afterwards; `request` the id of the HTTP request. `at` is UTC.

    `hash` is the SHA-256 of all other fields, `previous` the hash of the entry before.
    """

    number: int
    at: datetime
    actor: str
    action: str
    thing: str
    before: str | None
    after: str | None
    revision: str | None
    request: str | None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody does to a thing; `before` and `after` are JSON data without personal data of callers."""

    actor: str
    action: str
    thing: str
    before: Any = None
    after: Any = None
    revision: str | None = None
    request: str | None = None


def append(session: Session, at: datetime, deed: Deed) -> AuditEntry:
    """Add an entry, in the writing session of the deed itself: both are kept, or neither. `at` is aware."""
    last = session.execute(select(audit.c.number, audit.c.hash).order_by(desc(audit.c.number)).limit(1)).first()
    row: dict[str, Any] = {
        "number": last.number + 1 if last else 1,
        "at": at.astimezone(UTC),
        "actor": deed.actor,
        "action": deed.action,
        "thing": deed.thing,
        "before": None if deed.before is None else text_formats.write_json(deed.before),
        "after": None if deed.after is None else text_formats.write_json(deed.after),
        "revision": deed.revision,
        "request": deed.request,
        "previous": last.hash if last else BEGINNING,
    }
    entry = AuditEntry(**row, hash=_hash(row))
    session.execute(insert(audit), {name: getattr(entry, name) for name in AuditEntry.__slots__})
    return entry


def _hash(row: dict[str, Any]) -> str:
    said = {name: row[name].isoformat() if name == "at" else row[name] for name in _HASHED}
    return hashlib.sha256(text_formats.write_json(said).encode()).hexdigest()


def entries(session: Session, thing: str | None = None, after: int = 0) -> Generator[AuditEntry]:
    """Those after a number, in order; of one thing only."""
    wanted = select(audit).where(audit.c.number > after).order_by(audit.c.number)
    if thing is not None:
        wanted = wanted.where(audit.c.thing == thing)
    with session.execute(wanted.execution_options(yield_per=1000)) as found:
        for row in found.mappings():
            yield AuditEntry(**row)


def last_changes(session: Session, thing: str | None, most: int) -> list[AuditEntry]:
    """Of a thing, or of all, the newest first."""
    wanted = select(audit).order_by(desc(audit.c.number)).limit(most)
    if thing is not None:
        wanted = wanted.where(audit.c.thing == thing)
    return [AuditEntry(**row) for row in session.execute(wanted).mappings()]


def first_fault(session: Session) -> tuple[int, str, str | None]:
    """The number of entries, the hash of the last, and what is wrong with the first one that does not fit, if any.

    Entries that were cut off at the end leave a chain that fits: keep the last hash elsewhere to notice that.
    """
    number, previous = 0, BEGINNING
    with closing(entries(session)) as found:
        for entry in found:
            row = {name: getattr(entry, name) for name in _HASHED}
            if entry.number != number + 1:
                return number, previous, f"entry {number + 1} is missing"
            if entry.previous != previous or entry.hash != _hash(row):
                return number, previous, f"entry {entry.number} was changed after it was written"
            number, previous = entry.number, entry.hash
    return number, previous, None
