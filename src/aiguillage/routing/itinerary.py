"""The steps that Asterisk may be asked to take for one call, in their order.

An itinerary is complete in itself: whoever holds it needs neither the plan nor us to carry it out.
`asterisk.channel_variables` is its only translation for Asterisk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, assert_never

from aiguillage.routing.numbers import E164
from aiguillage.routing.plan import DEFAULT_QUEUE_SECONDS, HangupCause, RingTarget, target_text


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

    A person who refused a leg is left out of every later Ring of the same call. `target` is what the plan asks to be
    rung, None for an outside number; it matters to whoever explains the call, not to the call.
    """

    legs: tuple[Leg, ...]
    seconds: int
    target: RingTarget | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Play:
    """Answer and play a prompt in the call's language."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Wait in turn, at most `seconds`. `callback`: key 1 leaves the queue and asks to be called back."""

    queue: str
    seconds: int = DEFAULT_QUEUE_SECONDS
    callback: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """Ask for one of `keys`, a string of them. A key is a new question to us.

    `wait` seconds for a key after the prompt, `attempts` times; no key, or a wrong one, needs nobody: `otherwise`
    follows. `extensions`: an extension may be dialled instead.
    """

    menu: str
    prompt: str
    otherwise: tuple["Step", ...] = ()
    keys: str = ""
    wait: int = 4
    attempts: int = 1
    extensions: bool = False


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Record a message. `box` is a shared box's key or `person:` and a person's. `greeting` is a prompt."""

    box: str
    greeting: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    cause: HangupCause


@dataclass(frozen=True, slots=True)
class DialOut:
    """Connect one of our phones with an outside `number`, over the first of `trunks` that has room.

    `shows` is the number of ours that the other side sees.
    """

    number: str
    trunks: tuple[str, ...]
    shows: E164


Step = Ring | Play | Queue | Menu | Voicemail | HangUp | DialOut


@dataclass(frozen=True, slots=True)
class Itinerary:
    """`language` is the caller's (ISO 639-1).

    `caller_name` is what a ringing desk phone shows, `announced` what a GSM is told before it takes the call, both
    empty for a caller whom nobody knows. `ours` is the number of ours that the call came in on, else the first one.
    """

    steps: tuple[Step, ...]
    language: str
    caller_name: str = ""
    announced: str = ""
    ours: E164 | None = None


def in_line(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps as a caller who presses no key meets them: what follows a menu's attempts stands behind the menu."""
    for step in steps:
        yield step
        if isinstance(step, Menu):
            yield from in_line(step.otherwise)


def ends(steps: Iterable[Step]) -> bool:
    """Whether a caller whom nobody answers leaves a message at the end, or is hung up on as the plan wants it."""
    return isinstance(next(iter([*in_line(steps)][-1:]), None), Voicemail | HangUp)


def describe(step: Step) -> dict[str, Any]:
    """The step as plain JSON data, the shape that `explain --json` and the journal carry.

    Every step has `kind`; a ring has `seconds` and `legs`, each leg with person, phone, number or endpoint.
    """
    match step:
        case Ring(legs, seconds):
            target = target_text(step.target) if step.target else None
            legs_of = [_describe_leg(leg, seconds) for leg in legs]
            return {"kind": "ring", "target": target, "seconds": seconds, "legs": legs_of}
        case Play(prompt):
            return {"kind": "play", "prompt": prompt}
        case Queue(queue, seconds, callback):
            return {"kind": "queue", "queue": queue, "seconds": seconds, "callback": callback}
        case Menu(menu, prompt, otherwise):
            return {
                "kind": "menu",
                "menu": menu,
                "prompt": prompt,
                "keys": list(step.keys),
                "extensions": step.extensions,
                "otherwise": [describe(each) for each in otherwise],
            }
        case Voicemail(box, greeting):
            return {"kind": "voicemail", "box": box, "greeting": greeting}
        case HangUp(cause):
            return {"kind": "hangup", "cause": cause}
        case DialOut(number, trunks, shows):
            return {"kind": "dial-out", "number": number, "trunks": list(trunks), "shows": shows}
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
