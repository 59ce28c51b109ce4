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
    """The decision as plain JSON data: `called`, `caller`, `route`, `itinerary`, `trace`."""
    return in_full(in_short(decision))


def in_short(decision: Decision) -> dict[str, Any]:
    """The same without the sentences, which `in_full` makes of their templates and facts: a journal keeps thousands."""
    trace, facts = decision.trace, _Facts()
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
            "routes": [{"route": tried.route, "note": facts.of_note(tried.reason)} for tried in trace.routes],
            "steps": [
                {
                    "step": dump_step(weighed.step),
                    "origin": weighed.origin,
                    "kept": bool(weighed.became),
                    "remarks": [facts.of_note(remark) for remark in weighed.remarks],
                }
                for weighed in trace.steps
            ],
            "notes": [facts.of_note(remark) for remark in trace.remarks],
        },
    }


class _Facts:
    """Notes as JSON data. What many of them share, as who the caller is, is made once."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}

    def of_note(self, said: Note | None) -> dict[str, Any] | None:
        if said is None:
            return None
        return {"template": said.template, "facts": {name: self.of(fact) for name, fact in said.facts}}

    def of(self, fact: Fact) -> Any:
        if isinstance(fact, str):  # most are
            return fact
        match fact:
            case Listed():
                made = self._made.get(id(fact))
                if made is None:
                    made = {"listed": [self.of(value) for value in fact.values], "word": fact.word}
                    self._made[id(fact)] = made
                return made
            case Note():
                return self.of_note(fact)
            case Moment(at, other_day):
                return {"at": at.isoformat(), "other_day": other_day}
            case date():
                return {"day": fact.isoformat()}
            case _:
                return fact


def in_full(description: Mapping[str, Any]) -> dict[str, Any]:
    """A description that was made `in_short`, with its sentences in English; one that has them stays as it is."""
    trace = description.get("trace")
    if trace is None or "remarks" in trace:
        return dict(description)
    notes = [_said(each) for each in trace["notes"]]
    steps = [{**weighed, "remarks": [_said(each) for each in weighed["remarks"]]} for weighed in trace["steps"]]
    routes = [_tried(each["route"], each["note"]) for each in trace["routes"]]
    told = {"routes": routes, "steps": steps, "remarks": [each["text"] for each in notes], "notes": notes}
    return {**description, "trace": told}


def _tried(route: str, reason: Mapping[str, Any] | None) -> dict[str, Any]:
    said = None if reason is None else _said(reason)
    return {"route": route, "matched": said is None, "reason": said["text"] if said else None, "note": said}


def _said(described: Mapping[str, Any]) -> dict[str, Any]:
    return describe_note(read_note(described))


def describe_note(said: Note) -> dict[str, Any]:
    """`text` in English, and what it is made of, from which it can be said in other languages: `template`, `facts`."""
    return {"text": str(said), "template": said.template, "facts": {name: _fact(fact) for name, fact in said.facts}}


def _fact(fact: Fact) -> Any:
    match fact:
        case Note():
            return describe_note(fact)
        case Listed(values, word):
            return {"listed": [_fact(value) for value in values], "word": word}
        case _:
            return _Facts().of(fact)


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
