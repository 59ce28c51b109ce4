"""Missed calls, read from the journal when a call ends: also of those whose beginning an earlier service wrote down."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from aiguillage.errors import NumberRefused
from aiguillage.routing.numbers import parse_e164
from aiguillage.store import journal, webhooks
from aiguillage.store.journal import DecisionRecord, EventRecord

_INBOUND = {"inbound", "menu", "simulated"}
_REACHES_PEOPLE = frozenset({"ring", "queue"})


def tell(session: Session, happened: Iterable[EventRecord]) -> None:
    """Tell webhooks of the calls that ended without an answer; after `happened` was written, in the same session."""
    ended = [each for each in happened if each.kind == "call-ended"]
    if ended and webhooks.wanted(session, "call.missed"):
        for each in ended:
            decided = journal.decisions_of(session, each.call)
            story = journal.story(session, each.call)
            if _was_for_people(decided, story) and not any(event.kind == "answered" for event in story):
                _tell(session, each, decided[0], story)


def _was_for_people(decided: Sequence[DecisionRecord], story: Sequence[EventRecord]) -> bool:
    """Whether a call of somebody outside was to ring somebody; not one that was only to hear that we are closed.

    Of a call that Asterisk steered alone, only the steps are known that it took.
    """
    steps = {step.get("kind") for each in decided for step in each.itinerary}
    taken = {each.detail.get("kind") for each in story if each.kind == "step"}
    return bool(decided) and all(each.kind in _INBOUND for each in decided) and bool(_REACHES_PEOPLE & (steps | taken))


def _tell(session: Session, ended: EventRecord, decided: DecisionRecord, story: Sequence[EventRecord]) -> None:
    data: dict[str, Any] = {
        "call": ended.call,
        "caller": _number(decided.caller),
        "caller_name": decided.trace.get("caller", {}).get("name"),
        "called": _number(decided.called),
        "route": decided.route,
        "began": decided.at.isoformat(),
        "ended": ended.at.isoformat(),
        "rang": sorted({each.person for each in story if each.kind == "dialled" and each.person}),
    }
    webhooks.tell(session, ended.at, "call.missed", data)


def _number(text: str | None) -> str | None:
    with contextlib.suppress(NumberRefused):
        return parse_e164(text or "")
    return None
