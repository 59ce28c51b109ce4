"""Schedules by table. test_hours_model.py holds any schedule against a model."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.hours import calendar_label, next_change, state
from tests.unit.builders import keyed, small_plan
from tests.unit.examples import BRUSSELS, PLAN, brussels

MINUTE = timedelta(minutes=1)
EVERY_DAY = tuple(range(7))


def scheduled(*spans: tuple[int, int], days: tuple[int, ...] = EVERY_DAY, closed_on: tuple[date, ...] = ()) -> p.Plan:
    """A plan with one schedule, `s`, open on `spans` (minutes) of `days` except on the days `closed_on`."""
    opening = p.Opening(days, tuple(p.Span(*span) for span in spans))
    closures = p.Calendar("closures", dates=tuple(p.DateRange(day, day) for day in closed_on))
    schedule = p.Schedule("s", (opening,), (p.ScheduleException("closures"),))
    return small_plan(schedules=keyed(schedule), calendars=keyed(closures))


def is_open(plan: p.Plan, key: str, at: str, fold: int = 0) -> bool:
    return state(plan, plan.schedules[key], brussels(at, fold)).open


@pytest.mark.parametrize(
    "at, opened",
    [
        ("2026-11-23 08:59:59", False),  # a Monday
        ("2026-11-23 09:00:00", True),
        ("2026-11-23 12:29:59", True),
        ("2026-11-23 12:30:00", False),
        ("2026-11-23 13:30:00", True),
        ("2026-11-23 16:59:59", True),
        ("2026-11-23 17:00:00", False),
        ("2026-11-27 15:59:59", True),  # Friday ends an hour earlier
        ("2026-11-27 16:00:00", False),
        ("2026-11-21 10:00:00", False),  # an ordinary Saturday
        ("2026-11-28 09:59:59", False),  # the assembly, a Saturday
        ("2026-11-28 10:00:00", True),
        ("2026-11-28 12:59:59", True),
        ("2026-11-28 13:00:00", False),
        ("2026-12-23 10:00:00", True),
        ("2026-12-24 10:00:00", False),  # closures, first day
        ("2027-01-03 10:00:00", False),  # closures, last day
        ("2027-01-04 10:00:00", True),
        ("2026-11-11 10:00:00", False),  # a public holiday, a Wednesday
        ("2027-07-21 10:00:00", False),  # a public holiday within the closures
        ("2028-02-29 10:00:00", True),  # a leap day, a Tuesday
    ],
)
def test_the_office_of_the_example(at: str, opened: bool) -> None:
    assert is_open(PLAN, "office", at) is opened


@pytest.mark.parametrize(
    "at, calendar, label",
    [
        ("2026-11-24 10:00", None, None),
        ("2026-11-28 11:00", "assembly", "Assemblée générale"),
        ("2026-12-25 10:00", "closures", "Congés de fin d'année"),
        ("2026-11-11 10:00", "public-holidays", "Jour de l'Armistice"),
    ],
)
def test_the_state_names_the_calendar_that_decided_the_day(at: str, calendar: str | None, label: str | None) -> None:
    found = state(PLAN, PLAN.schedules["office"], brussels(at))
    assert (found.calendar, found.label) == (calendar, label)


def test_the_first_calendar_that_holds_the_day_decides_it() -> None:
    day = p.DateRange(date(2026, 11, 24), date(2026, 11, 24))
    calendars = keyed(p.Calendar("open-day", dates=(day,)), p.Calendar("strike", dates=(day,)))
    exceptions = p.ScheduleException("open-day", (p.Span(600, 660),)), p.ScheduleException("strike")
    for order, opened in ((exceptions, True), (exceptions[::-1], False)):
        plan = small_plan(schedules=keyed(p.Schedule("s", (), order)), calendars=calendars)
        assert is_open(plan, "s", "2026-11-24 10:30") is opened


@pytest.mark.parametrize(
    "language, name", [("fr", "Noël"), ("nl", "Kerstmis"), ("en", "Christmas Day"), ("it", "Kerstmis")]
)
def test_holidays_are_named_in_our_language_whatever_the_machine_speaks(
    language: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "de")
    holidays = p.Calendar("holidays", public_holidays="BE")
    assert calendar_label(holidays, date(2026, 12, 25), language) == name


# --- nights ---


@pytest.mark.parametrize(
    "at, opened",
    [
        ("2026-11-24 21:59", False),
        ("2026-11-24 22:00", True),
        ("2026-11-24 23:59", True),
        ("2026-11-25 00:00", True),
        ("2026-11-25 05:59", True),
        ("2026-11-25 06:00", False),
    ],
)
def test_night_duty_crosses_midnight(at: str, opened: bool) -> None:
    assert is_open(PLAN, "night-duty", at) is opened


@pytest.mark.parametrize(
    "at, opened",
    [
        ("2026-11-24 05:00", True),  # the night that began on the 23rd goes on into the exception
        ("2026-11-24 06:00", False),
        ("2026-11-24 23:00", False),  # the night of the 24th is the exception's
        ("2026-11-25 05:00", False),
        ("2026-11-25 22:00", True),
    ],
)
def test_a_night_belongs_to_the_day_it_starts_on(at: str, opened: bool) -> None:
    assert is_open(scheduled((1320, 1800), closed_on=(date(2026, 11, 24),)), "s", at) is opened


def test_a_friday_night_lasts_into_saturday_only() -> None:
    friday = scheduled((1320, 1800), days=(4,))
    assert [is_open(friday, "s", f"2026-11-{day} 02:00") for day in (27, 28, 29)] == [False, True, False]


def test_a_whole_day_runs_from_midnight_to_midnight() -> None:
    monday = scheduled((0, 1440), days=(0,))
    instants = ("2026-11-22 23:59", "2026-11-23 00:00", "2026-11-23 23:59", "2026-11-24 00:00")
    assert [is_open(monday, "s", at) for at in instants] == [False, True, True, False]


# --- the clock changes: 28 March 2027, 02:00 -> 03:00; 31 October 2027, 03:00 -> 02:00 ---


@pytest.mark.parametrize(
    "span, open_at_0159, open_at_0300",
    [
        ((60, 120), True, False),  # 01:00-02:00 touches the gap
        ((120, 180), False, False),  # 02:00-03:00 is the gap: the clock never shows it
        ((135, 165), False, False),  # 02:15-02:45, inside
        ((180, 240), False, True),  # 03:00-04:00 begins where the gap ends
        ((90, 150), True, False),  # 01:30-02:30 runs into it
        ((150, 210), False, True),  # 02:30-03:30 begins within, and opens at 03:00
        ((0, 360), True, True),  # 00:00-06:00, across
    ],
)
def test_in_spring_an_hour_is_missing(span: tuple[int, int], open_at_0159: bool, open_at_0300: bool) -> None:
    plan = scheduled(span)
    before, after = (brussels(f"2027-03-28 {at}") for at in ("01:59", "03:00"))
    assert after.astimezone(UTC) - before.astimezone(UTC) == MINUTE
    assert (is_open(plan, "s", "2027-03-28 01:59"), is_open(plan, "s", "2027-03-28 03:00")) == (
        open_at_0159,
        open_at_0300,
    )


@pytest.mark.parametrize(
    "span, opened",
    [
        ((60, 120), "----"),  # 01:00-02:00 touches the repeated hour
        ((120, 180), "oooo"),  # 02:00-03:00 is it, twice
        ((135, 165), "-o-o"),  # 02:15-02:45, inside: open twice
        ((60, 150), "o-o-"),  # 01:00-02:30 closes twice
        ((180, 240), "----"),  # 03:00-04:00 begins where it ends
        ((0, 360), "oooo"),  # 00:00-06:00, across
    ],
)
def test_in_autumn_an_hour_comes_twice(span: tuple[int, int], opened: str) -> None:
    shown = [("02:00", 0), ("02:30", 0), ("02:00", 1), ("02:30", 1)]
    found = [is_open(scheduled(span), "s", f"2027-10-31 {at}", fold) for at, fold in shown]
    assert "".join("o" if each else "-" for each in found) == opened


# --- next change ---


@pytest.mark.parametrize(
    "schedule, at, change",
    [
        ("office", "2026-11-24 10:00", "2026-11-24 12:30"),
        ("office", "2026-11-24 12:30", "2026-11-24 13:30"),
        ("office", "2026-11-27 16:00", "2026-11-28 10:00"),  # the assembly
        ("office", "2026-11-28 13:00", "2026-11-30 09:00"),
        ("office", "2026-12-23 17:00", "2027-01-04 09:00"),
        ("night-duty", "2026-11-24 12:00", "2026-11-24 22:00"),
        ("night-duty", "2026-11-24 23:00", "2026-11-25 06:00"),
        ("night-duty", "2027-03-28 01:00", "2027-03-28 06:00"),
    ],
)
def test_the_next_change(schedule: str, at: str, change: str) -> None:
    assert next_change(PLAN, PLAN.schedules[schedule], brussels(at)) == brussels(change).astimezone(UTC)


def test_a_schedule_that_opens_within_the_missing_hour_opens_when_it_is_over() -> None:
    plan = scheduled((150, 210))
    change = next_change(plan, plan.schedules["s"], brussels("2027-03-28 00:00"))
    assert change == brussels("2027-03-28 03:00").astimezone(UTC)


def test_a_schedule_that_closes_within_the_repeated_hour_opens_again_when_it_repeats() -> None:
    plan = scheduled((60, 150))
    at = brussels("2027-10-31 00:00")
    changes: list[str] = []
    while len(changes) < 4:
        at = next_change(plan, plan.schedules["s"], at) or at
        changes.append(f"{at:%d %H:%M}")
    assert changes == [
        "30 23:00",
        "31 00:30",
        "31 01:00",
        "31 01:30",
    ]  # UTC: 01:00, 02:30 in summer; 02:00, 02:30 in winter


def test_a_night_that_ends_within_the_missing_hour_closes_when_it_begins() -> None:
    night = scheduled((1320, 1440 + 150))  # 22:00-02:30
    change = next_change(night, night.schedules["s"], brussels("2027-03-27 23:00"))
    assert change == brussels("2027-03-28 03:00").astimezone(UTC)


def test_a_night_that_the_repeated_hour_brings_back_opens_before_what_follows_it() -> None:
    night = scheduled((1320, 1440 + 150), (150, 160))  # 22:00-02:30, 02:30-02:40
    change = next_change(night, night.schedules["s"], brussels("2027-10-31 02:45"))
    assert change == brussels("2027-10-31 02:00", fold=1).astimezone(UTC)


@pytest.mark.parametrize("spans", [(), ((0, 1440),)])
def test_what_is_always_open_or_always_closed_never_changes(spans: tuple[tuple[int, int], ...]) -> None:
    plan = scheduled(*spans)
    assert next_change(plan, plan.schedules["s"], brussels("2026-11-24 10:00")) is None


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_spans_are_half_open(start: int, length: int) -> None:
    plan = scheduled((start, start + length), days=(2,))  # Wednesdays only
    begins = datetime.combine(date(2026, 11, 25), time(), BRUSSELS) + start * MINUTE
    ends = begins + length * MINUTE
    around = (begins - MINUTE, begins, ends - MINUTE, ends)
    assert [state(plan, plan.schedules["s"], at).open for at in around] == [False, True, True, False]
