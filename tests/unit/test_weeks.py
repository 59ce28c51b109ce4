"""Spans told by the days of the week are the spans, no more and no less."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiguillage.routing import hours
from aiguillage.routing.plan import Hours
from aiguillage.routing.weeks import Dated, Weekly, weekly
from tests.unit.examples import BRUSSELS, PLAN, brussels

FIRST, LAST = date(2026, 10, 5), date(2027, 4, 11)
"""Mondays to Sundays, with both clock changes."""
MINUTES = st.integers(0, (LAST - FIRST).days * 24 * 60)
DAY = timedelta(days=1)
Pieces = set[tuple[date, int]]
NEVER_SHOWN = {(date(2027, 3, 28), minute) for minute in range(120, 180)}
"""The hour that the spring change removes."""


def told(spans: list[tuple[datetime, datetime]]) -> tuple[Weekly | Dated, ...]:
    return weekly(spans, BRUSSELS, FIRST, LAST)


def at(day: date, minute: int) -> datetime:
    return datetime.combine(day, time(minute // 60, minute % 60), BRUSSELS)


def unfolded(runs: tuple[Weekly | Dated, ...]) -> Pieces:
    """Every minute of every day, as the clock on the wall shows it."""
    found: Pieces = set()
    for run in runs:
        days = run.days if isinstance(run, Dated) else _days(run)
        found |= {(day, minute) for day in days for start, end in run.hours for minute in range(start, end)}
    return found


def _days(run: Weekly) -> list[date]:
    days = [FIRST + index * DAY for index in range((LAST - FIRST).days + 1)]
    return [
        day
        for day in days
        if day.weekday() in run.weekdays and (run.first or FIRST) <= day <= (run.last or LAST) and day not in run.but
    ]


def shown(spans: list[tuple[datetime, datetime]]) -> Pieces:
    found: Pieces = set()
    for start, end in spans:
        instant = start.astimezone(UTC)
        while instant < end:
            wall = instant.astimezone(BRUSSELS)
            found.add((wall.date(), wall.hour * 60 + wall.minute))
            instant += timedelta(minutes=1)
    return found


@given(st.lists(MINUTES, unique=True, max_size=12).map(sorted))
def test_any_spans_are_told_whole(edges: list[int]) -> None:
    begin = at(FIRST, 0).astimezone(UTC)
    instants = [begin + timedelta(minutes=edge) for edge in edges]
    spans = list(pairwise(instants))[::2]
    assert unfolded(told(spans)) - NEVER_SHOWN == shown(spans)


def test_a_habit_is_told_once_with_its_beginning_and_its_exceptions() -> None:
    fridays = [date(2026, 12, 4) + index * 7 * DAY for index in range(18) if index != 3]
    spans = [(at(day, 16 * 60), at(day, 17 * 60)) for day in fridays]
    hours_of = ((16 * 60, 17 * 60),)
    assert told(spans) == (
        Weekly((4,), hours_of, first=date(2026, 12, 4), last=date(2027, 4, 2), but=(date(2026, 12, 25),)),
    )


def test_office_hours_are_two_habits_and_the_odd_days() -> None:
    since, until = at(FIRST, 0), at(LAST, 0)
    runs = told(list(hours.spans(PLAN, Hours(when=("office",)), since, until)))
    assert [run.weekdays for run in runs if isinstance(run, Weekly)] == [(0, 1, 2, 3), (4,)]
    assert [run.days for run in runs if isinstance(run, Dated)] == [(date(2026, 11, 28),)]


def test_always_is_told_as_always() -> None:
    (run,) = told([(at(FIRST, 0), at(LAST + DAY, 0))])
    assert isinstance(run, Weekly)
    assert run.always


def test_the_hours_of_a_condition_are_those_at_which_it_holds() -> None:
    condition = Hours(when=("office",), unless=("rush",))
    since = brussels("2026-11-24 00:00")
    found = [
        f"{start.astimezone(BRUSSELS):%H:%M}-{end.astimezone(BRUSSELS):%H:%M}"
        for start, end in hours.spans(PLAN, condition, since, since + DAY)
    ]
    assert found == ["09:00-12:30", "13:30-15:00", "16:00-17:00"]
