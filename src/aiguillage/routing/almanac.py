"""The timetable of the coming weeks, for somebody who can only look things up: Asterisk, while nobody can be asked.

    almanac = almanac_of(plan, directory, since, until)
    almanac.itinerary(called, caller, at, presses)      what Asterisk does with it, step by step

Callers who are alike to the plan have one class, known ones by their number. For each number of ours a book says
which column holds from which instant on, in which line a class stands, and which page stands where they cross. A page
is an itinerary, and what follows the keys pressed in its menus.

As in the timetable itself, everybody is available, and whom we have called last is not known.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aiguillage.routing import plan as p
from aiguillage.routing.callers import Domain, Kind, by_width, domain
from aiguillage.routing.decide import Call
from aiguillage.routing.directory import NOBODY_KNOWN, Directory
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.numbers import E164, Pattern
from aiguillage.routing.timetable import Part, Row, State, Timetable
from aiguillage.routing.unfold import Press

Presses = tuple[Press, ...]
Page = Mapping[Presses, Itinerary]
"""What a caller gets, by the keys pressed so far; () before any."""


@dataclass(frozen=True, slots=True)
class Book:
    """Of one number of ours. `columns`: from when (UTC) which holds, in order; `lines`: by class; `pages`: the place in
    `Almanac.pages`, by line and column."""

    columns: tuple[tuple[datetime, int], ...]
    lines: Mapping[int, int]
    pages: Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Almanac:
    """`known`: the class of each number of the directory; `unknown`: of all others, by the narrowest pattern that
    matches, "" for the rest; `withheld`: of who shows none. `books`: by number of ours, None for any other."""

    since: datetime
    until: datetime
    known: Mapping[E164, int]
    unknown: Mapping[str, int]
    withheld: int
    books: Mapping[E164 | None, Book]
    pages: tuple[Page, ...]

    def itinerary(self, called: E164, caller: E164 | None, at: datetime, presses: Presses = ()) -> Itinerary | None:
        """None where the almanac does not say: before or after its time, or for keys that no menu on the way takes."""
        return self.page(called, caller, at).get(presses)

    def page(self, called: E164, caller: E164 | None, at: datetime) -> Page:
        """Empty before and after its time."""
        if not self.since <= at < self.until:
            return {}
        book = self.books[called if called in self.books else None]
        column = book.columns[bisect_right(book.columns, at, key=lambda each: each[0]) - 1][1]
        return self.pages[book.pages[book.lines[self.class_of(caller)], column]]

    def class_of(self, caller: E164 | None) -> int:
        if caller is None:
            return self.withheld
        known = self.known.get(caller)
        return self.unknown[narrowest(self.unknown, caller)] if known is None else known


def narrowest(patterns: Iterable[str], number: E164) -> str:
    """Of the patterns that match, "" matching any."""
    return next(text for text in by_width(patterns) if Pattern(text or "+*").matches(number))


def almanac_of(plan: p.Plan, directory: Directory, since: datetime, until: datetime) -> Almanac:
    """What `decide` says for every call between two instants (aware)."""
    return _Writing(plan, directory, since, until).almanac()


@dataclass(slots=True)
class _Writing:
    plan: p.Plan
    directory: Directory
    since: datetime
    until: datetime
    classes: dict[tuple[Kind, ...], int] = field(default_factory=dict)
    pages: dict[tuple[tuple[Presses, Itinerary], ...], int] = field(default_factory=dict)

    def almanac(self) -> Almanac:
        dids = (*self.plan.dids, None)
        alike = domain([self._timetable(did).distinctions for did in dids])
        known = {number: self._class(alike, self.directory, number) for number in self.directory.by_number}
        unknown = {text: self._class(alike, NOBODY_KNOWN, number) for text, number in alike.numbers.items()}
        withheld = self._class(alike, NOBODY_KNOWN, None)
        books: dict[E164 | None, Book] = {}
        first: Timetable | None = None
        for did in dids:
            table = Timetable(self.plan, did, self.since, self.until, among=alike, beside=first)
            first = first or table
            books[table.called if did is not None else None] = _Copying(table, self).book()
        pages = tuple(dict(each) for each in self.pages)
        return Almanac(self.since, self.until, known, unknown, withheld, books, pages)

    def _timetable(self, did: str | None) -> Timetable:
        return Timetable(self.plan, did, self.since, self.until)

    def _class(self, alike: Domain, directory: Directory, number: E164 | None) -> int:
        call = Call(p.first_number(self.plan) or E164(""), number)
        kinds = tuple(dict.fromkeys(alike.kinds_of(directory, call, self.since)))
        return self.classes.setdefault(kinds, len(self.classes))


@dataclass(slots=True)
class _Copying:
    """One number's book, from its timetable."""

    table: Timetable
    writing: _Writing
    taken: dict[tuple[int, tuple[Part, ...]], tuple[int | None, Kind]] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)

    def book(self) -> Book:
        states = list(self.table.spans)
        pages = {state: [self._page(kinds, state) for kinds in self.writing.classes] for state in states}
        lines: dict[tuple[int, ...], int] = {}
        line_of = {
            number: lines.setdefault(tuple(pages[state][number] for state in states), len(lines))
            for number in self.writing.classes.values()
        }
        columns: dict[tuple[int, ...], int] = {}
        column_of = {
            state: columns.setdefault(tuple(line[place] for line in lines), len(columns))
            for place, state in enumerate(states)
        }
        found = {
            (line, column): page for column_pages, column in columns.items() for line, page in enumerate(column_pages)
        }
        return Book(_merged((at, column_of[state]) for at, state in self.table.eras), line_of, found)

    def _page(self, kinds: tuple[Kind, ...], state: State) -> int:
        """The page of the contact whose route comes first."""
        route, kind = self._taken(kinds, self.table.parts(state))
        decision = self.table.decide(kind, state, route)
        if id(decision) not in self.known:  # the table keeps it, and gives the same one wherever it is the same
            row = Row(next(iter(self.table.domain.everybody)), kind, state, route, decision)
            ours = self.table.called if self.table.did is not None else p.first_number(self.table.plan)
            page = tuple(
                (presses, replace(each.itinerary, ours=ours, caller_name="", announced=""))
                for presses, each in self.table.follow(row).items()
            )
            self.known[id(decision)] = self.writing.pages.setdefault(page, len(self.writing.pages))
        return self.known[id(decision)]

    def _taken(self, kinds: tuple[Kind, ...], parts: tuple[Part, ...]) -> tuple[int | None, Kind]:
        asked = (self.writing.classes[kinds], parts)
        if asked not in self.taken:
            last = len(self.table.plan.inbound_routes)
            found = [(part.route, kind) for kind in kinds for part in parts if kind.among(part.callers)]
            self.taken[asked] = min(found, key=lambda each: last if each[0] is None else each[0])
        return self.taken[asked]


def _merged(eras: Iterable[tuple[datetime, int]]) -> tuple[tuple[datetime, int], ...]:
    """Without those in which nothing changes."""
    found: list[tuple[datetime, int]] = []
    for at, column in eras:
        if not found or found[-1][1] != column:
            found.append((at, column))
    return tuple(found)


def sizes(almanac: Almanac) -> Sequence[int]:
    """Known callers, classes of them, pages, and crossings of lines and columns."""
    crossings = sum(len(book.pages) for book in almanac.books.values())
    return len(almanac.known), len(set(almanac.known.values())), len(almanac.pages), crossings
