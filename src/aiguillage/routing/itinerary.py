"""The steps that Asterisk may be asked to take for one call, in their order.

An itinerary is complete in itself: whoever holds it needs neither the plan nor us to carry it out.
`asterisk.channel_variables` is its only translation for Asterisk.
"""

from dataclasses import dataclass
from typing import Any, assert_never

from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import HangupCause


@dataclass(frozen=True, slots=True)
class Leg:
    """One phone that rings: our own SIP `endpoint`, or an outside `number` over the first trunk that takes it.

    `confirm`: whoever answers hears `language` and must press 1. `person` and `phone` are plan keys; a
    number that belongs to nobody (a `dial` step) has neither.
    """

    person: str | None = None
    phone: str | None = None
    endpoint: str | None = None
    number: E164 | None = None
    trunks: tuple[str, ...] = ()
    confirm: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """All `legs` ring together for `seconds`; the first person who takes the call has it.

    A person who refused a leg is left out of every later Ring of the same call.
    """

    legs: tuple[Leg, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Play:
    """Answer and play a prompt in the call's language."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Queue:
    queue: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Ask for a key. A key is a new question to us; no key, or a wrong one, needs nobody: `otherwise` follows."""

    menu: str
    prompt: str
    otherwise: tuple["Step", ...] = ()


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Record a message. `box` is a shared box's key or `person:` and a person's. `greeting` is a prompt."""

    box: str
    greeting: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    cause: HangupCause


Step = Ring | Play | Queue | Menu | Voicemail | HangUp


@dataclass(frozen=True, slots=True)
class Itinerary:
    """`language` is the caller's (ISO 639-1); `caller_name` is what a ringing desk phone shows, or empty."""

    steps: tuple[Step, ...]
    language: str
    caller_name: str = ""


def describe(step: Step) -> dict[str, Any]:
    """The step as plain JSON data, the shape that `explain --json` and the journal carry.

    Every step has `kind`; a ring has `seconds` and `legs`, each leg with person, phone, number or endpoint.
    """
    match step:
        case Ring(legs, seconds):
            return {"kind": "ring", "seconds": seconds, "legs": [_describe_leg(leg, seconds) for leg in legs]}
        case Play(prompt):
            return {"kind": "play", "prompt": prompt}
        case Queue(queue):
            return {"kind": "queue", "queue": queue}
        case Menu(menu, prompt, otherwise):
            return {
                "kind": "menu",
                "menu": menu,
                "prompt": prompt,
                "otherwise": [describe(each) for each in otherwise],
            }
        case Voicemail(box, greeting):
            return {"kind": "voicemail", "box": box, "greeting": greeting}
        case HangUp(cause):
            return {"kind": "hangup", "cause": cause}
        case _:
            assert_never(step)


def _describe_leg(leg: Leg, seconds: int) -> dict[str, Any]:
    return {
        "person": leg.person,
        "phone": leg.phone,
        "seconds": seconds,
        "endpoint": leg.endpoint,
        "number": leg.number,
        "trunks": list(leg.trunks),
        "confirm": leg.confirm,
    }
