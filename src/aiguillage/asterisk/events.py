"""AMI messages -> what happened to a call.

A call is its Linkedid, a leg its Uniqueid. Local channels are plumbing of ours and left out; what they lead to is not.
Words that come from Asterisk keep its spelling.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aiguillage.asterisk.provisioning.site import SYNTHETIC

Kind = Literal["dialled", "ringing", "answered", "leg-ended", "call-ended", "step", "verdict", "fallback", "emergency"]

MAX_LEGS = 10_000
SYNTHETIC_CHANNEL = f"PJSIP/{SYNTHETIC}-"
"""The service's own test calls are no calls."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """`line` is the SIP endpoint (`claire`) or the outside number that the leg rings; `person` a plan key.

    detail, by kind: leg-ended {outcome: DialStatus, cause, cause_text, tech_cause}; call-ended the same without
    outcome; step {decision, step, kind, taken: how many of the call until now, outcome: empty when the step begins};
    verdict {verdict: accepted, declined or noconfirm}; fallback {reason, by: timetable or last-resort}; emergency
    {number, phone: the endpoint that dials it}.
    """

    call: str
    at: datetime
    kind: Kind
    leg: str | None = None
    line: str | None = None
    person: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Leg:
    line: str
    outcome: str = ""


class Interpreter:
    """Remembers of each leg the line that it rings and how its dialling ended: Asterisk says either once."""

    def __init__(self) -> None:
        self._legs: OrderedDict[str, _Leg] = OrderedDict()

    def events(self, message: Mapping[str, str], at: datetime) -> Iterator[CallEvent]:
        """What `message`, received at `at` (aware), tells of a call; most messages tell nothing."""
        if message.get("Channel", "").startswith(SYNTHETIC_CHANNEL):
            return
        match message.get("Event"):
            case "DialBegin" if _is_phone(message):
                self._remember(message["DestUniqueid"], _Leg(_line(message)))
                yield self._of_leg("dialled", message, at)
            case "DialState" if _is_phone(message) and message.get("DialStatus") in {"RINGING", "PROGRESS"}:
                yield self._of_leg("ringing", message, at)
            case "DialEnd" if _is_phone(message):
                # ANSWER, or what a confirmation returned (CONTINUE: nobody pressed 1).
                if leg := self._legs.get(message["DestUniqueid"]):
                    leg.outcome = message.get("DialStatus", "")
                if message.get("DialStatus") == "ANSWER":
                    yield self._of_leg("answered", message, at)
            case "Hangup" if message.get("Uniqueid") == message.get("Linkedid"):
                yield CallEvent(message.get("Linkedid", ""), at, "call-ended", detail=_causes(message))
            case "Hangup":
                yield from self._hung_up(message, at)
            case "UserEvent":
                yield from own(message, at)

    def _of_leg(self, kind: Kind, message: Mapping[str, str], at: datetime) -> CallEvent:
        uniqueid = message["DestUniqueid"]
        leg = self._legs.get(uniqueid) or _Leg(_line(message))
        return CallEvent(message.get("DestLinkedid", ""), at, kind, uniqueid, leg.line)

    def _hung_up(self, message: Mapping[str, str], at: datetime) -> Iterator[CallEvent]:
        """A leg that was dialled is over; the one that took the call ends with it."""
        uniqueid = message.get("Uniqueid", "")
        leg = self._legs.pop(uniqueid, None)
        if leg is not None and leg.outcome != "ANSWER":
            detail = {"outcome": leg.outcome, **_causes(message)}
            yield CallEvent(message.get("Linkedid", ""), at, "leg-ended", uniqueid, leg.line, detail=detail)

    def _remember(self, uniqueid: str, leg: _Leg) -> None:
        self._legs[uniqueid] = leg
        if len(self._legs) > MAX_LEGS:
            self._legs.popitem(last=False)


def _causes(message: Mapping[str, str]) -> dict[str, str]:
    names = {"cause": "Cause", "cause_text": "Cause-txt", "tech_cause": "TechCause"}
    return {ours: message.get(theirs, "") for ours, theirs in names.items()}


def _is_phone(message: Mapping[str, str]) -> bool:
    return message.get("DestChannel", "").startswith("PJSIP/") and bool(message.get("DestUniqueid"))


def _line(message: Mapping[str, str]) -> str:
    """`PJSIP/claire-00000001` is endpoint claire; a call over a trunk carries its number in the dial string."""
    number, at_trunk, _ = message.get("DialString", "").rpartition("/")[2].partition("@")
    if at_trunk and number.startswith("+"):
        return number
    return message["DestChannel"].removeprefix("PJSIP/").rpartition("-")[0]


def own(message: Mapping[str, str], at: datetime) -> Iterator[CallEvent]:
    """The events of ours in extensions.conf, as UserEvent or from the file tells them."""
    call = message.get("Linkedid", "")
    match message.get("UserEvent"):
        case "AiguillageStep":
            names = ("Decision", "Step", "Kind", "Taken", "Outcome")
            yield CallEvent(call, at, "step", detail={name.lower(): message.get(name, "") for name in names})
        case "AiguillageVerdict":
            yield CallEvent(
                call,
                at,
                "verdict",
                message.get("Uniqueid"),
                message.get("Number"),
                message.get("Person") or None,
                {"verdict": message.get("Verdict", "")},
            )
        case "AiguillageEmergency":
            number, phone = message.get("Number", ""), message.get("Phone", "")
            yield CallEvent(call, at, "emergency", detail={"number": number, "phone": phone})
        case "AiguillageFallback":
            detail = {"reason": message.get("Reason", ""), "by": message.get("By", "")}
            yield CallEvent(call, at, "fallback", detail=detail)
