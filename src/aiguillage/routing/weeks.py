"""Spans of time as people say them: by the day of the week, with a beginning, an end and exceptions.

    weekly(spans, zone, first, last) -> [Weekly(Fridays, 16:00-17:00, from 4 December), …]

Together they are the spans, no more and no less.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MINUTE = timedelta(minutes=1)
_ENOUGH = 2
"""Weeks that make a habit; fewer are told as dates."""
_WHOLE_DAY = 24 * 60

Hours = tuple[tuple[int, int], ...]
"""Minutes since midnight of the clock on the wall, [start, end)."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """`hours` on each of `weekdays` (0 = Monday), from `first` to `last`, both inclusive, but not on the days `but`.

    None: from the beginning, or to the end, of the time that was looked at.
    """

    weekdays: tuple[int, ...]
    hours: Hours
    first: date | None = None
    last: date | None = None
    but: tuple[date, ...] = ()

    @property
    def always(self) -> bool:
        return self == Weekly(tuple(range(7)), ((0, _WHOLE_DAY),))


@dataclass(frozen=True, slots=True)
class Dated:
    """`hours` on these days, in order."""

    days: tuple[date, ...]
    hours: Hours


def weekly(
    spans: Iterable[tuple[datetime, datetime]], where: tzinfo, first: date, last: date
) -> tuple[Weekly | Dated, ...]:
    """`spans` (aware, [start, end)) lie on the days from `first` to `last`, both inclusive, on the clock of `where`."""
    by_day = _by_day(spans, where)
    days = [first + index * _DAY for index in range((last - first).days + 1)]
    runs: list[_Run] = []
    dated: dict[Hours, list[date]] = defaultdict(list)
    for weekday in range(7):
        of_weekday = [day for day in days if day.weekday() == weekday]
        for hours in dict.fromkeys(by_day[day] for day in of_weekday if day in by_day):
            held = [day for day in of_weekday if by_day.get(day) == hours]
            run = _habit(of_weekday, held, hours)
            if run is not None:
                runs.append(run)
            else:
                dated[hours] += held
    told: list[Weekly] = []
    for together in _together(runs):
        if max(len(run.held) for run in together) >= min(_ENOUGH, len(days) // 7):
            told.append(_as_one(together))
        else:
            dated[together[0].hours] += [day for run in together for day in run.held]
    rest = [Dated(tuple(sorted(each)), hours) for hours, each in dated.items()]
    return (*told, *sorted(rest, key=lambda each: each.days))


def _by_day(spans: Iterable[tuple[datetime, datetime]], where: tzinfo) -> dict[date, Hours]:
    """What the clock on the wall shows: an hour that it repeats is told once."""
    found: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for start, end in spans:
        at = start.astimezone(where)
        while at < end:
            midnight = datetime.combine(at.date() + _DAY, time(), where)
            until = min(end, midnight, key=lambda each: each.astimezone(UTC)).astimezone(where)
            change = _clock_change(at, until)
            then = (change or until).astimezone(where)
            last = (then.astimezone(UTC) - _MINUTE).astimezone(where)
            # An hour that the clock leaves out does not part what stands around it.
            to = max(last.hour * 60 + last.minute + 1, (then.hour * 60 + then.minute) if change else 0)
            found[at.date()].append((at.hour * 60 + at.minute, to))
            at = then
    return {day: _joined(each) for day, each in found.items()}


def _clock_change(start: datetime, end: datetime) -> datetime | None:
    """The first minute (UTC) between two times of a day at which the clock was put forward or back, if it was."""
    if start.utcoffset() == end.utcoffset():
        return None
    before, after = start.astimezone(UTC), end.astimezone(UTC)
    while after - before > _MINUTE:
        middle = before + (after - before) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(start.tzinfo).utcoffset() == start.utcoffset():
            before = middle
        else:
            after = middle
    return after


def _joined(pieces: Iterable[tuple[int, int]]) -> Hours:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(pieces):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class _Run:
    """A weekday's `hours` on the days `held`, the first to the last of them but for `but`."""

    weekday: int
    hours: Hours
    held: tuple[date, ...]
    but: tuple[date, ...]
    first: date | None
    last: date | None


def _habit(days: Sequence[date], held: Sequence[date], hours: Hours) -> _Run | None:
    """One run over those of a weekday's `days` that are `held`; None where the exceptions are the rule."""
    between = days[days.index(held[0]) : days.index(held[-1]) + 1]
    but = tuple(day for day in between if day not in held)
    if len(but) * 3 > len(held):
        return None
    first = held[0] if held[0] != days[0] else None
    last = held[-1] if held[-1] != days[-1] else None
    return _Run(days[0].weekday(), hours, tuple(held), but, first, last)


def _together(runs: Iterable[_Run]) -> list[list[_Run]]:
    """Weekdays that share their hours and begin and end in the same week are told together."""
    groups: list[list[_Run]] = []
    for run in runs:
        for group in groups:
            if run.hours == group[0].hours and all(_same_weeks(run, each) for each in group):
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def _as_one(group: list[_Run]) -> Weekly:
    return Weekly(
        tuple(run.weekday for run in group),
        group[0].hours,
        first=min((run.first for run in group if run.first), default=None),
        last=max((run.last for run in group if run.last), default=None),
        but=tuple(sorted(day for run in group for day in run.but)),
    )


def _same_weeks(one: _Run, other: _Run) -> bool:
    return _near(one.first, other.first) and _near(one.last, other.last)


def _near(one: date | None, other: date | None) -> bool:
    """So that no day of one of them lies between."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < _WEEK
