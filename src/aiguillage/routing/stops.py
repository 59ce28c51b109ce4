"""An itinerary as people talk of it: whom the caller comes to, one after the other.

Several rings of the same person, or of one group, are one stop. Two calls go the same way when their stops are equal.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from aiguillage.routing import itinerary as i
from aiguillage.routing import plan as p
from aiguillage.routing.unfold import legs_of

StopKind = Literal["person", "group", "number", "queue", "menu", "message", "hang-up", "announcement"]
Via = Literal["", "responsible", "last-colleague"]


@dataclass(frozen=True, slots=True)
class Line:
    """A telephone that rings; `number` is the SIP endpoint or the outside number."""

    person: str | None
    phone: str | None
    number: str
    trunks: tuple[str, ...]
    confirm: bool


@dataclass(frozen=True, slots=True)
class Rings:
    """`lines` ring together, for `seconds`; a queue's members ring for as long as the caller waits, at most."""

    lines: tuple[Line, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Stop:
    """`key` is the plan's: of a person, group, queue, menu, prompt or box (`person:claire` for a voicemail of their
    own); or a number, or the cause of a hang-up.

    `rings`: one after the other. `via`: how the plan came to the person. `detail`: whatever else makes a difference to
    a caller.
    """

    kind: StopKind
    key: str
    rings: tuple[Rings, ...] = ()
    via: Via = ""
    detail: tuple[object, ...] = ()

    @property
    def phones(self) -> tuple[tuple[str, ...], ...]:
        """The names of the phones that ring together."""
        return tuple(tuple(line.phone or "" for line in ring.lines) for ring in self.rings)

    @property
    def alike(self) -> "Stop":
        """The same for all that are told in the same words: whoever is responsible for the caller's own unit."""
        if self.via:
            return Stop(self.kind, "", via=self.via)
        return Stop(self.kind, self.key, tuple(_named(ring) for ring in self.rings) if self.kind == "person" else ())


def stops(plan: p.Plan, steps: Iterable[i.Step]) -> tuple[Stop, ...]:
    """The stops of a caller who presses no key."""
    return tuple(_stops(plan, i.in_line(steps)))


def _stops(plan: p.Plan, steps: Iterator[i.Step]) -> Iterator[Stop]:
    for (kind, key, via), together in groupby(steps, key=_stop_of):
        alike = list(together)
        rings = [step for step in alike if isinstance(step, i.Ring)]
        if rings:
            yield Stop(kind, key, tuple(Rings(_lines(ring.legs), ring.seconds) for ring in rings), via)
        else:
            yield from (_without_ringing(plan, kind, key, step) for step in alike)


def _stop_of(step: i.Step) -> tuple[StopKind, str, Via]:
    match step:
        case i.Ring(legs, _, p.GroupTarget(group)):
            return "group", group, ""
        case i.Ring(legs, _, target):
            via: Via = ""
            match target:
                case p.Responsible():
                    via = "responsible"
                case p.LastColleague():
                    via = "last-colleague"
            return ("person", legs[0].person, via) if legs[0].person else ("number", legs[0].number or "", via)
        case i.Play(prompt):
            return "announcement", prompt, ""
        case i.Queue(queue):
            return "queue", queue, ""
        case i.Menu(menu):
            return "menu", menu, ""
        case i.Voicemail(box):
            return "message", box, ""
        case i.HangUp(cause):
            return "hang-up", cause, ""
        case i.DialOut(number):
            return "number", number, ""


def _without_ringing(plan: p.Plan, kind: StopKind, key: str, step: i.Step) -> Stop:
    match step:
        case i.Queue(queue, seconds, callback):
            of_plan = plan.queues[queue]
            lines = tuple(line for member in of_plan.members for line in _lines(legs_of(plan, member)))
            return Stop(kind, key, (Rings(lines, seconds),), detail=(of_plan.strategy, of_plan.max_callers, callback))
        case i.Menu():
            return Stop(kind, key, detail=(step.prompt, step.keys, step.wait, step.attempts, step.extensions))
        case i.Voicemail(_, greeting):
            return Stop(kind, key, detail=(greeting,))
        case _:
            return Stop(kind, key)


def _lines(legs: Iterable[i.Leg]) -> tuple[Line, ...]:
    return tuple(Line(leg.person, leg.phone, leg.endpoint or leg.number or "", leg.trunks, leg.confirm) for leg in legs)


def _named(ring: Rings) -> Rings:
    return Rings(tuple(Line(line.person, line.phone, "", (), False) for line in ring.lines), 0)
