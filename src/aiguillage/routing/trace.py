"""Why a call goes where it goes, kept with every decision."""

from dataclasses import dataclass
from typing import Any

from aiguillage.routing.directory import Contact
from aiguillage.routing.itinerary import Itinerary, describe
from aiguillage.routing.numbers import E164


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence with its facts apart, so that it can be translated: `template` holds `{name}` places."""

    template: str
    facts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.template.format(**dict(self.facts))


def note(template: str, **facts: object) -> Note:
    return Note(template, tuple((name, str(fact)) for name, fact in facts.items()))


@dataclass(frozen=True, slots=True)
class RouteTried:
    """A route in plan order; `reason` says why it did not match, None on the one that did."""

    route: str
    reason: Note | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What was known and what was weighed.

    `candidates` are all contacts with the caller's number; `contact` is the one the caller was taken for.
    `routes` ends with the route that took the call, unless none did. `remarks` are about the steps.
    """

    called: E164
    did: str | None
    caller: E164 | None
    candidates: tuple[Contact, ...]
    contact: Contact | None
    routes: tuple[RouteTried, ...]
    remarks: tuple[Note, ...]


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
            "routes": [
                {
                    "route": tried.route,
                    "matched": tried.reason is None,
                    "reason": None if tried.reason is None else str(tried.reason),
                }
                for tried in trace.routes
            ],
            "remarks": [str(remark) for remark in trace.remarks],
        },
    }


def _describe_contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "unit": contact.unit,
        "category": contact.category,
        "language": contact.language,
    }
