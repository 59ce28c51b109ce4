"""Numbers give way to pseudonyms, pseudonyms to counts, on both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from aiguillage.store import journal, memory, retention
from aiguillage.store.database import Database, Session
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.retention import Limits
from aiguillage.store.tables import call_events, callbacks, decisions, last_outgoing, pseudonym_keys

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ANNE, BOB = "+32471000201", "+32471000202"


def call(number: int, at: datetime, **facts: object) -> DecisionRecord:
    given = {
        "id": f"d{number}",
        "call": f"c{number}",
        "at": at,
        "kind": "inbound",
        "caller": ANNE,
        "called": "+3271000001",
        "route": "shop",
        "plan_version": 1,
        "itinerary": [{"kind": "ring", "legs": [{"number": ANNE}]}],
        "trace": {"at": at.isoformat(), "caller": {"name": "Anne", "number": ANNE, "category": "president"}},
        **facts,
    }
    return DecisionRecord(**given)  # type: ignore[arg-type]


def keep(database: Database, decided: list[DecisionRecord], happened: list[EventRecord] | None = None) -> None:
    with database.writing() as session:
        journal.write(session, decided, happened or [])


def until_done(database: Database, step: Callable[[Session], int]) -> list[int]:
    """How many each step treated; the last treats none."""
    numbers: list[int] = []
    while not numbers or numbers[-1]:
        with database.writing() as session:
            numbers.append(step(session))
    return numbers


def decided(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return {row.id: row for row in session.execute(select(decisions).order_by(decisions.c.at))}


# --- pseudonyms ---


def test_a_number_gives_way_to_a_pseudonym_that_is_the_same_within_a_month(database: Database) -> None:
    old = datetime(2026, 7, 20, 9, tzinfo=UTC)
    keep(database, [call(1, old), call(2, old + DAY), call(3, old + DAY, caller=BOB), call(4, old + 20 * DAY)])
    keep(database, [call(5, NOON), call(6, old + 2 * DAY, caller=None)])
    assert until_done(database, lambda session: retention.hide_numbers(session, NOON - DAY, 2)) == [2, 2, 1, 0]
    found = decided(database)
    anne, again, bob, august, recent, withheld = (found[f"d{number}"].caller for number in range(1, 7))
    assert anne == again
    assert len({anne, bob, august}) == 3
    assert all(each.startswith("~") and len(each) == 17 for each in (anne, bob, august))
    assert (recent, withheld) == (ANNE, None)
    assert found["d5"].itinerary
    assert found["d1"].itinerary == []
    assert found["d1"].trace == {"reduced": True, "at": old.isoformat(), "category": "president"}
    assert {found[f"d{number}"].called for number in range(1, 7)} == {"+3271000001"}


@pytest.mark.parametrize(
    "kind, caller, called, kept",
    [
        ("outgoing", "claire", ANNE, False),
        ("outgoing", "claire", "112", True),
        ("internal", "desk-claire", "0475123456", False),
        ("internal", "desk-claire", "201", True),
        ("code", "claire", "*21*0475123456", False),
        ("code", "claire", "*78", True),
        ("click-to-call", "claire", ANNE, False),
    ],
)
def test_of_what_our_own_phones_dial_only_short_numbers_stay(
    kind: str, caller: str, called: str, kept: bool, database: Database
) -> None:
    keep(database, [call(1, NOON - 100 * DAY, kind=kind, caller=caller, called=called)])
    until_done(database, lambda session: retention.hide_numbers(session, NOON, 10))
    found = decided(database)["d1"]
    assert found.caller == caller
    assert found.called == called if kept else found.called.startswith("~")


def test_what_happened_loses_its_numbers_too_and_keeps_its_people(database: Database) -> None:
    old = NOON - 100 * DAY
    happened = [
        EventRecord("c1", old, "ringing", "leg", None, None, {"line": ANNE}),
        EventRecord("c1", old, "leg-ended", "leg", "claire", "desk", {"line": "claire", "tech_cause": "SIP 486"}),
        EventRecord("c2", NOON, "ringing", "leg", None, None, {"line": BOB}),
    ]
    keep(database, [call(1, old)], happened)
    until_done(database, lambda session: retention.hide_numbers(session, NOON - DAY, 10))
    assert until_done(database, lambda session: retention.hide_lines(session, NOON - DAY, 1)) == [1, 1, 0]
    with database.reading() as session:
        details = list(session.scalars(select(call_events.c.detail).order_by(call_events.c.id)))
    assert details[0] == {"line": decided(database)["d1"].caller}
    assert details[1:] == [each.detail for each in happened[1:]]


def test_the_key_of_a_month_is_destroyed_once_all_of_it_is_treated(database: Database) -> None:
    july, august = datetime(2026, 7, 31, 9, tzinfo=UTC), datetime(2026, 8, 1, 9, tzinfo=UTC)
    keep(database, [call(1, july), call(2, august)], [EventRecord("c1", july, "x"), EventRecord("c2", august, "x")])

    def treat(before: datetime) -> list[str]:
        until_done(database, lambda session: retention.hide_numbers(session, before, 10))
        until_done(database, lambda session: retention.hide_lines(session, before, 10))
        with database.writing() as session:
            retention.forget_keys(session)
            return list(session.scalars(select(pseudonym_keys.c.month).order_by(pseudonym_keys.c.month)))

    assert treat(august - timedelta(hours=1)) == ["2026-07"]
    with database.reading() as session:
        assert retention.pseudonyms_of(session, ANNE) == [decided(database)["d1"].caller]
    assert treat(august + DAY) == ["2026-08"]
    with database.reading() as session:
        assert retention.pseudonyms_of(session, ANNE) == [decided(database)["d2"].caller]


# --- counts ---


def test_old_calls_become_counts_by_day_route_kind_and_outcome(database: Database) -> None:
    old = datetime(2025, 10, 5, 22, 30, tzinfo=UTC)  # half past midnight of the next day in Brussels
    keep(
        database,
        [
            *(call(number, old + number * timedelta(seconds=1)) for number in range(1, 6)),
            call(6, old, kind="menu", call="c1"),
            call(7, old, route=None, kind="outgoing"),
            call(8, NOON),
        ],
        [
            EventRecord("c1", old, "answered", None, "claire"),
            EventRecord("c2", old, "step", detail={"kind": "voicemail", "outcome": ""}),
            EventRecord("c3", old, "call-ended"),
            EventRecord("c4", old, "call-ended"),
            EventRecord("unknown", old, "fallback", detail={"reason": "refused"}),
            EventRecord("c8", NOON, "answered", None, "claire"),
        ],
    )

    def day_of(at: datetime) -> date:
        return (at + timedelta(hours=2)).date()

    numbers = until_done(database, lambda session: retention.count_calls(session, NOON - DAY, 3, day_of))
    assert sum(numbers) == 7
    assert until_done(database, lambda session: retention.remove_events(session, NOON - DAY, 10)) == [1, 0]
    day = date(2025, 10, 6)
    with database.reading() as session:
        assert retention.counts(session) == [
            (day, "", "outgoing", "unknown", 1),
            (day, "shop", "inbound", "answered", 1),
            (day, "shop", "inbound", "missed", 2),
            (day, "shop", "inbound", "unknown", 1),
            (day, "shop", "inbound", "voicemail", 1),
        ]
        assert list(session.scalars(select(call_events.c.call))) == ["c8"]
    assert list(decided(database)) == ["d8"]


# --- the rest ---


def test_what_is_over_is_taken_out_and_what_is_open_stays(database: Database) -> None:
    asked = {"queue": "reception", "name": "Anne", "number": ANNE, "call": "c", "waiting_since": NOON}
    with database.writing() as session:
        memory.write(session, [], [memory.CalledOut(ANNE, "claire", "claire", NOON - 91 * DAY, date(2026, 8, 25))])
        memory.write(session, [], [memory.CalledOut(BOB, "claire", "claire", NOON - DAY, date(2026, 11, 23))])
        for key, done in (("old", NOON - 91 * DAY), ("recent", NOON - DAY), ("open", None)):
            row = {"id": key, "asked_at": NOON - 92 * DAY, "done_at": done, **asked}
            session.execute(insert(callbacks), row)
        limits = Limits(NOON, NOON - 90 * DAY, NOON - 396 * DAY)
        assert retention.remove_rest(session, limits) == 3
        assert set(session.scalars(select(callbacks.c.id))) == {"recent", "open"}
        assert list(session.scalars(select(last_outgoing.c.number))) == [BOB]


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists)))
def test_nothing_of_a_trace_is_kept_but_when_and_what_kind(trace: dict[str, Any]) -> None:
    assert retention.reduced(trace).keys() <= {"reduced", "at", "category"}
