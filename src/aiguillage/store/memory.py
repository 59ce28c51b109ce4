"""What calls leave behind for later calls: turns of rotary groups, whom we called last, calls a phone placed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, insert, select, update
from sqlalchemy.orm import Session

from aiguillage.store.tables import call_events, last_outgoing, outgoing_counts, turns


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """A rotary group was rung for one more call."""

    ring_group: str


@dataclass(frozen=True, slots=True)
class CalledOut:
    """`person` (None: a phone of nobody) called `number` from `endpoint`; `day` is on the organisation's calendar."""

    number: str
    person: str | None
    endpoint: str
    at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Remembered:
    """`called`: number -> who of us called it last, and when. `placed`: (endpoint, day) -> outside calls.

    `answered`: when each person last took a call.
    """

    turns: Mapping[str, int]
    called: Mapping[str, tuple[str, datetime]]
    placed: Mapping[tuple[str, date], int]
    answered: Mapping[str, datetime]


def write(session: Session, taken: Iterable[TurnTaken], called: Iterable[CalledOut]) -> None:
    """Add what has happened, in its order, in a writing session."""
    for group, number in Counter(each.ring_group for each in taken).items():
        _add(session, turns, turns.c.ring_group == group, {"ring_group": group, "turn": number})
    for each in called:
        mine = (outgoing_counts.c.endpoint == each.endpoint) & (outgoing_counts.c.day == each.day)
        _add(session, outgoing_counts, mine, {"endpoint": each.endpoint, "day": each.day, "calls": 1})
        if each.person is not None:
            _set_last(session, each.number, {"person": each.person, "at": each.at})


def called(session: Session) -> set[str]:
    """The numbers of which it is known who called them last."""
    return set(session.scalars(select(last_outgoing.c.number)))


@dataclass(frozen=True, slots=True)
class Since:
    """How far events were read, and from when on calls out are."""

    event: int
    called: datetime


def recent(session: Session, day: date, since: Since) -> tuple[Remembered, int]:
    """What may have changed since, whoever wrote it: all turns, counts of the days from `day`; and the last event."""
    answered = (
        select(call_events.c.person, func.max(call_events.c.at).label("at"))
        .where(call_events.c.id > since.event, call_events.c.kind == "answered", call_events.c.person.is_not(None))
        .group_by(call_events.c.person)
    )
    calls = select(last_outgoing).where(last_outgoing.c.at >= since.called)
    return _remembered(session, day, calls, answered), last_event(session)


def last_event(session: Session) -> int:
    """The newest number; writers take turns, so none below it is still to come."""
    return session.scalar(select(func.max(call_events.c.id))) or 0


def _add(session: Session, table: Table, mine: ColumnElement[bool], row: dict[str, object]) -> None:
    """The last column of `row` is a count."""
    column = table.c[list(row)[-1]]
    if session.scalar(select(column).where(mine)) is None:
        session.execute(insert(table), row)
    else:
        session.execute(update(table).where(mine).values({column: column + row[column.name]}))


def _set_last(session: Session, number: str, values: dict[str, object]) -> None:
    mine = last_outgoing.c.number == number
    if session.scalar(select(last_outgoing.c.number).where(mine)) is None:
        session.execute(insert(last_outgoing), {"number": number, **values})
    else:
        session.execute(update(last_outgoing).where(mine).values(values))


def load(session: Session, since: date) -> Remembered:
    """All of it; counts of the days from `since` only."""
    answered = (
        select(call_events.c.person, func.max(call_events.c.at).label("at"))
        .where(call_events.c.kind == "answered", call_events.c.person.is_not(None))
        .group_by(call_events.c.person)
    )
    return _remembered(session, since, select(last_outgoing), answered)


def _remembered(session: Session, day: date, called: Select[Any], answered: Select[Any]) -> Remembered:
    placed = select(outgoing_counts).where(outgoing_counts.c.day >= day)
    return Remembered(
        turns={row.ring_group: row.turn for row in session.execute(select(turns))},
        called={row.number: (row.person, row.at) for row in session.execute(called)},
        placed={(row.endpoint, row.day): row.calls for row in session.execute(placed)},
        answered={row.person: row.at for row in session.execute(answered)},
    )
