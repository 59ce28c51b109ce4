"""Tell what happened to a call, from the journal, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiguillage.routing.plan import Plan
from aiguillage.store.journal import EventRecord

_ENDED: Mapping[str, str] = {
    "NOANSWER": "does not answer",
    "CANCEL": "stops ringing",
    "BUSY": "is busy",
    "CHANUNAVAIL": "cannot be reached",
    "CONGESTION": "cannot be reached: the line is full or down",
    "CONTINUE": "was picked up, but not taken",
}
_VERDICTS = {"accepted": "pressed 1", "declined": "pressed 2: refused", "noconfirm": "nobody pressed 1"}
_STEPS = {
    "play": "an announcement is played",
    "menu": "a menu asks for a key",
    "queue": "the caller waits in the queue",
    "outside": "the call goes out",
    "voicemail": "a message is taken",
    "hangup": "the call is refused",
}
_QUEUE_ENDS = {
    "TIMEOUT": "nobody took the call in time",
    "FULL": "the queue is full",
    "JOINEMPTY": "nobody staffs the queue",
    "LEAVEEMPTY": "nobody staffs the queue any more",
    "CALLBACK": "the caller asks to be called back",
}


def story_in_words(events: Sequence[EventRecord], plan: Plan, began: datetime) -> list[str]:
    """What happened, a line each, with the seconds since the call came in."""
    rings: dict[str | None, datetime] = {}
    lines = []
    for event in events:
        if event.kind == "ringing":
            if event.leg in rings:
                continue
            rings[event.leg] = event.at
        rang = (event.at - rings[event.leg]).total_seconds() if event.leg in rings else None
        words = _in_words(event, plan, rang)
        if words:
            lines.append(f"  {(event.at - began).total_seconds():6.1f} s  {words}")
    return lines


def _in_words(event: EventRecord, plan: Plan, rang: float | None) -> str:
    """`rang`: for how many seconds the leg has rung; None where it did not."""
    who = _who(event, plan)
    match event.kind:
        case "ringing":
            return f"{who} rings"
        case "answered":
            return f"{who} takes the call" + (f", {rang:.0f} s after it began to ring" if rang is not None else "")
        case "leg-ended":
            return f"{who} {_how_it_ended(event)}" + (f", after ringing {rang:.0f} s" if rang else "")
        case "verdict":
            return f"{who}: {_VERDICTS[event.detail['verdict']]}"
        case "step" if not event.detail["outcome"]:
            return _STEPS.get(event.detail["kind"], "")
        case "step" if event.detail["kind"] == "queue":
            return _QUEUE_ENDS.get(event.detail["outcome"], "")
        case "step" if event.detail["outcome"].startswith("KEY "):
            return f"the caller presses {event.detail['outcome'].removeprefix('KEY ')}"
        case "emergency":
            return f"emergency call to {event.detail['number']} from phone {event.detail['phone']}"
        case "fallback":
            return f"no answer from the service ({event.detail['reason']}): last resort"
        case "call-ended":
            return "the call ends"
        case _:
            return ""


def _how_it_ended(event: EventRecord) -> str:
    outcome = event.detail["outcome"]
    if "603" in event.detail["tech_cause"]:
        return "refuses"
    return _ENDED.get(outcome, outcome)


def _who(event: EventRecord, plan: Plan) -> str:
    person = plan.people.get(event.person or "")
    if person is None:
        return str(event.detail.get("line", "somebody"))
    return f"{person.name} ({event.phone})" if event.phone else person.name
