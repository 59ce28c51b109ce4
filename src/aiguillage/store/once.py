"""One call, one record: what the service tells of a call as it happens, and what Asterisk's file tells of it later.

Either may come first, or alone. Nothing is written twice, and what the service has decided takes the place of what the
file could only guess. Writers take turns (database.py), so that what is looked up here holds until it is written.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, insert, select
from sqlalchemy.orm import Session

from aiguillage.store import journal
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.tables import call_events, call_files, decisions

_PARTS = {"inbound": "in", "simulated": "in", "outgoing": "out", "internal": "out"}
"""A call that comes in and is then transferred has a decision for either part."""
_ONE_OF_A_LEG = frozenset({"dialled", "answered", "call-ended"})
_ALIKE = frozenset({"step", "verdict", "fallback", "emergency"})
"""Two of these are one where all that is told of them is the same."""

RECOVERED = "recovered"
"""In the trace of a decision: nobody told it; the call was found in Asterisk's file."""

_Identity = tuple[str, ...]


def recovered_id(call: str, kind: str) -> str:
    """The id of a decision about a call of which only the file knows."""
    return f"{call}-{_PARTS[kind]}"


def told(session: Session, decided: Sequence[DecisionRecord], happened: Sequence[EventRecord]) -> Sequence[EventRecord]:
    """Write down what the service tells, as far as the file has not told it already; the events that were new."""
    guessed = [recovered_id(each.call, each.kind) for each in decided if each.kind in _PARTS]
    if guessed:
        session.execute(delete(decisions).where(decisions.c.id.in_(guessed)))
    known = _Known(session, happened)
    new = [each for each in happened if not known.has(each)]
    journal.write(session, decided, new)
    return new


def found(
    session: Session, began: Sequence[DecisionRecord], happened: Sequence[EventRecord]
) -> tuple[Sequence[DecisionRecord], Sequence[EventRecord]]:
    """Write down what the file tells, as far as the service has not; what that was."""
    calls = {each.call for each in began}
    rows = session.execute(select(decisions.c.call, decisions.c.kind).where(decisions.c.call.in_(calls))).all()
    parts = {(row.call, _PARTS.get(row.kind)) for row in rows} if began else set()
    new = {each.id: each for each in began if (each.call, _PARTS[each.kind]) not in parts}
    known, events = _Known(session, happened), []
    for each in happened:
        if not known.has(each):
            known.add(each)
            events.append(known.with_owner(each))
    journal.write(session, [*new.values()], events)
    return [*new.values()], events


class _Known:
    """What the journal has of the calls that events are about."""

    def __init__(self, session: Session, happened: Iterable[EventRecord]) -> None:
        self._has: set[_Identity] = set()
        self._dialled: dict[str, EventRecord] = {}
        calls = {each.call for each in happened if _identity(each) is not None}
        columns = [call_events.c[name] for name in EventRecord.__slots__]
        kept = call_events.c.kind.in_([*_ONE_OF_A_LEG, *_ALIKE])
        for row in session.execute(select(*columns).where(call_events.c.call.in_(calls), kept)) if calls else ():
            self.add(EventRecord(*row))

    def has(self, event: EventRecord) -> bool:
        return _identity(event) in self._has

    def add(self, event: EventRecord) -> None:
        identity = _identity(event)
        if identity is not None:
            self._has.add(identity)
        if event.kind == "dialled" and event.leg:
            self._dialled[event.leg] = event

    def with_owner(self, event: EventRecord) -> EventRecord:
        """Of a leg over a trunk, its number and whose it is were told when it was dialled."""
        dialled = self._dialled.get(event.leg or "")
        if event.kind != "answered" or event.person or dialled is None:
            return event
        return replace(event, person=dialled.person, phone=dialled.phone, detail=dialled.detail)


def _identity(event: EventRecord) -> _Identity | None:
    if event.kind in _ONE_OF_A_LEG:
        return event.call, event.kind, event.leg or ""
    if event.kind in _ALIKE and (event.kind != "step" or "taken" in event.detail):
        return event.call, event.kind, event.leg or "", json.dumps(event.detail, sort_keys=True)
    return None


# --- Calls whose end nobody heard --------------------------------------------------------------------------

INTERRUPTED = "interrupted"
"""In the detail of `call-ended`: when the call really ended is not known."""


def unended(session: Session, since: datetime, before: datetime, prefix: str = "") -> set[str]:
    """Calls that were decided between two instants (aware) and of which no end is known; those whose ids begin so."""
    ended = exists().where(call_events.c.call == decisions.c.call, call_events.c.kind == "call-ended")
    wanted = select(decisions.c.call).where(decisions.c.at >= since, decisions.c.at < before, ~ended)
    if prefix:  # of one node: those of the others are not its to end
        wanted = wanted.where(decisions.c.call.startswith(prefix, autoescape=True))
    return set(session.scalars(wanted))


def interrupted(session: Session, calls: Collection[str], at: datetime) -> Sequence[EventRecord]:
    """Asterisk does not have them any more at `at` (aware); the events that say so."""
    detail = {"cause": "", "cause_text": "", "tech_cause": "", INTERRUPTED: "yes"}
    return found(session, (), [EventRecord(call, at, "call-ended", detail=detail) for call in sorted(calls)])[1]


# --- How far the file has been read ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """`identity`: of a file; `offset`: bytes of it that are in the journal."""

    identity: str
    offset: int
    at: datetime


def offset(session: Session, identity: str) -> int:
    return session.scalar(select(call_files.c.offset).where(_of(identity))) or 0


def set_offset(session: Session, read: Read) -> None:
    session.execute(delete(call_files).where(_of(read.identity)))
    session.execute(insert(call_files), {"identity": read.identity, "offset": read.offset, "at": read.at})


def forget_files(session: Session, before: datetime) -> None:
    """Those that were read before an instant (aware) are removed long since."""
    session.execute(delete(call_files).where(call_files.c.at < before))


def _of(identity: str) -> ColumnElement[bool]:
    return call_files.c.identity == identity
