"""Why a call goes where it goes, kept with every decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast

from aiguillage.routing import plan as p
from aiguillage.routing.directory import Contact
from aiguillage.routing.document.dump import dump_step
from aiguillage.routing.itinerary import Itinerary, Step, describe
from aiguillage.routing.notes import Fact, Listed, Moment, Note
from aiguillage.routing.numbers import E164


@dataclass(frozen=True, slots=True)
class RouteTried:
    """A route in plan order; `reason` says why it did not match, None on the one that did."""

    route: str
    reason: Note | None


Origin = Literal["route", "last resort"]


@dataclass(frozen=True, slots=True)
class StepWeighed:
    """A step as the plan has it, what it became (nothing: it was skipped), and why.

    `origin`: `route`, or `last resort` for the steps that follow where a route has no certain end.
    """

    step: p.Step
    origin: Origin
    became: tuple[Step, ...]
    remarks: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What was known and what was weighed.

    `candidates` are all contacts with the caller's number; `contact` is the one the caller was taken for.
    `routes` ends with the route that took the call, unless none did. `remarks` are about the steps, in their order;
    those about one step are in `steps` too.
    """

    called: E164
    did: str | None
    caller: E164 | None
    candidates: tuple[Contact, ...]
    contact: Contact | None
    routes: tuple[RouteTried, ...]
    remarks: tuple[Note, ...]
    steps: tuple[StepWeighed, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`route` is its name; None where no route matched and the last resort took the call.

    `turns_taken`: the rotary groups that begin one member further with the next call.
    """

    route: str | None
    itinerary: Itinerary
    trace: Trace
    turns_taken: tuple[str, ...] = ()


def describe_decision(decision: Decision) -> dict[str, Any]:
    """The decision as plain JSON data: `caller`, `route`, `itinerary`, `trace`."""
    trace = decision.trace
    return {
        "called": {"number": trace.called, "did": trace.did},
        "caller": {
            "number": trace.caller,
            "name": trace.contact.name if trace.contact else None,
            "language": decision.itinerary.language,
            "unit": trace.contact.unit if trace.contact else None,
            "category": trace.contact.category if trace.contact else None,
            "candidates": [_describe_contact(contact) for contact in trace.candidates],
        },
        "route": decision.route,
        "itinerary": [describe(step) for step in decision.itinerary.steps],
        "trace": {
            "routes": [_describe_tried(tried) for tried in trace.routes],
            "steps": [
                {
                    "step": dump_step(weighed.step),
                    "origin": weighed.origin,
                    "kept": bool(weighed.became),
                    "remarks": [describe_note(remark) for remark in weighed.remarks],
                }
                for weighed in trace.steps
            ],
            "remarks": [str(remark) for remark in trace.remarks],
            "notes": [describe_note(remark) for remark in trace.remarks],
        },
    }


def _describe_tried(tried: RouteTried) -> dict[str, Any]:
    said = None if tried.reason is None else describe_note(tried.reason)
    reason = None if said is None else said["text"]
    return {"route": tried.route, "matched": said is None, "reason": reason, "note": said}


def describe_note(said: Note) -> dict[str, Any]:
    """`text` in English, and what it is made of, from which it can be said in other languages: `template`, `facts`."""
    return {"text": str(said), "template": said.template, "facts": {name: _fact(fact) for name, fact in said.facts}}


def _fact(fact: Fact) -> Any:
    match fact:
        case Note():
            return describe_note(fact)
        case Listed(values, word):
            return {"listed": [_fact(value) for value in values], "word": word}
        case Moment(at, other_day):
            return {"at": at.isoformat(), "other_day": other_day}
        case date():
            return {"day": fact.isoformat()}
        case _:
            return fact


def read_note(described: Mapping[str, Any]) -> Note:
    """The note that `describe_note` described."""
    return Note(described["template"], tuple((name, _read_fact(fact)) for name, fact in described["facts"].items()))


def _read_fact(fact: Any) -> Fact:
    match fact:
        case {"template": _}:
            return read_note(fact)
        case {"listed": values, "word": word}:
            return Listed(tuple(_read_fact(value) for value in values), word)
        case {"at": at, "other_day": other_day}:
            return Moment(datetime.fromisoformat(at), other_day)
        case {"day": day}:
            return date.fromisoformat(day)
        case _:
            return cast("str | int", fact)


def _describe_contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "unit": contact.unit,
        "category": contact.category,
        "language": contact.language,
    }
