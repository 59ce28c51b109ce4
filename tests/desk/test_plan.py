"""Editing, publishing and explaining: the plan from a document to an answer."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiguillage.desk import editing, publishing
from aiguillage.desk.explaining import Question, explain, in_words
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.desk.wording import words_in
from aiguillage.errors import Conflict, DocumentRefused, NotFound, NumberRefused, Refused
from aiguillage.routing.document import dump
from aiguillage.store import directory, plans
from aiguillage.store.database import Database
from aiguillage.text_formats import read_yaml
from tests.unit.examples import CONTACTS, DIRECTORY, OFFICE_HOURS, PLAN, PLAN_TEXT

DOCUMENT = read_yaml(PLAN_TEXT)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SNAPSHOT = Snapshot(PLAN, 3, DIRECTORY, 1)


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(DOCUMENT)
    change(document)
    return document


# --- editing ---


def test_an_applied_document_is_the_draft(database: Database) -> None:
    revision = editing.apply(database, DOCUMENT)
    assert editing.draft(database) == dump(PLAN)
    assert revision == editing.revision(dump(PLAN))


def test_before_a_plan_was_applied_there_is_none(database: Database) -> None:
    with pytest.raises(NotFound, match="aiguillage plan apply"):
        editing.draft(database)


def test_a_refused_document_leaves_the_draft_as_it_was_and_names_all_faults(database: Database) -> None:
    editing.apply(database, DOCUMENT)
    wrong = changed(lambda it: (it["people"].pop("tom"), it["dids"]["sales"].update(number="12")))
    with pytest.raises(DocumentRefused) as refused:
        editing.apply(database, wrong)
    assert {fault.path for fault in refused.value.faults} >= {"dids.sales.number", "ring_groups.shop.members[0]"}
    assert editing.draft(database) == dump(PLAN)


# --- publishing ---


def publish(database: Database, comment: str = "") -> int:
    return publishing.publish(database, NOON, "claire", comment)


def test_calls_follow_a_draft_once_it_is_published(database: Database) -> None:
    editing.apply(database, DOCUMENT)
    with pytest.raises(NotFound, match="no plan has been published yet"):
        load_snapshot(database)
    assert publish(database) == 1
    editing.apply(database, changed(lambda it: it["organisation"].update(name="Another")))
    assert load_snapshot(database).plan == PLAN
    assert publish(database) == 2
    snapshot = load_snapshot(database)
    assert (snapshot.plan_version, snapshot.plan.organisation.name) == (2, "Another")


def test_a_snapshot_holds_the_directory_too(database: Database) -> None:
    editing.apply(database, DOCUMENT)
    publish(database)
    with database.writing() as session:
        directory.replace_all(session, CONTACTS)
    snapshot = load_snapshot(database)
    assert (snapshot.directory, snapshot.directory_revision) == (DIRECTORY, 1)


def test_without_a_draft_nothing_is_published(database: Database) -> None:
    with pytest.raises(NotFound):
        publish(database)


def test_two_who_publish_between_reading_and_writing_are_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    editing.apply(database, DOCUMENT)
    check = editing.check

    def somebody_publishes_meanwhile(document: Any) -> Any:
        monkeypatch.setattr(editing, "check", check)
        publishing.publish(database, NOON, "marc", "quicker")
        return check(document)

    monkeypatch.setattr(editing, "check", somebody_publishes_meanwhile)
    with pytest.raises(Conflict, match=r"marc published version 1 meanwhile \(quicker\)"):
        publish(database)
    with database.reading() as session:
        assert len(plans.versions(session)) == 1


# --- explaining ---


def answer(caller: str = "+32471000201", called: str = "central", at: datetime = OFFICE_HOURS) -> dict[str, Any]:
    return dict(explain(SNAPSHOT, Question(caller, called, at)))


def words(caller: str = "+32471000201", called: str = "central", at: datetime = OFFICE_HOURS) -> str:
    return "\n".join(in_words(words_in("en"), answer(caller, called, at), PLAN))


def test_an_explanation_as_data() -> None:
    found = answer()
    assert set(found) == {"at", "called", "caller", "presses", "route", "itinerary", "trace", "plan_version"}
    assert found["at"] == "2026-11-24T10:00:00+01:00"
    assert found["called"] == {"number": "+3271000001", "did": "central"}
    assert found["caller"]["name"] == "Anne Lambert"
    assert found["route"] == "local leaders to their region"
    assert [leg["person"] for leg in found["itinerary"][0]["legs"]] == ["claire"]
    assert found["plan_version"] == 3


def test_an_explanation_in_words() -> None:
    told = words()
    assert "Anne Lambert (Président local, Patro Saint-Rémy de Jumet), +32471000201, calls Numéro central" in told
    assert "on Tue 24 Nov 2026 at 10:00, spoken to in fr." in told
    assert "The number belongs to Anne Lambert (Président local, Patro Saint-Rémy de Jumet) and Anne" in told
    assert "Route: local leaders to their region" in told
    assert "  1. ring Claire Dubois: desk, 15 s" in told
    assert "take a message: Messagerie de l'accueil, greeting closed" in told
    assert "Not taken by the routes before it:\n  nuisance: " in told
    assert told.endswith("Plan version 3.")


@pytest.mark.parametrize("spelling", ["0471/00.02.01", "0032 471 00 02 01", " +32471000201 "])
def test_a_caller_may_be_written_as_people_do(spelling: str) -> None:
    assert answer(spelling) == answer()


@pytest.mark.parametrize("word", ["withheld", "Anonymous", " withheld "])
def test_a_caller_who_withholds_the_number(word: str) -> None:
    assert answer(word)["caller"]["number"] is None
    assert "Somebody who withholds the number calls" in words(word)


def test_a_caller_whom_nobody_knows() -> None:
    assert "Somebody unknown (+32499000001) calls" in words("+32499000001")


def test_one_of_our_numbers_by_its_key_or_by_itself() -> None:
    assert answer(called="sales")["route"] == answer(called="071 00 00 02")["route"] == "shop"


def test_a_number_that_is_none_of_ours() -> None:
    assert "+3271000009 (none of our numbers)" in words(called="+3271000009")


@pytest.mark.parametrize("caller", ["", "nonsense", "12", "\0", "\ud800", "9" * 100])
def test_a_caller_that_is_no_number_is_refused(caller: str) -> None:
    with pytest.raises(NumberRefused, match="telephone number") as refused:
        answer(caller)
    assert str(refused.value).isprintable()


def test_a_called_number_that_is_none_is_refused_with_those_that_we_have() -> None:
    with pytest.raises(NumberRefused, match="our own numbers: central, sales, camps"):
        answer(called="centrale")


def test_a_time_without_a_zone_is_the_organisations() -> None:
    assert answer(at=datetime(2026, 11, 24, 10)) == answer()  # noqa: DTZ001
    assert answer(at=datetime(2026, 11, 24, 9, tzinfo=UTC)) == answer()


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59", "9999-12-31T23:59-12:00"]
)
def test_a_time_at_the_end_of_the_calendar_is_refused(at: str) -> None:
    with pytest.raises(Refused, match="year"):
        answer(at=datetime.fromisoformat(at))


@pytest.mark.parametrize("called", ["central", "sales", "camps"])
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_every_kind_of_step_has_its_words(called: str, hour: int) -> None:
    told = words(called=called, caller="+32499000001", at=OFFICE_HOURS.replace(hour=hour, minute=30))
    assert "Route: " in told
    assert "  1. " in told
