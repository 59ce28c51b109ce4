"""Which calls reach somebody: when, from whom, by which route."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiguillage.desk.comparing import callers_as_data
from aiguillage.desk.tabling import spans_of
from aiguillage.desk.wording import Words
from aiguillage.desk.wording.callers import who
from aiguillage.desk.wording.times import named_times, times
from aiguillage.errors import NotFound
from aiguillage.routing.callers import Callers, Domain
from aiguillage.routing.compare import merged
from aiguillage.routing.notes import Listed, Note, note
from aiguillage.routing.plan import Plan
from aiguillage.routing.stops import Stop, stops
from aiguillage.routing.timetable import Span, State, Timetable
from aiguillage.routing.unfold import Press


@dataclass(frozen=True, slots=True)
class Reaching:
    """Calls to `did` that `route` (None: the last resort) takes, after `presses`, ring the person as part of `stop`.

    `place`: how many stops come before, 0 for the first. `domain` is what `callers` are told apart by.
    """

    did: str | None
    route: str | None
    presses: tuple[Press, ...]
    stop: Stop
    place: int
    domain: Domain
    callers: tuple[Callers, ...]
    spans: tuple[Span, ...]


def reaching(plan: Plan, person: str, since: datetime, until: datetime) -> Iterator[Reaching]:
    """Everything that rings `person` (a plan key) between two instants (aware), number by number.

    Raises NotFound.
    """
    if person not in plan.people:
        raise NotFound(f"there is nobody {person} in the plan; write one of {', '.join(plan.people)}")
    for did in (*plan.dids, None):
        yield from _of_number(plan, person, did, since, until)


def _of_number(plan: Plan, person: str, did: str | None, since: datetime, until: datetime) -> Iterator[Reaching]:
    table = Timetable(plan, did, since, until)
    states: dict[object, list[State]] = {}
    found: dict[object, tuple[Callers, str | None, tuple[Press, ...], Stop, int]] = {}
    for row in table.rows():
        for presses, decision in table.follow(row).items():
            for place, stop in enumerate(stops(plan, decision.itinerary.steps)):
                if any(line.person == person for ring in stop.rings for line in ring.lines):
                    key: object = (row.callers, decision.route, presses, stop, place)
                    found.setdefault(key, (row.callers, decision.route, presses, stop, place))
                    states.setdefault(key, []).append(row.state)
    together: dict[object, list[Callers]] = {}
    for key, (callers, route, presses, stop, place) in found.items():
        together.setdefault((frozenset(states[key]), route, presses, stop, place), []).append(callers)
    told = set[object]()
    for key, (_, route, presses, stop, place) in found.items():
        group = (frozenset(states[key]), route, presses, stop, place)
        if group not in told:
            told.add(group)
            spans = spans_of(table, group[0])
            yield Reaching(did, route, presses, stop, place, table.domain, merged(together[group]), spans)


# --- In words ----------------------------------------------------------------------------------------------


def in_words(words: Words, plan: Plan, found: Sequence[Reaching], since: datetime, until: datetime) -> Iterator[str]:
    named = named_times(words, plan, since, until)
    for each in found:
        called = each.did or words("a number that is none of ours")
        route = each.route if each.route is not None else words("last resort")
        yield words("{called}, route {route}: {how}", called=called, route=route, how=_how(plan, each))
        yield f"  {who(words, plan, each.domain, each.callers)}"
        spans = tuple((span.start, span.end) for span in each.spans)
        when = [named[spans]] if spans in named else times(words, plan, spans, since, until)
        yield from (f"    {said}" for said in when)
    if not found:
        yield words("No call reaches them.")


def _how(plan: Plan, each: Reaching) -> Note:
    match each.stop.kind:
        case "group":
            how = note("in {group}", group=plan.ring_groups[each.stop.key].name)
        case "queue":
            how = note("in queue {queue}", queue=plan.queues[each.stop.key].name)
        case _:
            phones = Listed(tuple(Listed(tuple(dict.fromkeys(phones))) for phones in each.stop.phones), "then")
            how = note("on {phones}", phones=phones)
    if each.stop.via == "responsible":
        how = note("as who is responsible, {how}", how=how)
    elif each.stop.via:
        how = note("as who called last, {how}", how=how)
    if each.presses:
        keys = " ".join(f"{press.menu}:{press.keys}" for press in each.presses)
        how = note("{how}, after key {keys}", how=how, keys=keys)
    return how if each.place == 0 else note("{how}, when {number} before did not answer", how=how, number=each.place)


def as_data(found: Sequence[Reaching]) -> list[Mapping[str, Any]]:
    return [
        {
            "to": each.did,
            "route": each.route,
            "presses": [{"menu": press.menu, "keys": press.keys} for press in each.presses],
            "stop": {"kind": each.stop.kind, "key": each.stop.key, "via": each.stop.via or None},
            "place": each.place,
            "callers": [callers_as_data(callers) for callers in each.callers],
            "spans": [{"start": span.start.isoformat(), "end": span.end.isoformat()} for span in each.spans],
        }
        for each in found
    ]
