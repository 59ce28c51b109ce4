"""Schedules: open or closed at an instant, why, and when that changes next.

What counts is what the clock on the office wall shows. A schedule is open whenever that clock stands within one
of its spans, so an hour that the spring change removes is never seen, and one that the autumn change repeats is
seen twice. A span that crosses midnight belongs to the day it starts on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from aiguillage.routing.plan import Calendar, Hours, Plan, Schedule, Span

_DAY = timedelta(days=1)
HORIZON = timedelta(days=400)
"""How far `next_change` looks: more than a year, so that every yearly closure is seen once."""


@dataclass(frozen=True, slots=True)
class State:
    """`open`, and the calendar and label (`closures`, `Congés de fin d'année`) where an exception decided it."""

    open: bool
    calendar: str | None = None
    label: str | None = None


def state(plan: Plan, schedule: Schedule, at: datetime) -> State:
    """The state of `schedule` at an aware instant."""
    wall = at.astimezone(zone(plan))
    today, minute = wall.date(), wall.hour * 60 + wall.minute
    calendar, label, spans = _day_of(plan, schedule, today)
    if any(span.start <= minute < span.end for span in spans):
        return State(open=True, calendar=calendar, label=label)
    minute_of_yesterday = minute + 24 * 60
    night_calendar, night_label, nights = _day_of(plan, schedule, today - _DAY)
    if any(span.start <= minute_of_yesterday < span.end for span in nights):
        return State(open=True, calendar=night_calendar, label=night_label)
    return State(open=False, calendar=calendar, label=label)


def next_change(plan: Plan, schedule: Schedule, at: datetime) -> datetime | None:
    """The first instant (UTC) after `at` when `schedule` opens or closes; None within HORIZON."""
    return next((instant for instant, _ in changes(plan, schedule, at, at + HORIZON)), None)


def changes(plan: Plan, schedule: Schedule, after: datetime, before: datetime) -> Iterator[tuple[datetime, bool]]:
    """Every instant (UTC) between `after` and `before`, both excluded, when `schedule` opens (True) or closes."""
    was, day = state(plan, schedule, after).open, after.astimezone(zone(plan)).date()
    last = before.astimezone(zone(plan)).date()
    while day <= last:
        for instant in _instants(plan, schedule, day):
            if after < instant < before and state(plan, schedule, instant).open != was:
                was = not was
                yield instant, was
        day += _DAY


def spans(plan: Plan, condition: Hours, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When `condition` holds between two instants (aware), as [start, end)."""
    edges: dict[datetime, list[str]] = {}
    open_now = set[str]()
    for key in {*condition.when, *condition.unless}:
        if state(plan, plan.schedules[key], since).open:
            open_now.add(key)
        for at, _ in changes(plan, plan.schedules[key], since, until):
            edges.setdefault(at, []).append(key)
    start: datetime | None = None
    for at in sorted({since, *edges}):
        open_now.symmetric_difference_update(edges.get(at, ()))
        holds = open_now.issuperset(condition.when) and open_now.isdisjoint(condition.unless)
        if holds and start is None:
            start = at
        elif not holds and start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, until


def zone(plan: Plan) -> ZoneInfo:
    """The organisation's time zone."""
    return ZoneInfo(plan.organisation.timezone)


def midnight(plan: Plan, day: date) -> datetime:
    """The instant (UTC) at which `day` begins on the organisation's clock."""
    return datetime.combine(day, time(), zone(plan)).astimezone(UTC)


def next_time(clock: time, now: datetime, where: tzinfo) -> datetime:
    """The first instant (UTC) after `now` (aware) at which the clock on the wall shows `clock`.

    A time that the spring change removes is as far away as if the clock had gone on.
    """
    today = now.astimezone(where).date()
    return next(at for day in (today, today + _DAY) for at in _shown_at(day, clock, where) if at > now)


def _shown_at(day: date, clock: time, where: tzinfo) -> tuple[datetime, datetime]:
    """The two instants in the repeated hour of autumn; else twice the same."""
    once, again = (datetime.combine(day, clock, where).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return once, max(once, again)


def calendar_label(calendar: Calendar, day: date, language: str) -> str | None:
    """What `calendar` calls `day`, "" where it holds the day without a label, None where it does not hold it.

    Public holidays are named in `language` (ISO 639-1) where their names are known in it.
    """
    for dates in calendar.dates:
        if dates.first <= day <= dates.last:
            return dates.label or ""
    return holiday_label(calendar.public_holidays, day, language) if calendar.public_holidays is not None else None


def holiday_label(country: str, day: date, language: str) -> str | None:
    """The name of the public holiday that `day` is in a country (ISO 3166), None where it is none."""
    return _holidays(country, day.year, language).get(day)


def _day_of(plan: Plan, schedule: Schedule, day: date) -> tuple[str | None, str | None, tuple[Span, ...]]:
    """The spans that start on `day`, with the calendar and label that decided them."""
    for exception in schedule.exceptions:
        label = calendar_label(plan.calendars[exception.calendar], day, plan.organisation.languages[0])
        if label is not None:
            return exception.calendar, label, exception.spans
    weekday = day.weekday()
    return (
        None,
        None,
        tuple(span for opening in schedule.openings if weekday in opening.days for span in opening.spans),
    )


def _instants(plan: Plan, schedule: Schedule, day: date) -> list[datetime]:
    """Every instant on `day` at which a span or the clock may change the state, in order."""
    where, midnight = zone(plan), datetime.combine(day, time())
    edges = {minutes for span in _day_of(plan, schedule, day)[2] for minutes in (span.start, span.end)}
    for span in _day_of(plan, schedule, day - _DAY)[2]:
        edges |= {span.start - 24 * 60, span.end - 24 * 60}
    walls = [midnight + timedelta(minutes=minutes) for minutes in edges if 0 <= minutes < 24 * 60]
    shown = {wall.replace(tzinfo=where, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)}
    return sorted(shown.union(_clock_changes(day, where)))


@lru_cache(maxsize=4096)
def _clock_changes(day: date, where: tzinfo) -> tuple[datetime, ...]:
    """The instant on `day` at which the zone's offset changes, to the minute; most days have none."""
    first = datetime.combine(day, time(), where).astimezone(UTC)
    last = datetime.combine(day + _DAY, time(), where).astimezone(UTC)
    if first.astimezone(where).utcoffset() == last.astimezone(where).utcoffset():
        return ()
    before = first.astimezone(where).utcoffset()
    while last - first > timedelta(minutes=1):
        middle = first + (last - first) // 2
        if middle.astimezone(where).utcoffset() == before:
            first = middle
        else:
            last = middle
    return (last.replace(second=0, microsecond=0),)


@lru_cache(maxsize=512)
def _holidays(country: str, year: int, language: str) -> dict[date, str]:
    of_country = holidays.country_holidays(country)
    spoken = next((each for each in of_country.supported_languages if each.startswith(language)), None)
    # Without a language that it knows, `holidays` asks the machine's locale.
    return dict(holidays.country_holidays(country, years=year, language=spoken or of_country.default_language))
