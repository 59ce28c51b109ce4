"""One call has one record, whoever tells of it, in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from aiguillage.store import journal, once
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord, EventRecord

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CALL, LEG, GSM = "17.1", "17.2", "17.3"
DECIDED = DecisionRecord("d1", CALL, NOON, "inbound", "+32471000201", "+3271000001", "all", 1, [], {"at": "then"})
GUESSED = replace(DECIDED, id=once.recovered_id(CALL, "inbound"), route=None, trace={once.RECOVERED: True})
STEP = {"decision": "d1", "step": "1", "kind": "ring", "taken": "1", "outcome": ""}
CAUSE = {"cause": "16", "cause_text": "", "tech_cause": ""}


def event(kind: str, second: int, leg: str | None = None, /, **detail: str) -> EventRecord:
    person = "claire" if leg and detail.get("line") != "operator" else None
    return EventRecord(CALL, NOON + second * SECOND, kind, leg, person, "desk" if person else None, detail)


BY_SERVICE = [
    event("step", 1, **STEP),
    event("dialled", 2, LEG, line="claire"),
    event("ringing", 3, LEG, line="claire"),
    event("answered", 5, LEG, line="claire"),
    event("call-ended", 9, cause="16", cause_text="Normal Clearing", tech_cause=""),
]
BY_FILE = [event("step", 1, **STEP), event("answered", 5, LEG, line="claire"), event("call-ended", 9, **CAUSE)]


def story(database: Database, call: str = CALL) -> list[str]:
    with database.reading() as session:
        return [each.kind for each in journal.story(session, call)]


def decisions(database: Database) -> list[str]:
    with database.reading() as session:
        return [each.id for each in journal.decisions_of(session, CALL)]


@pytest.mark.parametrize("order", [*permutations(("decision", "events", "file", "file"))])
def test_told_by_both_in_any_order(database: Database, order: tuple[str, ...]) -> None:
    for each in order:
        with database.writing() as session:
            if each == "file":
                once.found(session, [GUESSED], BY_FILE)
            else:
                once.told(session, [DECIDED] if each == "decision" else [], BY_SERVICE if each == "events" else [])
    assert decisions(database) == ["d1"]
    assert story(database) == ["step", "dialled", "ringing", "answered", "call-ended"]


def test_what_only_the_file_tells_is_all_that_is_known(database: Database) -> None:
    for _ in range(2):
        with database.writing() as session:
            once.found(session, [GUESSED], BY_FILE)
    assert decisions(database) == [GUESSED.id]
    assert story(database) == ["step", "answered", "call-ended"]


def test_what_was_new_is_told_once(database: Database) -> None:
    with database.writing() as session:
        assert once.told(session, [DECIDED], BY_SERVICE[:3]) == BY_SERVICE[:3]
        began, events = once.found(session, [GUESSED], BY_FILE)
        assert ([*began], [*events]) == ([], BY_FILE[1:])
        assert [*once.told(session, [], BY_SERVICE[3:])] == []


def test_a_call_that_comes_in_and_is_transferred_has_a_decision_for_either_part(database: Database) -> None:
    dialled = replace(GUESSED, id=once.recovered_id(CALL, "internal"), kind="internal", called="31", at=NOON + SECOND)
    with database.writing() as session:
        once.found(session, [GUESSED, dialled], [])
        once.told(session, [replace(dialled, id="d2")], [])
    assert decisions(database) == [GUESSED.id, "d2"]


def test_a_key_pressed_later_does_not_take_the_place_of_the_call(database: Database) -> None:
    with database.writing() as session:
        once.found(session, [GUESSED], [])
        once.told(session, [replace(DECIDED, id="d2", kind="menu", at=NOON + SECOND)], [])
    assert decisions(database) == [GUESSED.id, "d2"]


def test_whoever_answers_over_a_trunk_is_known_from_the_dialling(database: Database) -> None:
    """Asterisk's file names the trunk only, which is nobody's."""
    with database.writing() as session:
        once.found(session, [], [event("dialled", 2, GSM, line="+32470000101")])
        once.found(session, [], [event("answered", 4, GSM, line="operator")])
    with database.reading() as session:
        answered = journal.story(session, CALL)[-1]
    assert (answered.person, answered.phone, answered.detail) == ("claire", "desk", {"line": "+32470000101"})


def test_what_was_heard_of_late_stands_where_it_belongs(database: Database) -> None:
    with database.writing() as session:
        once.told(session, [DECIDED], BY_SERVICE[-1:])
        once.found(session, [], BY_FILE)
    assert story(database) == ["step", "answered", "call-ended"]


def test_the_same_step_is_taken_twice_and_told_twice(database: Database) -> None:
    again = [event("step", second, **{**STEP, "taken": taken}) for second, taken in ((1, "1"), (6, "2"))]
    with database.writing() as session:
        once.found(session, [], again)
        once.told(session, [], again)
    assert story(database) == ["step", "step"]


def test_a_call_that_asterisk_has_lost_ends_once(database: Database) -> None:
    with database.writing() as session:
        once.told(session, [DECIDED], BY_SERVICE[:4])
        assert once.unended(session, NOON - SECOND, NOON + SECOND) == {CALL}
        assert once.unended(session, NOON - SECOND, NOON) == set()
        assert len(once.interrupted(session, {CALL}, NOON + 60 * SECOND)) == 1
        assert once.unended(session, NOON - SECOND, NOON + SECOND) == set()
        assert [*once.interrupted(session, {CALL}, NOON + 90 * SECOND)] == []
        once.told(session, [], BY_SERVICE[4:])
    assert story(database)[-2:] == ["answered", "call-ended"]


def test_how_far_a_file_was_read(database: Database) -> None:
    with database.writing() as session:
        assert once.offset(session, "one") == 0
        once.set_offset(session, once.Read("one", 10, NOON))
        once.set_offset(session, once.Read("one", 20, NOON))
        once.set_offset(session, once.Read("two", 5, NOON + SECOND))
        assert (once.offset(session, "one"), once.offset(session, "two")) == (20, 5)
        once.forget_files(session, NOON + SECOND)
        assert (once.offset(session, "one"), once.offset(session, "two")) == (0, 5)


def test_who_steered_a_call() -> None:
    assert journal.steered_by(BY_SERVICE) == "service"
    assert journal.steered_by([event("fallback", 0, reason="FAILURE", by="timetable")]) == "timetable"
    assert journal.steered_by([event("fallback", 0, reason="FAILURE", by="last-resort")]) == "last-resort"


def test_only_calls_of_ones_own_node_are_missed(database: Database) -> None:
    calls = ("north-17.1", "south-17.1", "northern-17.1", "17.1")
    with database.writing() as session:
        once.told(session, [replace(DECIDED, id=call, call=call) for call in calls], [])
        assert once.unended(session, NOON - SECOND, NOON + SECOND) == {*calls}
        assert once.unended(session, NOON - SECOND, NOON + SECOND, "north-") == {"north-17.1"}
