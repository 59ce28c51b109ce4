"""The journal: what was decided for each call, and what then happened to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, desc, insert, or_, select
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


def call_of(session: Session, wanted: str) -> str | None:
    """The call that an id of a call, or of a decision about it, means."""
    either = or_(decisions.c.call == wanted, decisions.c.id == wanted)
    return session.scalar(select(decisions.c.call).where(either).limit(1))


def decisions_of(session: Session, call: str) -> list[DecisionRecord]:
    """All decisions about a call, in order."""
    found = session.execute(select(decisions).where(decisions.c.call == call).order_by(decisions.c.at)).mappings()
    return [DecisionRecord(**row) for row in found]


def placed(session: Session, since: datetime) -> Iterator[Any]:
    """Calls since `since` (aware), in order, without what was decided: `at`, `kind`, `caller`, `called`.

    `asked_at`: the time that a simulated call brought (ISO 8601), else None.
    """
    asked_at = case((decisions.c.kind == "simulated", decisions.c.trace["at"].as_string()))
    columns = (decisions.c.at, decisions.c.kind, decisions.c.caller, decisions.c.called, asked_at.label("asked_at"))
    wanted = select(*columns).where(decisions.c.at >= since).order_by(decisions.c.at)
    yield from session.execute(wanted.execution_options(yield_per=10_000))


def story(session: Session, call: str) -> list[EventRecord]:
    """What happened to a call, in the order in which it was told."""
    columns = [call_events.c[name] for name in EventRecord.__slots__]
    found = session.execute(select(*columns).where(call_events.c.call == call).order_by(call_events.c.id))
    return [EventRecord(**row) for row in found.mappings()]
