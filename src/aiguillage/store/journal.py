"""The journal: what was decided for each call, and what then happened to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import desc, insert, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import call_events, decisions


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision with the facts as they were then. `call` is Asterisk's Linkedid; `kind` inbound or simulated."""

    id: str
    call: str
    at: datetime
    kind: str
    caller: str | None
    called: str
    route: str | None
    plan_version: int
    itinerary: list[Any]
    trace: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened to `call`; `leg` is Asterisk's Uniqueid; `person` and `phone` are plan keys."""

    call: str
    at: datetime
    kind: str
    leg: str | None = None
    person: str | None = None
    phone: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def write(session: Session, decided: Sequence[DecisionRecord], happened: Sequence[EventRecord]) -> None:
    """Add both, in their order."""
    if decided:
        session.execute(insert(decisions), [_row(each) for each in decided])
    if happened:
        session.execute(insert(call_events), [_row(each) for each in happened])


def _row(record: DecisionRecord | EventRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def recent(session: Session, limit: int) -> list[DecisionRecord]:
    """The last decisions, the newest first."""
    found = session.execute(select(decisions).order_by(desc(decisions.c.at)).limit(limit)).mappings()
    return [DecisionRecord(**row) for row in found]


def decision_of(session: Session, call: str) -> DecisionRecord | None:
    """The latest decision about a call."""
    wanted = select(decisions).where(decisions.c.call == call).order_by(desc(decisions.c.at)).limit(1)
    found = session.execute(wanted).mappings().first()
    return DecisionRecord(**found) if found else None


def story(session: Session, call: str) -> list[EventRecord]:
    """What happened to a call, in the order in which it was told."""
    columns = [call_events.c[name] for name in EventRecord.__slots__]
    found = session.execute(select(*columns).where(call_events.c.call == call).order_by(call_events.c.id))
    return [EventRecord(**row) for row in found.mappings()]
