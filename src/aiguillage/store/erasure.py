"""Everything that is kept of a number or a name, found and taken out.

A number is looked for by its national digits, so in any spelling. Finding reads whole tables: it is done seldom.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, String, Table, cast, delete, false, func, or_, select, update
from sqlalchemy.orm import Session

from aiguillage.store import journal, retention
from aiguillage.store.retention import INBOUND, PSEUDONYM, reduced
from aiguillage.store.tables import (
    audit,
    call_events,
    callbacks,
    contact_numbers,
    contacts,
    decisions,
    idempotent_answers,
    last_outgoing,
    messages,
    plan_versions,
    replaced_drafts,
    webhook_deliveries,
)

_Id = TypeVar("_Id")

AT_ONCE = 500
"""Rows that are written in one go."""
TABLES = (
    *(decisions, call_events, callbacks, last_outgoing, messages, webhook_deliveries),
    *(idempotent_answers, contacts, contact_numbers),
)
"""Those that something is taken out of."""


@dataclass(frozen=True, slots=True)
class Sought:
    """`numbers`: E.164, and the pseudonyms that they have; `digits`: what every spelling of one ends in; `names`: of
    contacts, whole."""

    numbers: frozenset[str]
    digits: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Ids, by table; of calls, those of decisions and of events."""

    decisions: tuple[str, ...]
    events: tuple[int, ...]
    callbacks: tuple[str, ...]
    messages: tuple[str, ...]
    deliveries: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    last_outgoing: tuple[str, ...]

    @property
    def rows(self) -> int:
        return sum(len(getattr(self, name)) for name in self.__slots__)


def parts(ids: Sequence[_Id]) -> Iterator[Sequence[_Id]]:
    """AT_ONCE at most in each."""
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def find(session: Session, sought: Sought) -> Found:
    """What is kept of it, besides the directory."""
    numbered = or_(*(column.in_(sought.numbers) for column in (decisions.c.caller, decisions.c.called)))
    told = _holds((decisions.c.called, decisions.c.itinerary, decisions.c.trace), sought)
    happened = or_(_holds((call_events.c.detail,), sought), _is_line(sought))
    answers = select(idempotent_answers.c.owner, idempotent_answers.c.key)
    answers = answers.where(_holds((idempotent_answers.c.answer,), sought))

    def ids(id_: ColumnElement[str], *columns: ColumnElement[Any]) -> tuple[str, ...]:
        return tuple(session.scalars(select(id_).where(_holds(columns, sought))))

    return Found(
        tuple(session.scalars(select(decisions.c.id).where(or_(numbered, told)))),
        tuple(session.scalars(select(call_events.c.id).where(happened))),
        ids(callbacks.c.id, callbacks.c.number, callbacks.c.name),
        ids(messages.c.id, messages.c.caller, messages.c.caller_name),
        ids(webhook_deliveries.c.id, webhook_deliveries.c.payload),
        tuple((row.owner, row.key) for row in session.execute(answers)),
        ids(last_outgoing.c.number, last_outgoing.c.number),
    )


def _is_line(sought: Sought) -> ColumnElement[bool]:
    """A leg that rings a number under its pseudonym."""
    hidden = [number for number in sought.numbers if number.startswith(PSEUDONYM)]
    return or_(false(), *(cast(call_events.c.detail, String).contains(each, autoescape=True) for each in hidden))


def _holds(columns: Iterable[ColumnElement[Any]], sought: Sought) -> ColumnElement[bool]:
    """A name counts where it is a whole text, or a whole string of JSON, which may be written in ASCII."""
    conditions: list[ColumnElement[bool]] = []
    for column in columns:
        written = cast(column, String)
        conditions += [written.contains(digits, autoescape=True) for digits in sought.digits]
        for name in sought.names:
            spelled = {json.dumps(name), json.dumps(name, ensure_ascii=False)}
            conditions += [written == name, *(written.contains(each, autoescape=True) for each in spelled)]
    return or_(false(), *conditions)


# --- Shown -------------------------------------------------------------------------------------------------


def calls(session: Session, ids: Sequence[str]) -> Iterator[journal.PlacedCall]:
    """The calls among decisions, in order."""
    columns = [decisions.c[name] for name in journal.PlacedCall.__slots__]
    for some in parts(ids):
        wanted = select(*columns).where(decisions.c.id.in_(some), decisions.c.kind != "menu").order_by(decisions.c.at)
        yield from (journal.PlacedCall(**row) for row in session.execute(wanted).mappings())


def rows(session: Session, table: Table, ids: Sequence[Any]) -> list[dict[str, Any]]:
    """As they are, by the table's first column."""
    first = next(iter(table.primary_key))
    return [
        dict(row) for some in parts(ids) for row in session.execute(select(table).where(first.in_(some))).mappings()
    ]


def kept(session: Session, sought: Sought) -> dict[str, int]:
    """How many rows name it that are not taken out: what was published, replaced, and entered in the audit."""
    columns = {"plan versions": plan_versions.c.document, "replaced drafts": replaced_drafts.c.document}
    counted = {name: _holds((column,), sought) for name, column in columns.items()}
    counted["audit entries"] = _holds((audit.c.before, audit.c.after), sought)
    tables = {"plan versions": plan_versions, "replaced drafts": replaced_drafts, "audit entries": audit}
    found = {
        name: session.scalar(select(func.count()).select_from(tables[name]).where(condition)) or 0
        for name, condition in counted.items()
    }
    return {name: number for name, number in found.items() if number}


# --- Taken out ---------------------------------------------------------------------------------------------


def remove_decisions(session: Session, ids: Sequence[str], sought: Sought) -> None:
    """Calls stay, without reasons and with nobody in the place of who is erased."""
    columns = [decisions.c[name] for name in ("id", "kind", "caller", "called", "trace")]
    for row in session.execute(select(*columns).where(decisions.c.id.in_(ids))).all():
        values: dict[str, Any] = {
            "caller": PSEUDONYM if row.caller and _is(row.caller, sought) else row.caller,
            "called": PSEUDONYM if row.kind not in INBOUND and _is(row.called, sought) else row.called,
            "itinerary": [],
            "trace": row.trace if retention.REDUCED in row.trace else reduced(row.trace),
        }
        session.execute(update(decisions).where(decisions.c.id == row.id).values(values))


def remove_lines(session: Session, ids: Sequence[int], sought: Sought) -> None:
    """Events stay, without what names it."""
    for row in session.execute(select(call_events.c.id, call_events.c.detail).where(call_events.c.id.in_(ids))).all():
        detail = {name: PSEUDONYM if _is(str(value), sought) else value for name, value in row.detail.items()}
        session.execute(update(call_events).where(call_events.c.id == row.id).values(detail=detail))


def _is(text: str, sought: Sought) -> bool:
    return text in sought.numbers or text in sought.names or any(digits in text for digits in sought.digits)


def remove_messages(session: Session, ids: Sequence[str]) -> None:
    """The rows of messages that Asterisk does not have any more."""
    for some in parts(ids):
        session.execute(delete(messages).where(messages.c.id.in_(some)))


def remove_rows(session: Session, found: Found) -> None:
    """All but calls and messages, which Asterisk deletes."""
    for column, ids in (
        (callbacks.c.id, found.callbacks),
        (webhook_deliveries.c.id, found.deliveries),
        (last_outgoing.c.number, found.last_outgoing),
    ):
        for some in parts(ids):
            session.execute(delete(column.table).where(column.in_(some)))
    for owner, key in found.answers:
        answer = (idempotent_answers.c.owner == owner) & (idempotent_answers.c.key == key)
        session.execute(delete(idempotent_answers).where(answer))
