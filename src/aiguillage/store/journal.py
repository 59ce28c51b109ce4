"""The journal: what was decided for each call, and what then happened to it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, case, desc, func, insert, or_, select, union_all
from sqlalchemy.orm import Session

from aiguillage.routing.trace import in_full
from aiguillage.store.matching import begins_with
from aiguillage.store.tables import call_events, decisions


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision with the facts as they were then. `call` is Asterisk's Linkedid; `kind` inbound or simulated.

    `trace` may be written `in_short` (routing/trace.py); it is read in full.
    """

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


def has_any(session: Session, ids: Collection[str]) -> bool:
    """Whether one of these decisions is written."""
    return session.scalar(select(decisions.c.id).where(decisions.c.id.in_(ids)).limit(1)) is not None


def _row(record: DecisionRecord | EventRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _decision(row: RowMapping) -> DecisionRecord:
    return DecisionRecord(**{**row, "trace": in_full(row["trace"])})


def recent(session: Session, limit: int) -> list[DecisionRecord]:
    """The last decisions, the newest first."""
    found = session.execute(select(decisions).order_by(desc(decisions.c.at)).limit(limit)).mappings()
    return [_decision(row) for row in found]


_IN_ORDER = (call_events.c.at, call_events.c.id)
"""What was heard of late stands where it belongs; of one instant, as it was told."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call as it began: its first decision, without what was decided. `at` is UTC."""

    id: str
    call: str
    at: datetime
    kind: str
    caller: str | None
    called: str
    route: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: between two instants (aware), of numbers that begin so on either side, by a route, of kinds."""

    since: datetime | None = None
    until: datetime | None = None
    number: str = ""
    route: str | None = None
    kinds: tuple[str, ...] = ()


def calls(session: Session, wanted: Wanted, after: tuple[datetime, str] | None, limit: int) -> list[PlacedCall]:
    """The newest first; `after` is `at` and `id` of the last one of the page before."""
    columns = [decisions.c[name] for name in PlacedCall.__slots__]
    found = select(*columns).where(decisions.c.kind != "menu").order_by(desc(decisions.c.at), desc(decisions.c.id))
    if wanted.since is not None:
        found = found.where(decisions.c.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(decisions.c.at < wanted.until)
    if wanted.route is not None:
        found = found.where(decisions.c.route == wanted.route)
    if wanted.kinds:
        found = found.where(decisions.c.kind.in_(wanted.kinds))
    if wanted.number:
        found = found.where(_of_number(session, wanted.number))
    if after is not None:
        at, id_ = after
        found = found.where(decisions.c.at <= at, (decisions.c.at < at) | (decisions.c.id < id_))
    return [PlacedCall(*row) for row in session.execute(found.limit(limit))]


_FEW = 2000
"""So many calls of a number, and fewer, are found by their number; more by their time, which comes to a page sooner."""


def _of_number(session: Session, prefix: str) -> ColumnElement[bool]:
    columns = (decisions.c.caller, decisions.c.called)
    of_caller, of_called = (begins_with(column, prefix) for column in columns)
    ids = union_all(select(decisions.c.id).where(of_caller), select(decisions.c.id).where(of_called)).limit(_FEW + 1)
    found = list(session.scalars(ids))
    if len(found) <= _FEW:
        return decisions.c.id.in_(found)
    return or_(*(begins_with(func.coalesce(column, ""), prefix) for column in columns))  # no index is of that


def ends_of(session: Session, calls: Collection[str]) -> Iterator[EventRecord]:
    """What tells how calls ended: who steered them, who answered, which steps they took, when they ended; in order."""
    columns = [call_events.c[name] for name in EventRecord.__slots__]
    telling = call_events.c.kind.in_(("answered", "step", "fallback", "call-ended"))
    wanted = select(*columns).where(call_events.c.call.in_(calls), telling).order_by(*_IN_ORDER)
    for row in session.execute(wanted):
        yield EventRecord(*row)


def outcome_of(events: Iterable[EventRecord]) -> str | None:
    """How a call ended, from its events in order: `answered`, `voicemail`, `missed`; None while it goes on."""
    told = list(events)
    if any(each.kind == "answered" for each in told):
        return "answered"
    if any(each.kind == "step" and each.detail.get("kind") == "voicemail" for each in told):
        return "voicemail"
    return "missed" if any(each.kind == "call-ended" for each in told) else None


Steering = Literal["service", "timetable", "last-resort"]


def steered_by(events: Iterable[EventRecord]) -> Steering:
    """Who said where a call goes: the service, or Asterisk's own timetable or last resort, without it."""
    found: Steering = "service"
    for each in events:
        if each.kind == "fallback":
            found = "timetable" if each.detail.get("by") == "timetable" else "last-resort"
    return found


def decision_of(session: Session, call: str) -> DecisionRecord | None:
    """The latest decision about a call."""
    wanted = select(decisions).where(decisions.c.call == call).order_by(desc(decisions.c.at)).limit(1)
    found = session.execute(wanted).mappings().first()
    return _decision(found) if found else None


def call_of(session: Session, wanted: str) -> str | None:
    """The call that an id of a call, or of a decision about it, means."""
    either = or_(decisions.c.call == wanted, decisions.c.id == wanted)
    return session.scalar(select(decisions.c.call).where(either).limit(1))


def decisions_of(session: Session, call: str) -> list[DecisionRecord]:
    """All decisions about a call, in order."""
    found = session.execute(select(decisions).where(decisions.c.call == call).order_by(decisions.c.at)).mappings()
    return [_decision(row) for row in found]


def placed(session: Session, since: datetime) -> Iterator[Any]:
    """Calls since `since` (aware), in order, without what was decided: `at`, `kind`, `caller`, `called`.

    `asked_at`: the time that a simulated call brought (ISO 8601), else None.
    """
    asked_at = case((decisions.c.kind == "simulated", decisions.c.trace["at"].as_string()))
    columns = (decisions.c.at, decisions.c.kind, decisions.c.caller, decisions.c.called, asked_at.label("asked_at"))
    wanted = select(*columns).where(decisions.c.at >= since).order_by(decisions.c.at)
    yield from session.execute(wanted.execution_options(yield_per=10_000))


def story(session: Session, call: str) -> list[EventRecord]:
    """What happened to a call, in order."""
    columns = [call_events.c[name] for name in EventRecord.__slots__]
    found = session.execute(select(*columns).where(call_events.c.call == call).order_by(*_IN_ORDER))
    return [EventRecord(**row) for row in found.mappings()]
