"""`decide`, tabulated: for one number of ours, who calls when goes where.

    table = Timetable(plan, "central", since, until)
    for row in table.rows(): row.callers, row.state, row.decision

What a decision depends on beside the caller changes at certain instants only: a schedule opens or closes, a mandate
begins or ends. Between two of them is an era; eras in which the same holds share a `State`. A row is a set of callers
(`callers.py`) in a state. People's live state is not in the table: everybody is available. Neither are the turns of
ring groups: each is rung as if for the first time.

The proof (`check.py`), the comparison (`compare.py`) and whatever shows or keeps a plan's calendar read this table.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from aiguillage.routing import hours
from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.callers import NONE, Callers, Domain, Kind, domain
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.numbers import E164
from aiguillage.routing.reach import Reached, reached
from aiguillage.routing.trace import Decision
from aiguillage.routing.unfold import Press

_DAY = timedelta(days=1)
MOST_PRESSES = 9
"""Who presses more keys in a call is led to `otherwise` (docs/decisions/0010)."""


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end), UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What holds in an era: `open` schedules and the mandates that are valid, as (unit, place in its list).

    `at` (UTC) is the first instant at which it holds.
    """

    open: frozenset[str]
    mandates: frozenset[tuple[str, int]]
    at: datetime

    def holds(self, condition: p.Hours) -> bool:
        return self.open.issuperset(condition.when) and self.open.isdisjoint(condition.unless)


@dataclass(frozen=True, slots=True)
class Part:
    """`callers` whom the same route takes: its place in the plan, None where none does."""

    callers: Callers
    route: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """`route` takes every call by `callers` while `state` holds, and it gets these steps; `kind` is one of them.

    The decision may have been made for another such call: its trace is that one's.
    """

    callers: Callers
    kind: Kind
    state: State
    route: int | None
    decision: Decision


Holding = tuple[frozenset[str], frozenset[tuple[str, int]]]
"""What of a state makes a difference to the steps of a route."""


class Timetable:
    """Of one number of ours (`did`, a plan key), from `since` to `until` (aware). None: a number that is none of ours.

    `domain` may be wider than the plan needs: so that two plans' tables tell the same callers apart. A table shares
    what it has decided with `beside`, that of another number, where it does not matter which was called: `ours` in the
    itinerary, and the trace, are then of either.
    """

    def __init__(
        self,
        plan: p.Plan,
        did: str | None,
        since: datetime,
        until: datetime,
        *,
        among: Domain | None = None,
        beside: "Timetable | None" = None,
    ) -> None:
        self.plan, self.did = plan, did
        self.since, self.until = since.astimezone(UTC), until.astimezone(UTC)
        self.called = plan.dids[did].number if did is not None else _foreign(plan)
        self.routes = routes_to(plan, did)
        self.reached = [reached(plan, (*plan.inbound_routes[place].steps, *plan.last_resort)) for place in self.routes]
        self.reached_at_last = reached(plan, plan.last_resort)
        self.domain = among or domain([self.distinctions])
        self._parts: dict[tuple[int, ...], tuple[Part, ...]] = {}
        self.decided: dict[object, Decision] = beside.decided if beside is not None else {}
        self._holding: dict[tuple[State, int | None], Holding] = {}
        self._above: dict[tuple[str, frozenset[tuple[str, int]]], tuple[object, ...]] = {}

    @property
    def distinctions(self) -> tuple[p.Plan, list[p.InboundRoute], Reached]:
        """What `callers.domain` needs to know."""
        return self.plan, [self.plan.inbound_routes[place] for place in self.routes], self.everything

    @cached_property
    def everything(self) -> Reached:
        """What any call to this number can lead to."""
        steps = [step for place in self.routes for step in self.plan.inbound_routes[place].steps]
        return reached(self.plan, (*steps, *self.plan.last_resort))

    # --- Time ---

    @cached_property
    def eras(self) -> tuple[tuple[datetime, State], ...]:
        """When each era begins, and what holds in it; the first begins at `since`."""
        schedules = sorted(self._schedules())
        of_plan = self.plan.schedules
        open_now = {key for key in schedules if hours.state(self.plan, of_plan[key], self.since).open}
        changes: dict[datetime, list[str]] = {}
        for key in schedules:
            for at, _ in hours.changes(self.plan, of_plan[key], self.since, self.until):
                changes.setdefault(at, []).append(key)
        mandates = self._mandates()
        states: dict[tuple[frozenset[str], frozenset[tuple[str, int]]], State] = {}
        eras: list[tuple[datetime, State]] = []
        for at in sorted({self.since, *changes, *mandates}):
            open_now.symmetric_difference_update(changes.get(at, ()))
            valid = mandates.get(at, eras[-1][1].mandates if eras else frozenset())
            state = states.setdefault((frozenset(open_now), valid), State(frozenset(open_now), valid, at))
            if not eras or eras[-1][1] is not state:
                eras.append((at, state))
        return tuple(eras)

    def _schedules(self) -> set[str]:
        """Those that can make a difference to a call to this number."""
        routes = (self.plan.inbound_routes[place].hours for place in self.routes)
        reaches = (each.hours for person in self.everything.people for each in self.plan.people[person].reach)
        return {key for each in (*routes, *reaches) for key in (*each.when, *each.unless)}

    def _mandates(self) -> dict[datetime, frozenset[tuple[str, int]]]:
        """The mandates that are valid from each instant on at which that changes."""
        if not self.everything.responsible:
            return {self.since: frozenset()}
        units = self.plan.units.values()
        every = [(unit.key, place, each) for unit in units for place, each in enumerate(unit.mandates)]
        days = {each.first for *_, each in every if each.first} | {each.last + _DAY for *_, each in every if each.last}
        midnights = {hours.midnight(self.plan, day) for day in days}
        found = {}
        for at in sorted({self.since, *(each for each in midnights if self.since < each < self.until)}):
            today = at.astimezone(hours.zone(self.plan)).date()
            found[at] = frozenset((unit, place) for unit, place, each in every if each.valid(today))
        return found

    def state_at(self, at: datetime) -> State:
        """What holds at `at` (aware), between `since` and `until`."""
        return self.eras[bisect_right(self.eras, at, key=lambda era: era[0]) - 1][1]

    def eras_between(self, start: datetime, end: datetime) -> Sequence[tuple[datetime, State]]:
        """The eras that begin after `start` and before `end`."""
        first = bisect_right(self.eras, start, key=lambda era: era[0])
        return self.eras[first : bisect_left(self.eras, end, key=lambda era: era[0])]

    @cached_property
    def spans(self) -> Mapping[State, tuple[Span, ...]]:
        """When each state holds."""
        found: dict[State, list[Span]] = {}
        ends = (*(at for at, _ in self.eras[1:]), self.until)
        for (start, state), end in zip(self.eras, ends, strict=True):
            found.setdefault(state, []).append(Span(start, end))
        return {state: tuple(spans) for state, spans in found.items()}

    # --- Callers ---

    def parts(self, state: State) -> tuple[Part, ...]:
        """All callers, by the route that takes them in `state`."""
        live = tuple(place for place in self.routes if state.holds(self.plan.inbound_routes[place].hours))
        if live not in self._parts:
            self._parts[live] = tuple(self._divide(live))
        return self._parts[live]

    def _divide(self, live: Iterable[int]) -> Iterator[Part]:
        rest = list(self.domain.everybody)
        for place in live:
            left: list[Callers] = []
            for callers in rest:
                taken = self.domain.meant(self.plan, self.plan.inbound_routes[place].caller, callers)
                if taken is None:
                    left.append(callers)
                else:
                    yield Part(taken, place)
                    left += callers.without(taken)
            rest = left
        yield from (Part(callers, None) for callers in rest)

    def rows(self, *, languages: bool = False) -> Iterator[Row]:
        """Every row, state by state. `languages`: callers who are spoken to in another language stand apart."""
        for state in self.spans:
            for part in self.parts(state):
                yield from self._rows_of(part, state, languages=languages)

    def distinct_rows(self) -> Iterator[Row]:
        """Of all rows, one for each set of callers, route and decision: the first in time."""
        told = set[object]()
        for state in self.spans:
            for part in self.parts(state):
                once = (part, self.holding(state, part.route))
                if once not in told:
                    told.add(once)
                    yield from self._rows_of(part, state)

    def _rows_of(self, part: Part, state: State, *, languages: bool = False) -> Iterator[Row]:
        for callers in self.alike(part.callers, part.route, languages=languages):
            kind = next(self.domain.kinds(callers))
            yield Row(callers, kind, state, part.route, self.decide(kind, state, part.route))

    def alike(self, callers: Callers, route: int | None, *, languages: bool = False) -> Iterator[Callers]:
        """Some callers, by what makes a difference to the steps of the route that takes them."""
        leads = self.leads(route)
        each = [callers]
        if leads.responsible:
            each = [replace(callers, units=frozenset({unit})) for callers in each for unit in sorted(callers.units)]
        if leads.last_colleague:
            each = [apart for callers in each for apart in _by_colleague(callers)]
        if languages:
            each = [apart for callers in each for apart in self._by_language(callers)]
        yield from each

    def _by_language(self, callers: Callers) -> Iterator[Callers]:
        spoken: dict[str, set[str]] = {}
        for language in sorted(callers.languages):
            spoken.setdefault(self._spoken(language), set()).add(language)
        yield from (replace(callers, languages=frozenset(alike)) for alike in spoken.values())

    def _spoken(self, language: str) -> str:
        languages = self.plan.organisation.languages
        return language if language in languages else languages[0]

    # --- Decisions ---

    def leads(self, route: int | None) -> Reached:
        """What a route of this number, or the last resort, can lead to."""
        return self.reached[self.routes.index(route)] if route is not None else self.reached_at_last

    def holding(self, state: State, route: int | None) -> Holding:
        """What of `state` makes a difference to the steps of `route`; where it is the same, they are the same."""
        if (state, route) not in self._holding:
            leads = self.leads(route)
            reaches = (each.hours for person in leads.people for each in self.plan.people[person].reach)
            schedules = frozenset(key for each in reaches for key in (*each.when, *each.unless))
            mandates = state.mandates if leads.responsible else frozenset()
            self._holding[state, route] = (state.open & schedules, mandates)
        return self._holding[state, route]

    def decide(self, kind: Kind, state: State, route: int | None, presses: tuple[Press, ...] = ()) -> Decision:
        """The decision for a caller of this kind, whom `route` takes in `state`."""
        leads = self.leads(route)
        opened, mandates = self.holding(state, route)
        asked = (
            route,
            opened,
            self._mandates_above(kind.unit, mandates) if leads.responsible else None,
            (kind.returning != NONE, kind.colleague) if leads.last_colleague else None,
            self._spoken(kind.language),
            presses,
        )
        if asked not in self.decided:
            call, directory = self.domain.call(kind, self.called, state.at, presses)
            self.decided[asked] = decide(self.plan, directory, {}, call, state.at)
        return self.decided[asked]

    def _mandates_above(self, unit: str, mandates: frozenset[tuple[str, int]]) -> tuple[object, ...]:
        """Those of the unit and above it, nearest first: units with the same are answered for by the same people."""
        if (unit, mandates) not in self._above:
            ladder = p.ladder(self.plan, unit)
            places = ((each, place) for each in ladder for place in range(len(self.plan.units[each].mandates)))
            self._above[unit, mandates] = tuple(each for each in places if each in mandates)
        return self._above[unit, mandates]

    def row_of(self, directory: Directory, call: Call, at: datetime) -> Row:
        """The row that covers a call; of several contacts with the number, the one whose route comes first."""
        state = self.state_at(at)
        parts = self.parts(state)
        found = [
            (len(self.plan.inbound_routes) if part.route is None else part.route, kind, part)
            for kind in self.domain.kinds_of(directory, call, at)
            for part in parts
            if kind.among(part.callers)
        ]
        _, kind, part = min(found, key=lambda each: each[0])
        return Row(part.callers, kind, state, part.route, self.decide(kind, state, part.route))

    def follow(self, row: Row) -> dict[tuple[Press, ...], Decision]:
        """The row's decision, and what follows every key in every menu on the way, by the keys pressed.

        Each menu is followed once, on the shortest way to it.
        """
        found: dict[tuple[Press, ...], Decision] = {(): row.decision}
        waiting: list[tuple[Press, ...]] = [()]
        entered = set[str]()
        for presses in waiting:
            for step in i.in_line(found[presses].itinerary.steps):
                if not isinstance(step, i.Menu) or step.menu in entered or len(presses) >= MOST_PRESSES:
                    continue
                entered.add(step.menu)
                for keys in step.keys:
                    pressed = (*presses, Press(step.menu, keys))
                    found[pressed] = self.decide(row.kind, row.state, row.route, pressed)
                    waiting.append(pressed)
        return found

    def extensions(self, row: Row) -> dict[tuple[Press, ...], Decision]:
        """What follows every extension that may be dialled in a menu on the way, as `follow`."""
        found = {}
        for presses, decision in self.follow(row).items():
            for step in i.in_line(decision.itinerary.steps):
                if isinstance(step, i.Menu) and step.extensions and len(presses) < MOST_PRESSES:
                    for extension in _extensions(self.plan):
                        dialled = (*presses, Press(step.menu, extension))
                        found[dialled] = self.decide(row.kind, row.state, row.route, dialled)
        return found


def routes_to(plan: p.Plan, did: str | None) -> list[int]:
    """The places of the inbound routes that a call to `did` can take, as far as the number goes."""
    return [place for place, route in enumerate(plan.inbound_routes) if not route.to or did in route.to]


def _by_colleague(callers: Callers) -> Iterator[Callers]:
    never, returning = callers.returning & {NONE}, callers.returning - {NONE}
    if never:
        yield replace(callers, returning=never)
    if returning:
        yield from (
            replace(callers, returning=returning, colleagues=frozenset({each})) for each in sorted(callers.colleagues)
        )


def _extensions(plan: p.Plan) -> Iterator[str]:
    for section in (plan.people, plan.ring_groups, plan.queues, plan.voicemail_boxes):
        yield from (thing.extension for thing in section.values() if thing.extension is not None)


def _foreign(plan: p.Plan) -> E164:
    """A number that is none of ours."""
    return next(number for end in range(10, 100) if not p.is_ours(plan, number := E164(f"+3249990{end}00")))
