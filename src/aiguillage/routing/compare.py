"""What differs between two plans: as settings, and as calls.

    settings_changed(dump(before), dump(after)) -> what was added, removed, changed, by path
    calls_changed(before, after, since, until)  -> who, calling when, goes where instead

Calls are compared over every kind of caller that either plan tells apart and every span between two changes of either;
what comes out the same for several is told once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from aiguillage.routing import plan as p
from aiguillage.routing.callers import NONE, Callers, Domain, Kind, domain
from aiguillage.routing.stops import Stop, stops
from aiguillage.routing.timetable import Row, Span, State, Timetable
from aiguillage.routing.unfold import Press

Presses = tuple[Press, ...]


# --- As settings -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingChange:
    """`path` reads like `people.tom.phones.gsm` or `inbound_routes["rush hour"].steps`; values are the document's.

    A route that only stands elsewhere is `moved`, from one place to another, counted from 1.
    """

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: Any = None
    after: Any = None


def settings_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[SettingChange, ...]:
    """Of two plan documents (as `dump` gives them), in the order of the document."""
    return tuple(_mappings("", before, after))


def _mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[SettingChange]:
    for key in dict.fromkeys((*before, *after)):
        yield from _values(f"{path}.{key}" if path else key, before.get(key), after.get(key))


def _values(path: str, before: Any, after: Any) -> Iterator[SettingChange]:
    if before == after:
        return
    match before, after:
        case Mapping(), Mapping():
            yield from _mappings(path, before, after)
        case [{"name": _}, *_], [{"name": _}, *_]:
            yield from _named(path, {each["name"]: each for each in before}, {each["name"]: each for each in after})
        case list(), list():
            yield from _lists(path, before, after)
        case None, Mapping() if _is_section(path):
            yield from _mappings(path, {}, after)
        case Mapping(), None if _is_section(path):
            yield from _mappings(path, before, {})
        case None, _:
            yield SettingChange(path, "added", None, after)
        case _, None:
            yield SettingChange(path, "removed", before, None)
        case _:
            yield SettingChange(path, "changed", before, after)


def _lists(path: str, before: list[Any], after: list[Any]) -> Iterator[SettingChange]:
    """Element by element where as many stay; else what is gone and what is new."""
    if len(before) == len(after):
        for place, (was, becomes) in enumerate(zip(before, after, strict=True)):
            yield from _values(f"{path}[{place}]", was, becomes)
        return
    left = list(after)
    for place, was in enumerate(before):
        if was in left:
            left.remove(was)
        else:
            yield SettingChange(f"{path}[{place}]", "removed", was, None)
    for becomes in left:
        yield SettingChange(f"{path}[{after.index(becomes)}]", "added", None, becomes)


def _is_section(path: str) -> bool:
    return "." not in path and "[" not in path


def _named(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[SettingChange]:
    for name in dict.fromkeys((*before, *after)):
        yield from _values(f'{path}["{name}"]', before.get(name), after.get(name))
    kept_before, kept_after = [each for each in before if each in after], [each for each in after if each in before]
    for name in _moved(kept_before, kept_after):
        places = [list(each).index(name) + 1 for each in (before, after)]
        yield SettingChange(f'{path}["{name}"]', "moved", *places)


def _moved(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """As few as explain the new order: those outside the longest row that kept its order."""
    places = [before.index(name) for name in after]
    tails: list[int] = []
    above: dict[int, int | None] = {}
    for place in places:
        length = bisect_right(tails, place)
        above[place] = tails[length - 1] if length else None
        tails[length:] = [place, *tails[length + 1 :]]
    kept = set[int]()
    last = tails[-1] if tails else None
    while last is not None:
        kept.add(last)
        last = above[last]
    yield from (name for name, place in zip(after, places, strict=True) if place not in kept)


# --- As calls ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """Where a call goes: the route that takes it (None: the last resort) and its stops."""

    route: str | None
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class CallChange:
    """Calls to `did` by `callers` at `spans` go another way; after `presses`, where these are not empty.

    `callers` are sets that do not overlap. `before` and `after` are one way of each that is told in the same words:
    several where each unit has somebody else who is responsible.
    """

    did: str | None
    presses: Presses
    callers: tuple[Callers, ...]
    spans: tuple[Span, ...]
    before: tuple[Way, ...]
    after: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class CallsChanged:
    """`domains` by number of ours: what the callers of a change are told apart by."""

    changes: tuple[CallChange, ...]
    domains: Mapping[str | None, Domain]


def calls_changed(before: p.Plan, after: p.Plan, since: datetime, until: datetime) -> CallsChanged:
    """Between two instants (aware). People's live state is left out: everybody is available."""
    changes: list[CallChange] = []
    domains: dict[str | None, Domain] = {}
    for did in (*dict.fromkeys((*before.dids, *after.dids)), None):
        two = _Two(before, after, did, since, until)
        domains[did] = two.domain
        changes += _told_together(two.domain, did, two.differences())
    return CallsChanged(tuple(changes), domains)


@dataclass(frozen=True, slots=True)
class _Difference:
    presses: Presses
    callers: Callers
    pairs: frozenset[tuple[State, State]]
    spans: tuple[Span, ...]
    before: Way
    after: Way


class _Two:
    """The timetables of two plans for one number, which tell the same callers apart."""

    def __init__(self, before: p.Plan, after: p.Plan, did: str | None, since: datetime, until: datetime) -> None:
        dids = [did if did in plan.dids else None for plan in (before, after)]
        alone = [Timetable(plan, each, since, until) for plan, each in zip((before, after), dids, strict=True)]
        self.domain = domain([table.distinctions for table in alone])
        self._known: dict[object, list[tuple[Callers, Presses, Way, Way]]] = {}
        self.before, self.after = (Timetable(table.plan, table.did, since, until, among=self.domain) for table in alone)

    def differences(self) -> Iterator[_Difference]:
        spans = self._spans()
        pairs: dict[object, list[tuple[State, State]]] = {}
        found: dict[object, tuple[Presses, Callers, Way, Way]] = {}
        for pair in spans:
            for callers, presses, before, after in self._of_states(*pair):
                what: object = (presses, callers, _parts(before, after))
                found.setdefault(what, (presses, callers, before, after))
                pairs.setdefault(what, []).append(pair)
        for what, (presses, callers, before, after) in found.items():
            when = sorted((span for pair in pairs[what] for span in spans[pair]), key=lambda span: span.start)
            yield _Difference(presses, callers, frozenset(pairs[what]), tuple(_joined(when)), before, after)

    def _spans(self) -> dict[tuple[State, State], list[Span]]:
        """When each pair of states holds."""
        begins = sorted({at for table in (self.before, self.after) for at, _ in table.eras})
        found: dict[tuple[State, State], list[Span]] = {}
        for start, end in zip(begins, (*begins[1:], self.before.until), strict=True):
            pair = (self.before.state_at(start), self.after.state_at(start))
            found.setdefault(pair, []).append(Span(start, end))
        return found

    def _of_states(self, before: State, after: State) -> Iterator[tuple[Callers, Presses, Way, Way]]:
        for one in self.before.parts(before):
            for other in self.after.parts(after):
                both = one.callers & other.callers
                if both is None:
                    continue
                holding = self.before.holding(before, one.route), self.after.holding(after, other.route)
                asked = (both, one.route, other.route, *holding)
                if asked not in self._known:
                    self._known[asked] = list(self._of_callers(both, (one.route, before), (other.route, after)))
                yield from self._known[asked]

    def _of_callers(
        self, both: Callers, one: tuple[int | None, State], other: tuple[int | None, State]
    ) -> Iterator[tuple[Callers, Presses, Way, Way]]:
        """How calls by these differ, whom each plan's route takes in its state."""
        for callers in self._alike(both, one[0], other[0]):
            if NONE not in callers.returning and callers.colleagues == {NONE}:
                continue  # whoever called them is no longer among us
            kind = next(self.domain.kinds(callers))
            was, becomes = self._ways(self.before, callers, kind, *one), self._ways(self.after, callers, kind, *other)
            for presses, way_then, way_now in _differing(was, becomes):
                yield callers, presses, way_then, way_now

    def _alike(self, callers: Callers, before: int | None, after: int | None) -> Iterator[Callers]:
        for apart in self.before.alike(callers, before):
            yield from self.after.alike(apart, after)

    def _ways(
        self, table: Timetable, callers: Callers, kind: Kind, route: int | None, state: State
    ) -> Mapping[Presses, Way]:
        row = Row(callers, kind, state, route, table.decide(kind, state, route))
        followed = table.follow(row).items()
        return {
            presses: Way(decision.route, stops(table.plan, decision.itinerary.steps)) for presses, decision in followed
        }


def _differing(before: Mapping[Presses, Way], after: Mapping[Presses, Way]) -> Iterator[tuple[Presses, Way, Way]]:
    """The ways that differ; those after a key only where something else differs than without it."""
    whole = _parts(before[()], after[()])
    if before[()].stops != after[()].stops:
        yield (), before[()], after[()]
    for presses, was in before.items():
        becomes = after.get(presses)
        if presses and becomes is not None and was.stops != becomes.stops and _parts(was, becomes) != whole:
            yield presses, was, becomes


def _parts(before: Way, after: Way) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
    return differing_parts(before.stops, after.stops)


def differing_parts(before: tuple[Stop, ...], after: tuple[Stop, ...]) -> tuple[tuple[Stop, ...], tuple[Stop, ...]]:
    """What is left without the stops that both begin and end with; at least one stop of each that has any."""
    shorter = min(len(before), len(after))
    same = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    same = min(same, max(shorter - 1, 0))
    before, after = before[same:], after[same:]
    shorter = min(len(before), len(after))
    same = next((place for place in range(shorter) if before[-1 - place] != after[-1 - place]), shorter)
    same = min(same, max(shorter - 1, 0))
    return before[: len(before) - same], after[: len(after) - same]


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in spans:
        if last is not None and last.end == span.start:
            last = Span(last.start, span.end)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _told_together(of: Domain, did: str | None, differences: Iterable[_Difference]) -> Iterator[CallChange]:
    """One change for all that can be told in one sentence, of several kinds of caller."""
    groups: dict[object, list[_Difference]] = {}
    for each in differences:
        was, becomes = _parts(each.before, each.after)
        in_words = tuple(tuple(alike for alike, _ in groupby(stop.alike for stop in part)) for part in (was, becomes))
        exact = () if in_words[0] != in_words[1] else (was, becomes)
        groups.setdefault((each.presses, each.pairs, in_words, exact), []).append(each)
    for together in groups.values():
        first = together[0]
        yield CallChange(
            did=did,
            presses=first.presses,
            callers=merged(each.callers for each in together),
            spans=first.spans,
            before=tuple(dict.fromkeys(each.before for each in together)),
            after=tuple(dict.fromkeys(each.after for each in together)),
        )


def merged(callers: Iterable[Callers]) -> tuple[Callers, ...]:
    """The same callers in fewer sets."""
    left = list(dict.fromkeys(callers))
    again = True
    while again:
        again = False
        for place, one in enumerate(left):
            for other in left[place + 1 :]:
                union = _union(one, other)
                if union is not None:
                    left.remove(other)
                    left[place] = union
                    again = True
                    break
            if again:
                break
    return tuple(left)


def _union(one: Callers, other: Callers) -> Callers | None:
    """Both as one set: they differ in one fact at most."""
    if one.showing != other.showing:
        return None
    differing = [
        place for place, (mine, theirs) in enumerate(zip(one.facts, other.facts, strict=True)) if mine != theirs
    ]
    return one.joined(other) if len(differing) <= 1 else None
