"""When: spans of time by the days of the week."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from aiguillage.desk.wording.words import Words
from aiguillage.routing import hours
from aiguillage.routing.notes import Listed
from aiguillage.routing.plan import Hours as Condition
from aiguillage.routing.plan import Plan
from aiguillage.routing.weeks import Dated, Hours, Weekly, weekly

_FEW = 4
Spans = tuple[tuple[datetime, datetime], ...]
_ALL_DAY = ((0, 24 * 60),)


def times(
    words: Words, plan: Plan, spans: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime
) -> Iterator[str]:
    """`Fridays 16:00-17:00 from Fri 4 Dec 2026`, one for each habit and the odd days; of spans in [since, until)."""
    where = hours.zone(plan)
    first, last = since.astimezone(where).date(), (until - timedelta(seconds=1)).astimezone(where).date()
    for each in weekly(spans, where, first, last):
        yield _weekly(words, each) if isinstance(each, Weekly) else _dated(words, each)


def hours_in_words(words: Words, condition: Condition) -> str:
    """`while office and rush are open, holiday is closed`."""
    said = []
    if condition.when:
        one, several = "while {schedules} is open", "while {schedules} are open"
        said.append(words(several if len(condition.when) > 1 else one, schedules=Listed(condition.when)))
    if condition.unless:
        one, several = "while {schedules} is closed", "while {schedules} are closed"
        said.append(words(several if len(condition.unless) > 1 else one, schedules=Listed(condition.unless)))
    return ", ".join(said)


def named_times(
    words: Words, plan: Plan, since: datetime, until: datetime, known: Callable[[str], bool] = lambda _: True
) -> Mapping[Spans, str]:
    """The hours that routes ask for, and those of every schedule, by when they are: `while office is open`.

    Only of schedules that are `known` to whoever reads this.
    """
    conditions = [route.hours for route in plan.inbound_routes]
    conditions += [Condition(when=(key,)) for key in plan.schedules]
    conditions += [Condition(unless=(key,)) for key in plan.schedules]
    named: dict[Spans, str] = {}
    for each in conditions:
        schedules = (*each.when, *each.unless)
        if schedules and all(known(key) for key in schedules):
            named.setdefault(tuple(hours.spans(plan, each, since, until)), hours_in_words(words, each))
    return named


def _weekly(words: Words, run: Weekly) -> str:
    if run.always:
        return words("at any time")
    said = _days(words, run.weekdays)
    if run.hours != _ALL_DAY:
        said = f"{said} {clock(run.hours)}"
    if run.first is not None:
        said = words("{when} from {day}", when=said, day=run.first)
    if run.last is not None:
        said = words("{when} until {day}", when=said, day=run.last)
    if run.but:
        said = words("{when}, except on {days}", when=said, days=_dates(words, run.but))
    return said


def _dated(words: Words, dated: Dated) -> str:
    said = words("on {days}", days=_dates(words, dated.days))
    return said if dated.hours == _ALL_DAY else f"{said}, {clock(dated.hours)}"


def _days(words: Words, weekdays: tuple[int, ...]) -> str:
    if len(weekdays) == 7:
        return words("every day")
    if len(weekdays) > 2 and weekdays[-1] - weekdays[0] == len(weekdays) - 1:
        return words("{first} to {last}", first=words.weekday(weekdays[0]), last=words.weekday(weekdays[-1]))
    return words.say(Listed(tuple(words("{weekday}s", weekday=words.weekday(each)) for each in weekdays)))


def _dates(words: Words, days: tuple[date, ...]) -> Listed | str:
    if len(days) <= _FEW:
        return Listed(days)
    return words(
        "{number} days between {first} and {last}", number=words.number(len(days)), first=days[0], last=days[-1]
    )


def clock(spans: Hours) -> str:
    """`09:00-12:30 13:30-17:00`."""
    return " ".join(f"{_minute(start)}-{_minute(end)}" for start, end in spans)


def _minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
