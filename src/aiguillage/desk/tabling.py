"""The timetable for people: where calls go in a week, or in a year for calendars; and which calls reach somebody."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import icalendar

from aiguillage.desk.comparing import callers_as_data
from aiguillage.desk.explaining import called_number, caller_number
from aiguillage.desk.snapshot import Snapshot
from aiguillage.desk.wording import Words
from aiguillage.desk.wording.callers import who
from aiguillage.desk.wording.stops import way
from aiguillage.desk.wording.times import named_times, times
from aiguillage.errors import Refused
from aiguillage.routing import hours
from aiguillage.routing import plan as p
from aiguillage.routing.callers import Callers, Domain
from aiguillage.routing.compare import merged
from aiguillage.routing.decide import Call
from aiguillage.routing.directory import Contact, Directory, directory_of
from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import Plan
from aiguillage.routing.stops import Stop, stops
from aiguillage.routing.timetable import Span, State, Timetable

_DAY = timedelta(days=1)
WEEK, YEAR = timedelta(days=7), timedelta(days=366)
UNKNOWN = "unknown"
_ANY_NUMBER = E164("+32499000000")


@dataclass(frozen=True, slots=True)
class Entry:
    """A call between `span`'s ends goes this way by `route` (None: the last resort)."""

    span: Span
    route: str | None
    stops: tuple[Stop, ...]


def first_day(plan: Plan, day: date | None, now: datetime) -> datetime:
    """Midnight, on the organisation's clock, of `day` or of today."""
    return hours.midnight(plan, day or now.astimezone(hours.zone(plan)).date())


def entries(snapshot: Snapshot, called: str, caller: str, since: datetime, until: datetime) -> tuple[Entry, ...]:
    """Where a caller gets, span after span. `called` as for `explain`, or a DID's key.

    `caller`: a number in any spelling, `withheld`, `unknown`, or somebody by what they are: `president@hainaut`,
    `parent`, `@liege` (category, unit). Raises NumberRefused, Refused.
    """
    plan = snapshot.plan
    number, directory = _caller(snapshot, caller)
    did = did_of(plan, called)
    table = Timetable(plan, did, since, until)
    found: list[Entry] = []
    for start, _ in table.eras:
        row = table.row_of(directory, Call(table.called, number), max(start, table.since))
        entry = Entry(Span(start, table.until), row.decision.route, stops(plan, row.decision.itinerary.steps))
        if found and found[-1].stops == entry.stops and found[-1].route == entry.route:
            continue
        if found:
            found[-1] = replace(found[-1], span=Span(found[-1].span.start, start))
        found.append(entry)
    return tuple(found)


def did_of(plan: Plan, called: str) -> str | None:
    """The key of one of our numbers; None for a number that is none of ours."""
    return p.did_of(plan, called_number(plan, called))


def _caller(snapshot: Snapshot, caller: str) -> tuple[E164 | None, Directory]:
    plan = snapshot.plan
    category, at, unit = caller.partition("@")
    if caller == UNKNOWN:
        return _ANY_NUMBER, Directory()
    if at or category in plan.categories:
        for key, section, thing in ((category, plan.categories, "category"), (unit, plan.units, "unit")):
            if key and key not in section:
                raise Refused(f"there is no {thing} {key}; write one of {', '.join(section)}")
        contact = Contact("", (_ANY_NUMBER,), unit or None, category or None, plan.organisation.languages[0])
        return _ANY_NUMBER, directory_of([contact])
    return caller_number(plan, caller), snapshot.directory


# --- A week as a table -------------------------------------------------------------------------------------


def week_in_words(words: Words, plan: Plan, found: Iterable[Entry]) -> Iterator[str]:
    """Day by day: `Mon 23 Nov 2026`, then each span and where calls go."""
    where = hours.zone(plan)
    day: date | None = None
    for entry in found:
        start = entry.span.start.astimezone(where)
        while start < entry.span.end:
            end = min(entry.span.end, hours.midnight(plan, start.date() + _DAY))
            if start.date() != day:
                day = start.date()
                yield words.day(day)
            yield f"  {_span(plan, start, end)}  {_way(words, plan, entry)}"
            start = end.astimezone(where)


def _span(plan: Plan, start: datetime, end: datetime) -> str:
    where = hours.zone(plan)
    until = end.astimezone(where)
    return f"{start:%H:%M}-{'24:00' if until.date() > start.date() else f'{until:%H:%M}'}"


def _way(words: Words, plan: Plan, entry: Entry) -> str:
    route = entry.route if entry.route is not None else words("last resort")
    return f"{way(words, plan, entry.stops)}  [{route}]"


def as_data(plan: Plan, found: Iterable[Entry]) -> list[Mapping[str, Any]]:
    where = hours.zone(plan)
    return [
        {
            "start": entry.span.start.astimezone(where).isoformat(),
            "end": entry.span.end.astimezone(where).isoformat(),
            "route": entry.route,
            "stops": [stop_as_data(stop) for stop in entry.stops],
        }
        for entry in found
    ]


def stop_as_data(stop: Stop) -> Mapping[str, Any]:
    phones = [list(phones) for phones in stop.phones]
    return {"kind": stop.kind, "key": stop.key, "phones": phones, "via": stop.via or None}


def as_calendar(words: Words, plan: Plan, title: str, found: Iterable[Entry], now: datetime) -> bytes:
    """iCalendar (RFC 5545): an event for each span, in UTC."""
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Aiguillage//Timetable//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    for entry in found:
        event = icalendar.Event()
        event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{title} {entry.span.start:%Y%m%dT%H%M%SZ}")))
        event.add("dtstamp", now)
        event.add("dtstart", entry.span.start)
        event.add("dtend", entry.span.end)
        event.add("summary", way(words, plan, entry.stops))
        event.add("description", entry.route or words("last resort"))
        calendar.add_component(event)
    return bytes(calendar.to_ical())


# --- Everybody ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Callers of `domain` who go the same way at the same times."""

    domain: Domain
    callers: tuple[Callers, ...]
    spans: tuple[Span, ...]
    route: str | None
    stops: tuple[Stop, ...]


def groups(plan: Plan, did: str | None, since: datetime, until: datetime) -> Iterator[Group]:
    """Every kind of caller of a number, by where they get and when."""
    table = Timetable(plan, did, since, until)
    by_way: dict[tuple[Callers, str | None, tuple[Stop, ...]], list[State]] = {}
    for row in table.rows():
        taken = stops(plan, row.decision.itinerary.steps)
        by_way.setdefault((row.callers, row.decision.route, taken), []).append(row.state)
    together: dict[tuple[frozenset[State], str | None, tuple[Stop, ...]], list[Callers]] = {}
    for (callers, route, taken), states in by_way.items():
        together.setdefault((frozenset(states), route, taken), []).append(callers)
    for (states_of, route, taken), sets in together.items():
        yield Group(table.domain, merged(sets), spans_of(table, states_of), route, taken)


def spans_of(table: Timetable, states: Iterable[State]) -> tuple[Span, ...]:
    """When any of the states holds, neighbours joined."""
    found: list[Span] = []
    for span in sorted((span for state in states for span in table.spans[state]), key=lambda span: span.start):
        if found and found[-1].end == span.start:
            found[-1] = Span(found[-1].start, span.end)
        else:
            found.append(span)
    return tuple(found)


def groups_in_words(
    words: Words, plan: Plan, found: Iterable[Group], since: datetime, until: datetime
) -> Iterator[str]:
    named = named_times(words, plan, since, until)
    for group in found:
        yield who(words, plan, group.domain, group.callers)
        spans = tuple((span.start, span.end) for span in group.spans)
        when = [named[spans]] if spans in named else list(times(words, plan, spans, since, until))
        yield from (f"  {each}" for each in when)
        route = group.route if group.route is not None else words("last resort")
        yield f"    {way(words, plan, group.stops)}  [{route}]"


def groups_as_data(found: Iterable[Group]) -> list[Mapping[str, Any]]:
    return [
        {
            "callers": [callers_as_data(callers) for callers in group.callers],
            "spans": [{"start": span.start.isoformat(), "end": span.end.isoformat()} for span in group.spans],
            "route": group.route,
            "stops": [stop_as_data(stop) for stop in group.stops],
        }
        for group in found
    ]
