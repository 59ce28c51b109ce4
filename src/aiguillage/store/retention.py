"""How long calls are kept as what: with numbers, under pseudonyms, as counts.

Each function treats some rows, the oldest first, in a writing session of the caller's, so that calls are written down
between one and the next. A row of the table `retention` says how far each has come.
"""

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from aiguillage.store import idempotency, journal, webhooks
from aiguillage.store.tables import (
    call_counts,
    call_events,
    callbacks,
    decisions,
    idempotent_answers,
    last_outgoing,
    login_failures,
    outgoing_counts,
    pseudonym_keys,
    retention,
)

REDUCED = "reduced"
"""In the trace of a decision: it holds no names and no numbers any more."""
PSEUDONYM = "~"
"""What pseudonyms begin with; alone it is somebody who was erased."""

_DECISIONS, _EVENTS = "numbers of decisions", "numbers of events"
_NUMBER = re.compile(r"\+\d{7,15}")
_LONG = re.compile(r"\d{7,}")
"""What is dialled and has so many digits is no extension, no short number and no code without a number in it."""


def reduced(trace: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a decision's reasons: when, and what kind of caller it was."""
    caller = trace.get("caller")
    category = caller.get("category") if isinstance(caller, Mapping) else None
    kept = {"at": trace.get("at"), "category": category}
    return {REDUCED: True, **{name: value for name, value in kept.items() if value is not None}}


# --- Numbers -> pseudonyms ---------------------------------------------------------------------------------


def hide_numbers(session: Session, before: datetime, most: int) -> int:
    """Put pseudonyms in place of outside numbers in what was decided before an instant; how many decisions there were.

    Our own numbers, extensions and emergency numbers stay. The same number has the same pseudonym within a month.
    """
    columns = [decisions.c[name] for name in ("id", "at", "kind", "caller", "called", "trace")]
    wanted = select(*columns).where(decisions.c.at < before).order_by(decisions.c.at, decisions.c.id).limit(most)
    if (mark := _mark(session, _DECISIONS)) is not None:
        at, id_ = mark
        wanted = wanted.where(decisions.c.at >= at, (decisions.c.at > at) | (decisions.c.id > id_))
    rows = session.execute(wanted).all()
    if rows:
        names = _Pseudonyms(session)
        changes = [
            {
                "of": row.id,
                "caller": names.of(row.caller, row.at),
                "called": row.called if row.kind in INBOUND else names.of_dialled(row.called, row.at),
                "itinerary": [],
                "trace": reduced(row.trace),
            }
            for row in rows
        ]
        _update(session, decisions, changes)
        _set_mark(session, _DECISIONS, rows[-1].at, rows[-1].id)
    return len(rows)


INBOUND = frozenset({"inbound", "menu", "simulated"})
"""The kinds of calls that come in: what they dial is a number of ours."""


def hide_lines(session: Session, before: datetime, most: int) -> int:
    """The same for what happened to calls; how many events there were."""
    mark = _mark(session, _EVENTS)
    wanted = select(call_events.c.id, call_events.c.at, call_events.c.detail).order_by(call_events.c.id).limit(most)
    found = session.execute(wanted.where(call_events.c.id > (int(mark[1]) if mark else 0)))
    rows = list(takewhile(lambda row: row.at < before, found))
    if rows:
        names = _Pseudonyms(session)
        with_line = [row for row in rows if "line" in row.detail]
        hidden = [{"of": row.id, "detail": names.in_detail(row.detail, row.at)} for row in with_line]
        _update(session, call_events, hidden)
        _set_mark(session, _EVENTS, rows[-1].at, str(rows[-1].id))
    return len(rows)


def forget_keys(session: Session) -> int:
    """Destroy the keys of months of which nothing is left to be treated: nobody finds a number from its pseudonym then.

    How many there were.
    """
    marks = [_mark(session, purpose) for purpose in (_DECISIONS, _EVENTS)]
    if not all(marks):
        return 0
    treated = min(_month(mark[0]) for mark in marks if mark)
    gone = delete(pseudonym_keys).where(pseudonym_keys.c.month < treated).returning(pseudonym_keys.c.month)
    return len(session.execute(gone).all())


def pseudonyms_of(session: Session, number: str) -> list[str]:
    """Those that a number has in the months whose keys are not destroyed yet."""
    return [_pseudonym(secret, number) for secret in session.scalars(select(pseudonym_keys.c.secret))]


class _Pseudonyms:
    """Makes a month's key when it is first needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys: dict[str, str] = {row.month: row.secret for row in session.execute(select(pseudonym_keys))}

    def of(self, number: str | None, at: datetime) -> str | None:
        """What is no outside number stays: a person's key, a phone."""
        if number is None or not _NUMBER.fullmatch(number):
            return number
        return _pseudonym(self._key(_month(at)), number)

    def of_dialled(self, text: str, at: datetime) -> str:
        """Of a code with a number in it, nothing stays."""
        hidden = self.of(text, at) or ""
        return PSEUDONYM if hidden == text and _LONG.search(text) else hidden

    def in_detail(self, detail: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        return {name: self.of(value, at) if name == "line" else value for name, value in detail.items()}

    def _key(self, month: str) -> str:
        if month not in self._keys:
            self._keys[month] = secrets.token_hex(32)
            self._session.execute(insert(pseudonym_keys), {"month": month, "secret": self._keys[month]})
        return self._keys[month]


def _pseudonym(secret: str, number: str) -> str:
    return PSEUDONYM + hmac.new(bytes.fromhex(secret), number.encode(), hashlib.sha256).hexdigest()[:16]


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


# --- Calls -> counts ---------------------------------------------------------------------------------------


def count_calls(session: Session, before: datetime, most: int, day_of: Callable[[datetime], date]) -> int:
    """Take out calls that were decided before an instant and count them by day, route, kind and outcome.

    How many decisions about them there were. `day_of` is the organisation's calendar.
    """
    old = select(decisions.c.call).where(decisions.c.at < before).order_by(decisions.c.at).limit(most)
    calls = set(session.scalars(old))
    columns = [decisions.c[name] for name in ("call", "at", "kind", "route")]
    decided = session.execute(select(*columns).where(decisions.c.call.in_(calls))).all()
    told: dict[str, list[journal.EventRecord]] = {call: [] for call in calls}
    for event in journal.ends_of(session, calls):
        told[event.call].append(event)
    counts = Counter(
        (day_of(row.at), row.route or "", row.kind, journal.outcome_of(told[row.call]) or "unknown")
        for row in decided
        if row.kind != "menu"
    )
    for key, number in counts.items():
        _count(session, dict(zip(("day", "route", "kind", "outcome"), key, strict=True)), number)
    session.execute(delete(call_events).where(call_events.c.call.in_(calls)))
    session.execute(delete(decisions).where(decisions.c.call.in_(calls)))
    return len(decided)


def _count(session: Session, of: Mapping[str, Any], number: int) -> None:
    mine = [call_counts.c[name] == value for name, value in of.items()]
    if session.scalar(select(call_counts.c.calls).where(*mine)) is None:
        session.execute(insert(call_counts), {**of, "calls": number})
    else:
        session.execute(update(call_counts).where(*mine).values(calls=call_counts.c.calls + number))


def counts(session: Session) -> list[tuple[date, str, str, str, int]]:
    """Day, route, kind, outcome, calls; in their order."""
    columns = [call_counts.c[name] for name in ("day", "route", "kind", "outcome", "calls")]
    return [tuple(row) for row in session.execute(select(*columns).order_by(*columns[:4]))]


def remove_events(session: Session, before: datetime, most: int) -> int:
    """Take out what happened, before an instant, to calls about which nothing was decided; how many events."""
    oldest = session.execute(select(call_events.c.id, call_events.c.at).order_by(call_events.c.id).limit(most))
    old = [row.id for row in takewhile(lambda row: row.at < before, oldest)]
    if old:
        session.execute(delete(call_events).where(call_events.c.id.in_(old)))
    return len(old)


# --- What is over ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """Nothing that is older than these instants (aware) is kept: `numbers` of callers, `calls`; `now` is now."""

    now: datetime
    numbers: datetime
    calls: datetime


_DELIVERED = timedelta(days=30)
_ATTEMPTS = timedelta(days=30)


def remove_rest(session: Session, limits: Limits) -> int:
    """Take out what else names callers and is over; how many rows there were."""
    finished = callbacks.c.done_at < limits.numbers
    over: Iterable[tuple[Table, ColumnElement[bool]]] = (
        (last_outgoing, last_outgoing.c.at < limits.numbers),
        (outgoing_counts, outgoing_counts.c.day < limits.numbers.date()),
        (callbacks, or_(finished, callbacks.c.asked_at < limits.calls)),
        (idempotent_answers, idempotent_answers.c.asked_at < limits.now - idempotency.KEPT),
        (login_failures, login_failures.c.at < limits.now - _ATTEMPTS),
    )
    gone = webhooks.forget(session, limits.now - min(_DELIVERED, limits.now - limits.numbers))
    for table, condition in over:
        gone += session.scalar(select(func.count()).select_from(table).where(condition)) or 0
        session.execute(delete(table).where(condition))
    return gone


# --- How far it has come -----------------------------------------------------------------------------------


def last_pass(session: Session) -> datetime | None:
    """When all of it was last done; None: never."""
    mark = _mark(session, "pass")
    return mark[0] if mark else None


def passed(session: Session, at: datetime) -> None:
    """All of it was done at `at` (aware)."""
    _set_mark(session, "pass", at, "")


def _mark(session: Session, purpose: str) -> tuple[datetime, str] | None:
    found = session.execute(select(retention).where(retention.c.purpose == purpose)).first()
    return (found.at, found.row) if found else None


def _set_mark(session: Session, purpose: str, at: datetime, row: str) -> None:
    session.execute(delete(retention).where(retention.c.purpose == purpose))
    session.execute(insert(retention), {"purpose": purpose, "at": at, "row": row})


def _update(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """`of` is the id of each."""
    if rows:
        names = [name for name in rows[0] if name != "of"]
        change = (
            update(table)
            .where(table.c.id == bindparam("of"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        given = [{"of": row["of"], **{f"new_{name}": row[name] for name in names}} for row in rows]
        session.connection().execute(change, given)
