"""Everything that the proof looks at: the timetables of all our numbers, and what follows every key in them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from aiguillage.routing import plan as p
from aiguillage.routing.callers import NONE, Kind
from aiguillage.routing.directory import Directory
from aiguillage.routing.itinerary import Step
from aiguillage.routing.notes import Listed
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.proof.problem import ExampleCall
from aiguillage.routing.reach import Reached, reached
from aiguillage.routing.timetable import Row, State, Timetable
from aiguillage.routing.trace import Decision
from aiguillage.routing.unfold import Press


@dataclass(frozen=True, slots=True)
class Seen:
    """A decision of the timetable, or what follows the keys pressed after it."""

    table: Timetable
    row: Row
    presses: tuple[Press, ...]
    decision: Decision

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.decision.itinerary.steps

    @property
    def path(self) -> str:
        """Where the plan says this."""
        if self.presses:
            menu, keys = self.presses[-1].menu, self.presses[-1].keys
            return f"menus.{menu}.keys.{keys}" if keys in self.table.plan.menus[menu].keys else f"menus.{menu}"
        return "last_resort.steps" if self.row.route is None else f"inbound_routes[{self.row.route}].steps"


@dataclass(frozen=True)
class Evidence:
    """`plan` from `since` to `until` (aware); examples are taken from `directory` where it has one."""

    plan: p.Plan
    directory: Directory
    since: datetime
    until: datetime

    @cached_property
    def tables(self) -> tuple[Timetable, ...]:
        """One for each number of ours, and one for a number that is none: a trunk may bring us such a call."""
        foreign = Timetable(self.plan, None, self.since, self.until)
        ours = (Timetable(self.plan, did, self.since, self.until, beside=foreign) for did in self.plan.dids)
        return (*ours, foreign)

    @cached_property
    def rows(self) -> tuple[tuple[Timetable, Row], ...]:
        """Each distinct one, as early as it comes."""
        return tuple((table, row) for table in self.tables for row in table.distinct_rows())

    @cached_property
    def seen(self) -> tuple[Seen, ...]:
        """Every decision, every key followed; the extensions that a menu takes once for each route and state."""
        return tuple(self._follow())

    def _follow(self) -> Iterator[Seen]:
        decided: set[tuple[int, str]] = set()
        dialled: set[tuple[Timetable, State, int | None]] = set()
        for table, row in self.rows:
            once = (id(row.decision), self.plan.dids[table.did].trunk if table.did is not None else "")
            if once in decided:
                continue  # other callers with the same steps, on the same trunk
            decided.add(once)
            for presses, decision in table.follow(row).items():
                yield Seen(table, row, presses, decision)
            where = (table, row.state, row.route)
            if where not in dialled:
                dialled.add(where)
                for presses, decision in table.extensions(row).items():
                    yield Seen(table, row, presses, decision)

    # --- Examples ---

    def example(self, table: Timetable, kind: Kind, at: datetime, unit: str | None = None) -> ExampleCall:
        """`unit` is one of those that the kind stands for; None = any."""
        caller = self._caller(table, kind, unit)
        units = table.domain.units[kind.unit]
        unit = unit or next(iter(units), None) if kind.showing == "known" else None
        return ExampleCall(caller, table.called, table.did, at, kind.category or None, unit)

    def example_of(self, seen: Seen) -> ExampleCall:
        return self.example(seen.table, seen.row.kind, seen.row.state.at)

    def example_row(self, wanted: Callable[[Timetable, Row], bool]) -> ExampleCall | None:
        found = next(((table, row) for table, row in self.rows if wanted(table, row)), None)
        return self.example(found[0], found[1].kind, found[1].state.at) if found else None

    def example_entering(self, menu: str) -> ExampleCall | None:
        return self.example_row(lambda _, row: menu in self.leads(row.decision.route).menus)

    def example_taken_by(self, route: str) -> ExampleCall | None:
        return self.example_row(lambda _, row: row.decision.route == route)

    def example_at(self, path: str) -> ExampleCall | None:
        """A call that may come to the steps at `path`."""
        section, _, rest = path.partition("[")
        if section == "inbound_routes":
            return self.example_taken_by(self.plan.inbound_routes[int(rest.partition("]")[0])].name)
        if path.startswith("menus."):
            return self.example_entering(path.split(".")[1])
        return self.example_row(lambda *_: True)

    def example_with(self, person: str) -> ExampleCall | None:
        """A call that may ring a person: by name, in a group or queue, or as somebody who is responsible."""
        return self.example_row(lambda table, row: person in self._rung(table, row))

    def _rung(self, table: Timetable, row: Row) -> set[str]:
        leads = self.leads(row.decision.route)
        people = leads.named | leads.members
        if leads.responsible:
            people |= {mandate.person for mandate in self.mandates(row)}
        if leads.last_colleague and row.kind.returning != NONE:
            people |= {row.kind.colleague}
        return people

    def mandates(self, row: Row) -> Iterator[p.Mandate]:
        """Those that are valid then, of the caller's unit and all above it."""
        for unit in p.ladder(self.plan, row.kind.unit):
            for place, mandate in enumerate(self.plan.units[unit].mandates):
                if (unit, place) in row.state.mandates:
                    yield mandate

    def example_hearing(self, prompt: str, languages: Sequence[str]) -> ExampleCall | None:
        """A call by somebody who speaks one of `languages`, to a route that may play a prompt."""
        found = (
            self.example(table, replace(row.kind, language=languages[0]), row.state.at)
            for table, row in self.rows
            if row.kind.showing == "known" and prompt in self.leads(row.decision.route).prompts
        )
        return next(found, None)

    def leads(self, route: str | None) -> Reached:
        """What a route (or the last resort, None) can lead to; whatever the hour."""
        return self._leads[route]

    @cached_property
    def _leads(self) -> dict[str | None, Reached]:
        found: dict[str | None, Reached] = {None: reached(self.plan, self.plan.last_resort)}
        return found | {route.name: reached(self.plan, route.steps) for route in self.plan.inbound_routes}

    def _caller(self, table: Timetable, kind: Kind, unit: str | None) -> E164 | None:
        """Somebody of the directory who is of this kind and nothing else, else an invented number."""
        if kind.showing == "withheld":
            return None
        if kind.showing == "known":
            units = (*table.domain.units[kind.unit], *([None] if kind.unit == NONE else []))
            for number, contacts in self.directory.by_number.items():
                (contact, *others) = contacts
                if (
                    not others
                    and (contact.category or NONE) == kind.category
                    and (contact.unit == unit if unit else contact.unit in units)
                    and (not kind.language or contact.language == kind.language)
                    and Pattern(kind.number or "+*").matches(number)
                ):
                    return number
        return table.domain.numbers[kind.number]


def names(plan: p.Plan, people: Iterable[str]) -> Listed:
    return Listed(tuple(plan.people[person].name for person in people))
