"""Saying where people are: the words of command line and API, what is refused, what is current."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk import presence
from aiguillage.errors import NotFound, Refused
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import AVAILABLE, Presence
from aiguillage.store.database import Database
from aiguillage.store.revisions import revisions
from tests.databases import published_sqlite
from tests.unit.builders import Story, ring, story_of_steps, told
from tests.unit.examples import CENTRAL, OFFICE_HOURS, PLAN, brussels

GSM, ABROAD, COSTLY = E164("+32470000199"), E164("+31201234567"), E164("+3290312345")
HOUR = timedelta(hours=1)


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Database]:
    database = published_sqlite(tmp_path)
    yield database
    database.close()


def said(state: str, number: str = "", until: str = "") -> Presence:
    return presence.said(PLAN, state, number, until, OFFICE_HOURS)


# --- the words ---


@pytest.mark.parametrize(
    "words, meant",
    [
        (("available",), AVAILABLE),
        (("away",), Presence("away")),
        (("do-not-disturb",), Presence("do not disturb")),
        (("forwarded", "0470 00 01 99"), Presence("forwarded", forward_to=GSM)),
        (("away", "", "14:00"), Presence("away", brussels("2026-11-24 14:00"))),
        (("away", "", "09:00"), Presence("away", brussels("2026-11-25 09:00"))),
        (("away", "", "10:00"), Presence("away", brussels("2026-11-25 10:00"))),
        (("away", "", "2026-12-24 14:00"), Presence("away", brussels("2026-12-24 14:00"))),
        (("away", "", "2026-12-24T13:00+00:00"), Presence("away", brussels("2026-12-24 14:00"))),
        (("away", "", "2026-12-24"), Presence("away", brussels("2026-12-24 00:00"))),
        (("forwarded", "+32470000199", "14:00"), Presence("forwarded", brussels("2026-11-24 14:00"), GSM)),
    ],
)
def test_a_state_in_words(words: tuple[str, ...], meant: Presence) -> None:
    found = said(*words)
    assert (found.state, found.forward_to) == (meant.state, meant.forward_to)
    assert (found.until and found.until.astimezone(UTC)) == (meant.until and meant.until.astimezone(UTC))


@pytest.mark.parametrize(
    "words, reason",
    [
        (("gone",), '"gone" is no state; write one of available, away, do-not-disturb, forwarded'),
        (("do not disturb",), "is no state"),
        (("",), "is no state"),
        (("forwarded",), "a number goes with forwarded, and with nothing else"),
        (("away", "0470000199"), "a number goes with forwarded, and with nothing else"),
        (("forwarded", "201"), "has not the length of a telephone number"),
        (("forwarded", "home"), "is no telephone number"),
        (("available", "", "14:00"), "available has no end"),
        (("away", "", "25:00"), '"25:00" is no time; write "14:00" or "2026-11-24 14:00"'),
        (("away", "", "24:00"), "is no time"),
        (("away", "", "9:00"), "is no time"),
        (("away", "", "tomorrow"), "is no time"),
        (("away", "", "2026-02-30 10:00"), "is no time"),
        (("away", "", "\ud800"), "is no time"),
    ],
)
def test_words_that_mean_nothing_are_refused(words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        said(*words)


def test_a_time_in_the_second_of_two_equal_hours_is_still_today() -> None:
    found = presence.said(PLAN, "away", "", "02:45", brussels("2026-10-25 02:30", fold=1))
    assert found.until == brussels("2026-10-25 02:45", fold=1).astimezone(UTC)


TEXTS = st.one_of(st.text(max_size=20), st.text("0123456789-:T +Z", max_size=30), st.from_regex(r"[0-9]{2}:[0-9]{2}"))


@given(state=st.sampled_from(["available", "away", "forwarded", "x"]), number=TEXTS, until=TEXTS)
def test_any_words_are_a_state_that_can_be_told_and_kept_or_are_refused(state: str, number: str, until: str) -> None:
    try:
        found = said(state, number, until)
        presence.check(PLAN, "claire", found, OFFICE_HOURS)
    except Refused:
        return
    assert presence.in_words(PLAN, "claire", found).startswith("Claire Dubois: ")
    story = Story(replace(PLAN, inbound_routes=story_of_steps(ring("claire")).plan.inbound_routes))
    assert told(replace(story, presence=(("claire", found),)).call())
    assert found.until is None or found.until.astimezone(UTC)


# --- what is refused ---


def refusal(person: str, state: Presence) -> str:
    with pytest.raises((Refused, NotFound)) as refused:
        presence.check(PLAN, person, state, OFFICE_HOURS)
    return str(refused.value)


def test_a_time_must_be_one_to_come() -> None:
    for until in ("2026-11-24 10:00", "2026-11-24 09:59", "2026-11-24T10:30+02:00", "0001-01-01", "0001-01-01T00:00Z"):
        assert "is past; write a time to come" in refusal("claire", said("away", "", until))
    presence.check(PLAN, "claire", Presence("away", OFFICE_HOURS + HOUR), OFFICE_HOURS)


@pytest.mark.parametrize("until", ["9999-12-31T23:59", "9999-12-31T23:59-23:59", "9999-12-31T23:59Z", "2200-01-01"])
def test_a_time_must_be_one_that_somebody_will_see(until: str) -> None:
    assert "is no year of ours" in refusal("claire", said("away", "", until))


def test_a_person_must_be_in_the_plan() -> None:
    assert refusal("clare", Presence("away")) == (
        'person "clare" is not in the plan; write one of claire, marc, julie, sophie, tom'
    )


@pytest.mark.parametrize(
    "person, number, reason",
    [
        ("tom", GSM, "this phone may not call outside numbers"),
        ("claire", ABROAD, 'permission "national" does not hold +31201234567'),
        ("sophie", COSTLY, "+3290312345 is among the numbers that are never dialled"),
        ("sophie", CENTRAL, "is one of our own numbers: the call would come back"),
    ],
)
def test_forwarding_is_as_dear_as_dialling(person: str, number: E164, reason: str) -> None:
    assert reason in refusal(person, Presence("forwarded", forward_to=number))


def test_who_may_dial_a_number_may_forward_to_it_and_anybody_to_their_own_phones() -> None:
    for person, number in (("claire", GSM), ("sophie", ABROAD), ("marc", E164("+32470000102"))):
        presence.check(PLAN, person, Presence("forwarded", forward_to=number), OFFICE_HOURS)
    assert "may not call" in refusal("marc", Presence("forwarded", forward_to=E164("+32470000101")))


# --- what is kept ---


def test_a_state_is_kept_until_its_time_is_over(published: Database) -> None:
    away = Presence("away", OFFICE_HOURS + HOUR)
    presence.set_presence(published, "claire", away, "tests", OFFICE_HOURS)
    presence.set_presence(published, "marc", Presence("away"), "tests", OFFICE_HOURS)
    assert set(presence.current(published, OFFICE_HOURS)) == {"claire", "marc"}
    assert set(presence.current(published, OFFICE_HOURS + HOUR)) == {"marc"}
    presence.set_presence(published, "marc", AVAILABLE, "tests", OFFICE_HOURS)
    assert set(presence.current(published, OFFICE_HOURS)) == {"claire"}


def test_what_is_refused_changes_nothing(published: Database) -> None:
    with pytest.raises(Refused):
        presence.set_presence(published, "claire", Presence("forwarded", forward_to=COSTLY), "tests", OFFICE_HOURS)
    with pytest.raises(NotFound):
        presence.set_presence(published, "gone", Presence("away"), "tests", OFFICE_HOURS)
    assert presence.current(published, OFFICE_HOURS) == {}
    with published.reading() as session:
        assert revisions(session).presence == 0


def test_before_a_plan_is_published_nobody_can_be_away(database: Database) -> None:
    with pytest.raises(NotFound, match="no plan has been published yet"):
        presence.set_presence(database, "claire", Presence("away"), "tests", OFFICE_HOURS)


# --- told again ---


@pytest.mark.parametrize(
    "person, state, words",
    [
        ("claire", AVAILABLE, "Claire Dubois: available"),
        ("claire", Presence("away", brussels("2026-11-24 14:00").astimezone(UTC)), "away until 2026-11-24 14:00"),
        ("marc", Presence("forwarded", None, GSM), "Marc Lejeune: forwarded to +32470000199"),
        ("gone", Presence("do not disturb"), "gone: do not disturb"),
    ],
)
def test_a_state_told_in_words(person: str, state: Presence, words: str) -> None:
    assert presence.in_words(PLAN, person, state).endswith(words)


def test_a_state_told_as_data_can_be_said_again() -> None:
    state = Presence("forwarded", brussels("2026-11-24 14:00"), GSM)
    told_as_data = presence.describe("claire", state)
    assert told_as_data == {
        "person": "claire",
        "state": "forwarded",
        "until": "2026-11-24T14:00:00+01:00",
        "forward_to": "+32470000199",
    }
    again = said(told_as_data["state"], told_as_data["forward_to"], told_as_data["until"])
    assert again.until == state.until
    assert presence.describe("tom", Presence("do not disturb"))["state"] == "do-not-disturb"
