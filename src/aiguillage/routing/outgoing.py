"""Where a call goes that one of our own phones dials.

    dial(plan, directory, presence, Dialled(person, text), now) -> Outgoing

Tried in this order:

1. An extension rings what it stands for: a person, a ring group, a queue, a message box. A colleague who finds nobody
   there hears that it is busy; a caller who was handed over goes on to the last resort.
2. One of our own numbers is decided as a call from outside would be.
3. A short number (two to six digits) that an outbound route names is sent as it is dialled.
4. Anything else must be a telephone number in national or international form. `never_dial` forbids it for all,
   the caller's permission must allow it, the first outbound route that takes it carries it.

Emergency numbers never come here: Asterisk dials them alone (`emergency.py`).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aiguillage.errors import NumberRefused
from aiguillage.routing import plan as p
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.itinerary import DialOut, HangUp, Itinerary, Play, Step, Voicemail, describe
from aiguillage.routing.notes import Listed, Note, note
from aiguillage.routing.numbers import E164, parse_written
from aiguillage.routing.presence import Presences
from aiguillage.routing.situation import Situation
from aiguillage.routing.trace import describe_note
from aiguillage.routing.turns import FIRST_TURN, Turns
from aiguillage.routing.unfold import Unfolding, extension_steps, unfold

NOT_PERMITTED = "builtin/not-permitted"
NO_SUCH_NUMBER = "builtin/no-such-number"
TOO_MANY_CALLS = "builtin/too-many-calls"


@dataclass(frozen=True, slots=True)
class Dialled:
    """What `person` (a plan key; None: a phone of nobody) dialled: digits, perhaps with + before them.

    `calls_left`: how many outside calls the phone may still place today; None: no limit.
    `transfers`: the person hands a caller over, whose name the next phone is to show.
    """

    person: str | None
    text: str
    calls_left: int | None = None
    turns: Turns = FIRST_TURN
    transfers: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`number` is the outside number that is called, None for a call that stays inside or is refused.

    `remarks` say why; `turns_taken` as in a Decision. The itinerary always ends. `refused` is the prompt that says no
    to whoever dials, None where the call goes somewhere.
    """

    itinerary: Itinerary
    remarks: tuple[Note, ...]
    number: E164 | None = None
    turns_taken: tuple[str, ...] = ()
    refused: str | None = None

    def describe(self) -> dict[str, Any]:
        """Plain JSON data: `itinerary`, `remarks` in English, and `notes`, from which these can be said otherwise."""
        return {
            "itinerary": [describe(step) for step in self.itinerary.steps],
            "remarks": [str(remark) for remark in self.remarks],
            "notes": [describe_note(remark) for remark in self.remarks],
        }


def dial(plan: p.Plan, directory: Directory, presence: Presences, dialled: Dialled, now: datetime) -> Outgoing:
    """Where the call goes at `now` (aware). Never fails, whatever was dialled."""
    steps = extension_steps(plan, dialled.text)
    if steps is not None:
        return _inside(plan, presence, dialled, steps, now)
    if _is_short(plan, dialled.text):
        return _outside(plan, dialled, dialled.text)
    try:
        number = parse_written(dialled.text, plan.organisation.country)
    except NumberRefused as wrong:
        return _refused(plan, dialled, NO_SUCH_NUMBER, note("{wrong}", wrong=str(wrong)))
    if p.is_ours(plan, number):
        decision = decide(plan, directory, presence, Call(number, None, turns=dialled.turns), now)
        itinerary = replace(decision.itinerary, steps=_ended(decision.itinerary.steps))
        return Outgoing(itinerary, decision.trace.remarks, turns_taken=decision.turns_taken)
    return _outside(plan, dialled, number)


def may_dial(plan: p.Plan, person: str | None, number: str) -> Note | None:
    """None where `person` may call `number`; else why not."""
    if any(pattern.matches(number) for pattern in plan.never_dial):
        return note("{number} is among the numbers that are never dialled", number=number)
    permission = plan.people[person].outbound if person is not None and person in plan.people else None
    if permission is None:
        return note("this phone may not call outside numbers")
    if not any(pattern.matches(number) for pattern in plan.permissions[permission].numbers):
        return note('permission "{permission}" does not hold {number}', permission=permission, number=number)
    return None


def shown(plan: p.Plan, route: p.OutboundRoute) -> E164 | None:
    """The number of ours that the other side sees on `route`: the one it names, else the first one of its trunks."""
    if route.show is not None:
        return plan.dids[route.show].number
    on_its_trunks = (did.number for did in plan.dids.values() if did.trunk in route.trunks)
    return next(on_its_trunks, p.first_number(plan))


def _inside(plan: p.Plan, presence: Presences, dialled: Dialled, steps: tuple[p.Step, ...], now: datetime) -> Outgoing:
    caller = plan.people.get(dialled.person or "")
    unfolding = Unfolding(Situation(plan, presence, now.astimezone(UTC), dialled.turns), None, None)
    unfolded = unfold(unfolding, steps)
    if dialled.transfers and not _ends(unfolded):
        unfolded += unfold(unfolding, plan.last_resort, after=unfolded)
    unfolded = _ended(unfolded)
    name = caller.name if caller and not dialled.transfers else ""
    itinerary = _itinerary(plan, dialled, unfolded, caller_name=name, announced=name)
    return Outgoing(itinerary, tuple(unfolding.remarks), turns_taken=tuple(unfolding.groups))


def _ended(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return steps if _ends(steps) else (*steps, HangUp("busy"))


def _ends(steps: tuple[Step, ...]) -> bool:
    return bool(steps) and isinstance(steps[-1], Voicemail | HangUp)


def _is_short(plan: p.Plan, dialled: str) -> bool:
    """A text with + before it is a whole number, or a pattern that nobody can dial."""
    return not dialled.startswith("+") and any(
        dialled == pattern.text for route in plan.outbound_routes for pattern in route.numbers
    )


def _outside(plan: p.Plan, dialled: Dialled, number: str) -> Outgoing:
    forbidden = may_dial(plan, dialled.person, number)
    if forbidden:
        return _refused(plan, dialled, NOT_PERMITTED, forbidden)
    if dialled.calls_left is not None and dialled.calls_left <= 0:
        return _refused(plan, dialled, TOO_MANY_CALLS, note("this phone has placed all the calls that it may today"))
    for route in plan.outbound_routes:
        if any(pattern.matches(number) for pattern in route.numbers):
            shows = shown(plan, route)
            if shows is None:
                why = note('outbound route "{route}" has no number of ours to show', route=route.name)
                return _refused(plan, dialled, NO_SUCH_NUMBER, why)
            steps = (DialOut(number, route.trunks, shows), HangUp("congestion"))
            why = note('outbound route "{route}" over {trunks}', route=route.name, trunks=Listed(route.trunks, "then"))
            return Outgoing(_itinerary(plan, dialled, steps), (why,), E164(number))
    return _refused(plan, dialled, NO_SUCH_NUMBER, note("no outbound route takes {number}", number=number))


def _refused(plan: p.Plan, dialled: Dialled, prompt: str, why: Note) -> Outgoing:
    return Outgoing(_itinerary(plan, dialled, (Play(prompt), HangUp("rejected"))), (why,), refused=prompt)


def _itinerary(
    plan: p.Plan, dialled: Dialled, steps: tuple[Step, ...], caller_name: str = "", announced: str = ""
) -> Itinerary:
    """In the language of whoever dials."""
    language = p.language_of(plan, plan.people.get(dialled.person or ""))
    return Itinerary(steps, language, caller_name, announced, p.first_number(plan))
