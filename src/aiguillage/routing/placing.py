"""A call that one of us asks for: their own phones ring, then the other side is called as if they had dialled.

    place(plan, directory, presence, Wish(person, to), now) -> Placing

1. Whoever asks is in the plan and has a phone of their own; what they call is none of their own phones.
2. An emergency number is never placed: a telephone dials it alone, without us, and at once.
3. The other side is decided as what their phone dials (`outgoing.py`): the same permission, limits, trunks and number
   shown. Asterisk asks again once somebody has answered: that answer counts, this one spares a phone from ringing.
4. Their phones ring as `reach` and their live state have it now, a GSM with key 1. There is no message box at the end:
   who does not answer has no call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiguillage.errors import Conflict, NotFound, Refused
from aiguillage.routing import plan as p
from aiguillage.routing.decide import on_the_screen
from aiguillage.routing.directory import Directory
from aiguillage.routing.emergency import is_emergency
from aiguillage.routing.itinerary import DialOut, HangUp, Itinerary
from aiguillage.routing.notes import Note
from aiguillage.routing.numbers import E164, without_separators
from aiguillage.routing.outgoing import TOO_MANY_CALLS, Dialled, Outgoing, dial
from aiguillage.routing.presence import Presences
from aiguillage.routing.situation import Situation
from aiguillage.routing.unfold import Unfolding, unfold

_DIALLED = re.compile(r"\+?[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Wish:
    """`person` (a plan key) wants to talk with `to`: a number in any spelling, an extension, or a short number.

    `calls_left`: how many outside calls their line may still place today; None: no limit.
    """

    person: str
    to: str
    calls_left: int | None = None


@dataclass(frozen=True, slots=True)
class Placing:
    """`itinerary` rings the phones of `person` and ends; `remarks` say which of them do not ring, and why.

    `dials` is what is dialled once somebody has answered, `line` the endpoint or number whose call that is. `shows` is
    the number of ours that the other side sees, None for a call that stays inside.
    """

    person: str
    dials: str
    line: str
    itinerary: Itinerary
    remarks: tuple[Note, ...] = ()
    shows: E164 | None = None


def place(plan: p.Plan, directory: Directory, presence: Presences, wish: Wish, now: datetime) -> Placing:
    """How the call is placed at `now` (aware).

    Raises NotFound for an unknown person; Refused for what they may not call; Conflict where no phone of theirs can be
    rung, or their line has no call left today.
    """
    person = person_of(plan, wish.person)
    line = line_of(person)
    dialled = _dialled(plan, wish.to)
    outgoing = dial(plan, directory, presence, Dialled(person.key, dialled, wish.calls_left), now)
    _check(person, wish.to, dialled, outgoing)
    dials = outgoing.number or dialled
    if is_emergency(plan.organisation.country, dials):
        raise _emergency(wish.to)
    unfolding = Unfolding(Situation(plan, presence, now.astimezone(UTC)), None, None)
    rings = unfold(unfolding, (p.Ring(p.PersonTarget(person.key)),))
    remarks = tuple(unfolding.remarks)
    if not rings:
        raise Conflict(f"no phone of {person.name} can be rung now: {'; '.join(map(str, remarks))}")
    return Placing(
        person.key,
        dials,
        line,
        Itinerary(
            (*rings, HangUp("normal")),
            p.language_of(plan, person),
            caller_name=_name(plan, directory, dials),
            ours=p.first_number(plan),
        ),
        remarks,
        next((step.shows for step in outgoing.itinerary.steps if isinstance(step, DialOut)), None),
    )


def person_of(plan: p.Plan, key: str) -> p.Person:
    """Raises NotFound."""
    if key not in plan.people:
        raise NotFound(f'person "{key}" is not in the plan; write one of {", ".join(plan.people)}')
    return plan.people[key]


def line_of(person: p.Person) -> str:
    """The line whose outgoing calls are counted and limited: the desk phone's endpoint, else the first number.

    Raises Conflict for somebody who has neither.
    """
    phones = person.phones.values()
    found = [phone.endpoint for phone in phones if phone.endpoint] + [phone.number for phone in phones if phone.number]
    if not found:
        raise Conflict(f"{person.name} has no phone to be rung on; give them one in the plan")
    return found[0]


def _dialled(plan: p.Plan, to: str) -> str:
    """What a finger would dial. Raises Refused for what is no number, and for an emergency number."""
    dialled = without_separators(to.strip())
    if not _DIALLED.fullmatch(dialled):
        raise Refused(f"{to[:40]!r} is no number to call; write a telephone number or an extension")
    if is_emergency(plan.organisation.country, dialled):
        raise _emergency(to)
    return dialled


def _emergency(to: str) -> Refused:
    return Refused(f"{to} is an emergency number, which is never called this way; dial it on a telephone")


def _check(person: p.Person, to: str, dialled: str, outgoing: Outgoing) -> None:
    if dialled == person.extension or outgoing.number in {phone.number for phone in person.phones.values()} - {None}:
        raise Refused(f"{to} is a phone of {person.name}, who cannot be called from it; write the other side's number")
    if outgoing.refused is None:
        return
    told = f"{person.name} cannot call {to}: {'; '.join(map(str, outgoing.remarks))}"
    raise Conflict(told) if outgoing.refused == TOO_MANY_CALLS else Refused(told)


def _name(plan: p.Plan, directory: Directory, dials: str) -> str:
    """What the ringing desk phone shows: who is about to be called, so that its owner knows what it rings for."""
    return next(_names(plan, directory, dials), dials)


def _names(plan: p.Plan, directory: Directory, dials: str) -> Iterator[str]:
    yield from (on_the_screen(plan, contact) for contact in directory.candidates(E164(dials)))
    yield from (person.name for person in plan.people.values() if dials == person.extension)
