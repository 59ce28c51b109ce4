"""Questions about calls: timetables, whom they reach, what they were, what they would be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import icalendar
import pytest

from aiguillage.store import journal
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.cli.commands import Run, refused, well
from tests.cli.test_versions import EN, edited

MONDAY = "2027-03-22"
"""Of the week with Good Friday and the change of the clocks; there is no other holiday in it."""


@pytest.fixture
def database(published: Run, tmp_path: Path) -> Any:
    with_journal = open_database(f"sqlite:///{tmp_path / 'state' / 'aiguillage.db'}")
    yield with_journal
    with_journal.close()


# --- timetables ---


def test_a_week_of_one_caller(published: Run) -> None:
    told = well(published("timetable", "--to", "central", "--from", "+32471000201", "--since", MONDAY, *EN))
    lines = told.splitlines()
    assert [line for line in lines if line.startswith("Mon 22 Mar 2027")]
    assert "Claire Dubois" in told
    assert "[local leaders to their region]" in told
    assert "09:00" in told


def test_what_a_caller_is_may_be_named(published: Run) -> None:
    by_number = ["timetable", "--from", "+32471000201", "--since", MONDAY, "--json"]
    by_kind = ["timetable", "--from", "president@hainaut", "--since", MONDAY, "--json"]
    assert published(*by_number).data["entries"] == published(*by_kind).data["entries"]
    withheld = published("timetable", "--from", "withheld", "--since", MONDAY, "--json").data["entries"]
    assert {entry["route"] for entry in withheld} >= {"rush hour", "everybody else in office hours"}


def test_a_week_of_everybody(published: Run) -> None:
    told = well(published("timetable", "--to", "sales", "--since", MONDAY, *EN))
    assert "[shop]" in told
    groups = published("timetable", "--to", "sales", "--since", MONDAY, "--json").data["groups"]
    assert {group["route"] for group in groups} >= {"shop", "nuisance", None} - {None}


def test_a_year_for_a_calendar_programme(published: Run) -> None:
    words = ["timetable", "--from", "withheld", "--since", "2027-01-01", "--year"]
    entries = published(*words, "--json").data["entries"]
    calendar = icalendar.Calendar.from_ical(well(published(*words, "--ical")))
    starts = [event.start for event in calendar.events]
    assert len(starts) == len(entries) > 500
    assert starts == [datetime.fromisoformat(entry["start"]) for entry in entries]
    assert all(one["end"] == other["start"] for one, other in pairwise(entries)), "without a gap"
    span = datetime.fromisoformat(entries[-1]["end"]) - datetime.fromisoformat(entries[0]["start"])
    assert span >= timedelta(days=365)


def test_a_day_with_a_change_of_the_clocks_has_its_hours(published: Run) -> None:
    entries = published("timetable", "--from", "withheld", "--since", "2027-03-28", "--json").data["entries"]
    monday = [entry for entry in entries if entry["start"] == "2027-03-29T09:00:00+02:00"]
    assert not monday, "Easter Monday is a holiday"
    tuesday = [entry for entry in entries if entry["start"] == "2027-03-30T09:00:00+02:00"]
    assert tuesday[0]["route"] == "everybody else in office hours"


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--from", "nobody"], "nobody"),
        (["--from", "president@nowhere"], "nowhere"),
        (["--to", "centrale"], "our own numbers: central, sales, camps"),
        (["--plan", "9"], "version 9"),
    ],
)
def test_a_timetable_of_nothing_is_refused(published: Run, words: list[str], reason: str) -> None:
    assert reason in refused(published("timetable", *words))


def test_a_calendar_is_one_callers(published: Run) -> None:
    assert published("timetable", "--ical").status == 2


# --- who is reached ---


def test_by_which_calls_somebody_is_reached(published: Run) -> None:
    told = well(published("reached-by", "marc", *EN))
    assert "camps, route camps, day and night: on desk and gsm" in told
    assert "central, route local leaders to their region: as who is responsible, on desk and gsm, when " in told
    assert {"camps", "central"} <= {each["to"] for each in published("reached-by", "marc", "--json").data["reached_by"]}
    assert "there is nobody max in the plan" in refused(published("reached-by", "max"))


def test_whom_nothing_reaches(published: Run, tmp_path: Path) -> None:
    def with_nina(document: dict[str, Any]) -> None:
        gsm = {"kind": "gsm", "number": "+32470000104"}
        document["people"]["nina"] = {"name": "Nina Collard", "phones": {"gsm": gsm}, "reach": [{"ring": ["gsm"]}]}

    well(published("plan", "apply", str(edited(published, tmp_path / "nina.yaml", with_nina))))
    assert "there is nobody nina" in refused(published("reached-by", "nina"))
    told = well(published("reached-by", "nina", "--plan", "draft", *EN))
    assert "last by Nina Collard" in told, "whoever returns a call of hers"
    assert "as who is responsible" not in told


# --- calls that were ---

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def decided(call: str, caller: str | None, called: str, at: datetime = AT, kind: str = "inbound") -> DecisionRecord:
    return DecisionRecord(f"d{call}", call, at, kind, caller, called, None, 1, [], {})


def note_down(database: Database, *calls: DecisionRecord) -> None:
    with database.writing() as session:
        journal.write(session, calls, [])


def as_the_service_records(run: Run, database: Database, call: str, *words: str) -> None:
    """A decision that really was taken, put into the journal as of `AT`, and what then happened."""
    found = run("explain", "--to", "central", "--at", "2026-11-24 10:00", *words, "--json").data
    trace = {name: value for name, value in found.items() if name not in ("itinerary", "plan_version", "then")}
    record = replace(
        decided(call, found["caller"]["number"], found["called"]["number"]),
        route=found["route"],
        itinerary=found["itinerary"],
        trace=trace,
    )
    with database.writing() as session:
        journal.write(
            session,
            [record],
            [
                EventRecord(call, AT + timedelta(seconds=1), "ringing", "leg-1", "claire", "desk"),
                EventRecord(call, AT + timedelta(seconds=5), "answered", "leg-1", "claire", "desk", {"after": 4}),
                EventRecord(call, AT + timedelta(seconds=65), "ended", None, None, None, {}),
            ],
        )


def test_a_call_that_was_is_explained_from_the_facts_of_then(
    published: Run, database: Database, tmp_path: Path
) -> None:
    as_the_service_records(published, database, "1796000000.7", "--from", "+32471000201")

    def claire_has_left(document: dict[str, Any]) -> None:
        document["units"]["hainaut"]["mandates"] = [{"person": "marc"}]
        document["people"]["claire"]["name"] = "Somebody Else"

    well(published("plan", "apply", str(edited(published, tmp_path / "a.yaml", claire_has_left)), "--publish"))
    (tmp_path / "nobody.csv").write_text("name,numbers\nEls Janssens,+32471000207\n")
    well(published("directory", "import", "nobody.csv"))
    for wanted in ("1796000000.7", "d1796000000.7", "last"):
        told = well(published("explain", "--call", wanted, *EN))
        assert told.startswith("Anne Lambert (Président local, Patro Saint-Rémy de Jumet), +32471000201, calls ")
        assert "1. ring Claire Dubois: desk, 15 s" in told
        assert "Plan version 1." in told
        assert "     1.0 s  Claire Dubois (desk) rings" in told
        assert "Claire Dubois (desk) takes the call" in told
    data = published("explain", "--call", "last", "--json").data
    assert (data["call"], data["decisions"][0]["plan_version"], len(data["events"])) == ("1796000000.7", 1, 3)
    assert "1796000000.7  2026-11-24 09:00 UTC  +32471000201" in well(published("calls"))


def test_a_call_that_never_was(published: Run) -> None:
    assert "the journal has no call 17.1; look at the last ones: aiguillage calls" in refused(
        published("explain", "--call", "17.1")
    )
    assert "The journal is empty." in well(published("calls"))


def test_a_question_about_the_past_is_answered_by_the_plan_of_then(published: Run, tmp_path: Path) -> None:
    told = well(published("explain", "--from", "+32471000201", "--at", "2025-11-25 10:00", *EN))
    assert "nothing was published yet then: this is the first version" in told


# --- past calls through another plan ---


def marc_for_hainaut(document: dict[str, Any]) -> None:
    document["units"]["hainaut"]["mandates"] = [{"person": "marc"}]


def test_past_calls_are_replayed_from_the_journal(published: Run, database: Database, tmp_path: Path) -> None:
    days = [AT - timedelta(days=number) for number in range(14)]
    leaders = [decided(f"1.{number}", "+32471000201", "+3271000001", day) for number, day in enumerate(days)]
    strangers = [decided(f"2.{number}", None, "+3271000001", day) for number, day in enumerate(days)]
    own = [decided("3.1", "marc", "+32471000288", AT, kind="outgoing")]
    note_down(database, *leaders, *strangers, *own)
    since = ["--since", "2026-11-01"]
    assert "0 of 28 calls would go another way." in well(published("replay", *since, *EN))
    well(published("plan", "apply", str(edited(published, tmp_path / "a.yaml", marc_for_hainaut))))
    told = well(published("replay", *since, *EN))
    weekdays = sum(day.weekday() < 5 and (day.month, day.day) != (11, 11) for day in days)
    assert told.startswith(
        f"{weekdays} of 28 calls would go another way.\n{weekdays} calls by Président local to central\n"
    )
    assert "was Claire Dubois" in told
    assert "becomes Marc Lejeune (desk and gsm)" in told
    assert "for example +32471000201 on " in told
    data = published("replay", *since, "--json").data
    assert (data["calls"], data["changed"], len(data["groups"])) == (28, weekdays, 1)


def test_past_calls_are_replayed_from_a_file(published: Run, tmp_path: Path) -> None:
    well(published("plan", "apply", str(edited(published, tmp_path / "a.yaml", marc_for_hainaut))))
    (tmp_path / "calls.csv").write_text(
        "at,from,to\n"
        "2026-11-24 10:00,0471 00 02 01,central\n"
        "2026-11-24T09:00:00+00:00,+32471000201,+3271000001\n"
        "2026-11-24 10:00,,071 00 00 01\n"
        "yesterday,+32471000201,central\n"
        "2026-11-24 10:00,nobody,central\n"
    )
    told = well(published("replay", "--csv", "calls.csv", *EN))
    assert told.startswith("2 of 3 calls would go another way.\n")
    assert "2 lines were not read:\n  line 5: " in told
    (tmp_path / "cdr.csv").write_text("calldate;src;dst\n2026-11-24 10:00:00;0471000201;071000001\n")
    assert well(published("replay", "--csv", "cdr.csv", *EN)).startswith("1 of 1 calls would go another way.\n")


def test_a_file_without_calls_is_refused(published: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("when,who\n1,2\n")
    assert "has no column at and from and to" in refused(published("replay", "--csv", "odd.csv"))
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in refused(published("replay", "--csv", "odd.csv"))
