"""Where: the stops of a call, one after the other."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from aiguillage.desk.wording.words import Words
from aiguillage.routing import plan as p
from aiguillage.routing.notes import Listed
from aiguillage.routing.stops import Rings, Stop

_FEW = 3


def way(words: Words, plan: p.Plan, stops: Sequence[Stop], *, fully: bool = False) -> str:
    """`Claire Dubois (desk, then desk and gsm), then Accueil`. `fully`: seconds and lines too."""
    if not stops:
        return words("nobody")
    if len(stops) > 1 and not fully:
        stops = [stop for stop in stops if stop.kind != "announcement"] or stops
    return words.say(Listed(tuple(_stop(words, plan, stop, fully) for stop in stops), "then"))


def ways(words: Words, plan: p.Plan, several: Sequence[Sequence[Stop]]) -> str:
    """Ways that differ only in who is responsible for the caller's unit."""
    if len(several) == 1:
        return way(words, plan, several[0])
    people = list(dict.fromkeys(stop.key for stops in several for stop in stops if stop.via))
    names = [_person(plan, key) for key in people[:_FEW]]
    if len(people) > _FEW:
        names.append(words.many(len(people) - _FEW, "{number} more", "{number} more"))
    who = Listed(tuple(names), "or")
    return words.say(Listed(tuple(_alike(words, plan, several[0], who)), "then"))


def _alike(words: Words, plan: p.Plan, stops: Iterable[Stop], who: Listed) -> Iterator[str]:
    for alike, together in groupby(stops, key=lambda stop: stop.alike):
        if alike.via == "responsible":
            yield words("who is responsible ({people})", people=who)
        elif alike.via:
            yield words("who called last ({people})", people=who)
        else:
            yield from (_stop(words, plan, stop, fully=False) for stop in together)


def _stop(words: Words, plan: p.Plan, stop: Stop, fully: bool) -> str:
    if not fully:
        return _name(words, plan, stop)
    name = _person(plan, stop.key) if stop.kind == "person" else _name(words, plan, stop)
    rings = Listed(tuple(_ring(words, plan, ring) for ring in stop.rings), "then")
    said = words("{stop}: {rings}", stop=name, rings=rings) if stop.rings else name
    return f"{said} [{', '.join(str(each) for each in stop.detail)}]" if stop.detail else said


def _ring(words: Words, plan: p.Plan, ring: Rings) -> str:
    """`Sophie Renard (desk) and Tom Peeters (desk and gsm), 20 s`."""
    said = []
    for person, lines in groupby(ring.lines, key=lambda line: line.person):
        phones = Listed(tuple(line.phone or line.number for line in lines))
        said.append(f"{_person(plan, person)} ({words.say(phones)})" if person else words.say(phones))
    return words("{lines}, {seconds} s", lines=Listed(tuple(said)), seconds=ring.seconds)


def _name(words: Words, plan: p.Plan, stop: Stop) -> str:
    match stop.kind:
        case "person":
            rings = Listed(tuple(Listed(tuple(dict.fromkeys(phones))) for phones in stop.phones), "then")
            return f"{_person(plan, stop.key)} ({words.say(rings)})"
        case "group":
            return plan.ring_groups[stop.key].name if stop.key in plan.ring_groups else stop.key
        case "number":
            return stop.key
        case "queue":
            name = plan.queues[stop.key].name if stop.key in plan.queues else stop.key
            return words("queue {queue}", queue=name)
        case "menu":
            return words("menu {menu}", menu=stop.key)
        case "message":
            return words("a message for {box}", box=box_name(plan, stop.key))
        case "hang-up":
            return words("hung up on ({cause})", cause=stop.key)
        case "announcement":
            return words("announcement {prompt}", prompt=stop.key)


def _person(plan: p.Plan, key: str) -> str:
    return plan.people[key].name if key in plan.people else key


def box_name(plan: p.Plan, box: str) -> str:
    """Of a box as an itinerary has it: a shared box's key, or `person:` and a person's."""
    if box.startswith("person:"):
        return _person(plan, box.removeprefix("person:"))
    return plan.voicemail_boxes[box].name if box in plan.voicemail_boxes else box
