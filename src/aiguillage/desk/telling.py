"""Tell what happened to a call, from the journal, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiguillage.desk.wording import Words
from aiguillage.routing.notes import Note, note
from aiguillage.routing.plan import Plan
from aiguillage.store.journal import EventRecord
from aiguillage.store.once import INTERRUPTED

_ENDED: Mapping[str, Note] = {
    "NOANSWER": note("does not answer"),
    "CANCEL": note("stops ringing"),
    "BUSY": note("is busy"),
    "CHANUNAVAIL": note("cannot be reached"),
    "CONGESTION": note("cannot be reached: the line is full or down"),
    "CONTINUE": note("was picked up, but not taken"),
}
_VERDICTS: Mapping[str, Note] = {
    "accepted": note("pressed 1"),
    "declined": note("pressed 2: refused"),
    "noconfirm": note("nobody pressed 1"),
}
_STEPS: Mapping[str, Note] = {
    "play": note("an announcement is played"),
    "menu": note("a menu asks for a key"),
    "queue": note("the caller waits in the queue"),
    "outside": note("the call goes out"),
    "voicemail": note("a message is taken"),
    "hangup": note("the call is refused"),
}
_QUEUE_ENDS: Mapping[str, Note] = {
    "TIMEOUT": note("nobody took the call in time"),
    "FULL": note("the queue is full"),
    "JOINEMPTY": note("nobody staffs the queue"),
    "LEAVEEMPTY": note("nobody staffs the queue any more"),
    "CALLBACK": note("the caller asks to be called back"),
}
_NOTHING = note("")


def story_in_words(words: Words, events: Sequence[EventRecord], plan: Plan, began: datetime) -> list[str]:
    """What happened, a line each, with the seconds since the call came in."""
    rings: dict[str | None, datetime] = {}
    lines = []
    for event in events:
        if event.kind == "ringing":
            if event.leg in rings:
                continue
            rings[event.leg] = event.at
        rang = (event.at - rings[event.leg]).total_seconds() if event.leg in rings else None
        said = words.say(_in_words(event, plan, rang))
        if said:
            lines.append(f"  {(event.at - began).total_seconds():6.1f} s  {said}")
    return lines


def _in_words(event: EventRecord, plan: Plan, rang: float | None) -> Note:
    """`rang`: for how many seconds the leg has rung; None where it did not."""
    who = _who(event, plan)
    match event.kind:
        case "ringing":
            return note("{who} rings", who=who)
        case "answered" if rang is not None:
            return note("{who} takes the call, {seconds} s after it began to ring", who=who, seconds=f"{rang:.0f}")
        case "answered":
            return note("{who} takes the call", who=who)
        case "leg-ended" if rang:
            ended = _how_it_ended(event)
            return note("{who} {ended}, after ringing {seconds} s", who=who, ended=ended, seconds=f"{rang:.0f}")
        case "leg-ended":
            return note("{who} {ended}", who=who, ended=_how_it_ended(event))
        case "verdict":
            return note("{who}: {verdict}", who=who, verdict=_VERDICTS[event.detail["verdict"]])
        case "step":
            return _step(event.detail["kind"], event.detail["outcome"])
        case "emergency":
            number, phone = event.detail["number"], event.detail["phone"]
            return note("emergency call to {number} from phone {phone}", number=number, phone=phone)
        case "fallback":
            return _fallback(event.detail)
        case "call-ended" if INTERRUPTED in event.detail:
            return note("Asterisk does not have the call any more; when it ended is not known")
        case "call-ended":
            return note("the call ends")
        case _:
            return _NOTHING


def _fallback(detail: Mapping[str, str]) -> Note:
    if detail.get("by") == "timetable":
        return note("no answer from the service ({reason}): Asterisk's timetable decides", reason=detail["reason"])
    return note("no answer from the service ({reason}): last resort", reason=detail["reason"])


def _step(kind: str, outcome: str) -> Note:
    if not outcome:
        return _STEPS.get(kind, _NOTHING)
    if kind == "queue":
        return _QUEUE_ENDS.get(outcome, _NOTHING)
    return note("the caller presses {keys}", keys=outcome.removeprefix("KEY ")) if outcome[:4] == "KEY " else _NOTHING


def _how_it_ended(event: EventRecord) -> Note:
    outcome = event.detail["outcome"]
    if "603" in event.detail["tech_cause"]:
        return note("refuses")
    return _ENDED.get(outcome) or note("{outcome}", outcome=outcome)


def _who(event: EventRecord, plan: Plan) -> Note | str:
    person = plan.people.get(event.person or "")
    if person is None:
        return str(event.detail["line"]) if "line" in event.detail else note("somebody")
    return f"{person.name} ({event.phone})" if event.phone else person.name
