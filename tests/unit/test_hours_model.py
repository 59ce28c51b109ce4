"""Schedules against a second clock and a second calendar, minute by minute.

The model paints every span on a tape that has a place for each minute of the wall clock, from the midnight of the day
that the span starts on. It then reads the tape at the minute that the wall clock shows, one minute of UTC after the
other. Where the clock is put forward, 60 places of the tape are never read: nothing opens or closes there, and what
was painted across them is open on both sides. Where it is put back, 60 places are read twice: what is open from 02:00
to 02:30 opens twice.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguillage.routing import plan as p
from aiguillage.routing.hours import HORIZON, next_change, state
from tests.unit.builders import keyed, small_plan
from tests.unit.examples import PLAN
from tests.unit.plans import SPANS, tuples

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MINUTES_OF_A_DAY = 24 * 60

# --- the model ---

FIRST, LAST = date(2026, 2, 1), date(2029, 6, 30)
DAYS = [FIRST + each * DAY for each in range((LAST - FIRST).days)]
MIDNIGHT = datetime.combine(FIRST, time(), UTC)

WINTER, SUMMER = 60, 120
CLOCK_CHANGES = [
    ("2026-03-29T01:00Z", SUMMER),
    ("2026-10-25T01:00Z", WINTER),
    ("2027-03-28T01:00Z", SUMMER),
    ("2027-10-31T01:00Z", WINTER),
    ("2028-03-26T01:00Z", SUMMER),
    ("2028-10-29T01:00Z", WINTER),
    ("2029-03-25T01:00Z", SUMMER),
]
"""When Brussels changes to which minutes ahead of UTC (directive 2000/84/EC); FIRST is in winter."""

BELGIAN_HOLIDAYS = {
    date.fromisoformat(f"{year}-{day}")
    for year, moving in {
        2026: ["04-05", "04-06", "05-14", "05-24", "05-25"],
        2027: ["03-28", "03-29", "05-06", "05-16", "05-17"],
        2028: ["04-16", "04-17", "05-25", "06-04", "06-05"],
        2029: ["04-01", "04-02", "05-10", "05-20", "05-21"],
    }.items()
    for day in [*moving, "01-01", "05-01", "07-21", "08-15", "11-01", "11-11", "12-25"]
}
"""Easter and Pentecost with their Mondays, Ascension, and the seven that do not move."""


def minutes_since_midnight(instant: datetime) -> int:
    """Whole minutes of UTC since MIDNIGHT."""
    return (instant - MIDNIGHT) // MINUTE


def days_of(calendar: p.Calendar) -> set[date]:
    held = set(BELGIAN_HOLIDAYS) if calendar.public_holidays == "BE" else set[date]()
    for dates in calendar.dates:
        held |= {dates.first + each * DAY for each in range((dates.last - dates.first).days + 1)}
    return held


def painted(plan: p.Plan, schedule: p.Schedule) -> bytearray:
    """1 for each minute of the wall clock, from 00:00 of FIRST, in which `schedule` is open; 0 for the others."""
    exceptions = [(days_of(plan.calendars[each.calendar]), each.spans) for each in schedule.exceptions]
    tape = bytearray((len(DAYS) + 2) * MINUTES_OF_A_DAY)
    for index, day in enumerate(DAYS):
        weekly = [span for opening in schedule.openings if day.weekday() in opening.days for span in opening.spans]
        for span in next((spans for held, spans in exceptions if day in held), weekly):
            midnight = index * MINUTES_OF_A_DAY
            tape[midnight + span.start : midnight + span.end] = b"\1" * (span.end - span.start)
    return tape


def model(plan: p.Plan, schedule: p.Schedule) -> bytes:
    """1 for each minute of UTC since MIDNIGHT in which `schedule` is open; 0 for the others."""
    tape = painted(plan, schedule)
    changes = [(minutes_since_midnight(datetime.fromisoformat(at)), ahead) for at, ahead in CLOCK_CHANGES]
    pieces = [(0, WINTER), *changes, (len(DAYS) * MINUTES_OF_A_DAY, 0)]
    return b"".join(tape[begin + ahead : end + ahead] for (begin, ahead), (end, _) in pairwise(pieces))


# --- both, side by side ---


def assert_same_states(plan: p.Plan, schedule: p.Schedule, minutes: range) -> None:
    expected = model(plan, schedule)
    wrong = [at for at in minutes if state(plan, schedule, MIDNIGHT + at * MINUTE).open != expected[at]]
    assert not wrong, f"open is wrong at {MIDNIGHT + wrong[0] * MINUTE}, and {len(wrong) - 1} more"


def assert_same_change(plan: p.Plan, schedule: p.Schedule, expected: bytes, at: int) -> int | None:
    """Nothing changes before `next_change`, and something does then; returns it.

    A change beyond HORIZON may be found or not.
    """
    found = expected.find(1 - expected[at], at + 1)
    change = next_change(plan, schedule, MIDNIGHT + at * MINUTE)
    if change is None:
        assert found < 0 or (found - at) * MINUTE > HORIZON - 3 * DAY
        return None
    assert change == MIDNIGHT + found * MINUTE
    return found


def assert_same_changes(plan: p.Plan, schedule: p.Schedule, expected: bytes, minutes: range) -> int:
    """Go from change to change, and look at each from one minute before it as well; how many there are."""
    at: int | None = minutes.start
    changes = -1
    while at is not None and at < minutes.stop:
        changes += 1
        assert_same_change(plan, schedule, expected, at - 1)
        at = assert_same_change(plan, schedule, expected, at)
    return changes


# --- two years of a few schedules ---

TWO_YEARS = range(
    minutes_since_midnight(datetime(2026, 3, 2, tzinfo=UTC)), minutes_since_midnight(datetime(2028, 3, 6, tzinfo=UTC))
)
"""With four clock changes and a leap day."""

NASTY = small_plan(
    calendars=keyed(
        p.Calendar("easter", public_holidays="BE", dates=(p.DateRange(date(2026, 10, 24), date(2026, 10, 25)),)),
        p.Calendar("leap", dates=(p.DateRange(date(2028, 2, 29), date(2028, 2, 29)),)),
        p.Calendar("winter", dates=(p.DateRange(date(2026, 12, 30), date(2027, 1, 2)),)),
        p.Calendar("march", dates=(p.DateRange(date(2027, 3, 27), date(2027, 3, 29)),)),
    ),
    schedules=keyed(
        p.Schedule(
            "nasty",
            (
                p.Opening((4, 5, 6), (p.Span(1310, 1440 + 150), p.Span(155, 165))),  # nights that end at 02:30
                p.Opening((0, 1, 2, 3), (p.Span(0, 1), p.Span(1439, 1440), p.Span(600, 1440 + 601))),
                p.Opening((2,), (p.Span(600, 660), p.Span(660, 720))),  # one touches the other
            ),
            (
                p.ScheduleException("easter", (p.Span(130, 150), p.Span(1380, 1440 + 179))),
                p.ScheduleException("leap", (p.Span(720, 1440 + 720),)),
                p.ScheduleException("winter"),
                p.ScheduleException("march", (p.Span(0, 1440),)),
            ),
        )
    ),
)


@pytest.mark.parametrize(
    "plan, key, step",
    [
        (PLAN, "office", 1),
        (NASTY, "nasty", 1),
        (PLAN, "rush", 11),  # not a divisor of a week: every minute of it has its turn
        (PLAN, "night-duty", 11),
    ],
)
def test_two_years_minute_by_minute(plan: p.Plan, key: str, step: int) -> None:
    assert_same_states(plan, plan.schedules[key], TWO_YEARS[::step])


@pytest.mark.parametrize("plan, key", [(PLAN, "office"), (PLAN, "rush"), (PLAN, "night-duty"), (NASTY, "nasty")])
def test_two_years_change_by_change(plan: p.Plan, key: str) -> None:
    schedule = plan.schedules[key]
    assert assert_same_changes(plan, schedule, model(plan, schedule), TWO_YEARS) > 1000


# --- any schedule, where the calendar is odd ---

ODD_DAYS = st.sampled_from(
    [
        date(2026, 3, 29),
        date(2026, 10, 25),
        date(2026, 12, 31),
        date(2027, 3, 28),  # Easter as well
        date(2027, 10, 31),
        date(2027, 12, 31),
        date(2028, 2, 29),
        date(2028, 3, 26),
    ]
)
ODD_MINUTES = st.sampled_from([0, 1, 60, 119, 120, 130, 150, 155, 165, 179, 180, 181, 360, 1320, 1380, 1439])
ODD_SPANS = st.builds(
    lambda start, end: p.Span(start, end if end > start else end + MINUTES_OF_A_DAY), ODD_MINUTES, ODD_MINUTES
)


@st.composite
def around(draw: st.DrawFn) -> tuple[p.Plan, range]:
    """Five days around an odd one, and a plan whose schedule `s` has up to three exceptions near it."""
    odd = draw(ODD_DAYS)
    near = st.integers(-3, 3).map(lambda days: odd + days * DAY)
    dates = st.builds(lambda first, days: p.DateRange(first, first + days * DAY), near, st.integers(0, 3))
    countries = st.sampled_from([None, "BE"])
    calendars = keyed(*(draw(st.builds(p.Calendar, st.just(key), countries, tuples(dates))) for key in "abc"))
    spans = ODD_SPANS | SPANS
    days = st.just(tuple(range(7))) | st.sets(st.integers(0, 6), min_size=1).map(lambda drawn: tuple(sorted(drawn)))
    openings = tuples(st.builds(p.Opening, days, tuples(spans, 1)))
    exceptions = tuples(st.builds(p.ScheduleException, st.sampled_from("abc"), tuples(spans)))
    schedule = p.Schedule("s", draw(openings), draw(exceptions))
    first = minutes_since_midnight(datetime.combine(odd - 2 * DAY, time(), UTC))
    return small_plan(schedules=keyed(schedule), calendars=calendars), range(first, first + 5 * MINUTES_OF_A_DAY)


@given(around())
@settings(max_examples=50)
def test_the_state_is_the_models(drawn: tuple[p.Plan, range]) -> None:
    plan, minutes = drawn
    assert_same_states(plan, plan.schedules["s"], minutes)


@given(around(), st.lists(st.integers(0, 5 * MINUTES_OF_A_DAY - 1), max_size=5))
@settings(max_examples=80)
def test_the_next_change_is_the_models(drawn: tuple[p.Plan, range], some: list[int]) -> None:
    plan, minutes = drawn
    schedule = plan.schedules["s"]
    expected = model(plan, schedule)
    assert_same_changes(plan, schedule, expected, minutes)
    for each in some:
        assert_same_change(plan, schedule, expected, minutes[each])


@given(around(), st.integers(0, 5 * MINUTES_OF_A_DAY - 1), st.integers(0, 59_999_999))
@settings(max_examples=30)
def test_seconds_change_nothing(drawn: tuple[p.Plan, range], minute: int, microseconds: int) -> None:
    plan, minutes = drawn
    schedule = plan.schedules["s"]
    begins = MIDNIGHT + minutes[minute] * MINUTE
    within = begins + timedelta(microseconds=microseconds)
    assert state(plan, schedule, within) == state(plan, schedule, begins)
    assert next_change(plan, schedule, within) == next_change(plan, schedule, begins)
