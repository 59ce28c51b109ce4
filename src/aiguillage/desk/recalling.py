"""Explain a call that was: what was decided, from the facts as they were then, and what really happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiguillage.desk import editing, explaining
from aiguillage.desk.telling import story_in_words
from aiguillage.desk.wording import Words
from aiguillage.errors import NotFound
from aiguillage.routing import hours
from aiguillage.routing.plan import Plan
from aiguillage.store import journal, retention
from aiguillage.store.database import Database, Session
from aiguillage.store.journal import DecisionRecord, EventRecord, PlacedCall, Steering
from aiguillage.store.journal import Wanted as Wanted
from aiguillage.store.once import INTERRUPTED, RECOVERED

LAST = "last"
Place = tuple[datetime, str]
"""In the journal: `at` and `id` of a call."""
CHUNK = 500
MOST_LOOKED_AT = 1500


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call of the journal: every decision about it, in order (keys pressed ask again), and what happened.

    `plan` is the version that the first decision followed.
    """

    decisions: tuple[DecisionRecord, ...]
    events: tuple[EventRecord, ...]
    plan: Plan


def recall(database: Database, wanted: str) -> PastCall:
    """`wanted`: the call's id (Asterisk's Linkedid), a decision's id, or `last`.

    Raises NotFound.
    """
    with database.reading() as session:
        if wanted == LAST:
            recent = journal.recent(session, 1)
            call = recent[0].call if recent else None
        else:
            call = journal.call_of(session, wanted)
        if call is None:
            raise NotFound(f"the journal has no call {wanted}; look at the last ones: aiguillage calls")
        decisions, events = journal.decisions_of(session, call), journal.story(session, call)
    plan = editing.check(editing.document_of(database, str(decisions[0].plan_version)))
    return PastCall(tuple(decisions), tuple(events), plan)


def latest(database: Database, limit: int) -> "list[CallInBrief]":
    """The last calls, the newest first; of click-to-call, with what was dialled then."""
    with database.reading() as session:
        found = _briefs(session, Wanted(), None, limit)
    went_on = {each.placed.call for each in found if each.placed.kind != "click-to-call"}
    return [each for each in found if each.placed.kind != "click-to-call" or each.placed.call not in went_on]


@dataclass(frozen=True, slots=True)
class CallInBrief:
    """A call, how it ended (`answered`, `voicemail`, `missed`; None while it goes on), and who took it when.

    `seconds` is from the beginning to the end, None where that is not known; `steered_by`: `service`, or what decided
    in Asterisk without it, `timetable` or `last-resort`.
    """

    placed: PlacedCall
    outcome: str | None
    person: str | None
    answered_at: datetime | None
    seconds: float | None
    steered_by: Steering


@dataclass(frozen=True, slots=True)
class CallPage:
    """The newest first; `following` is where the next page begins, None after the last."""

    calls: list[CallInBrief]
    following: Place | None


def page(database: Database, wanted: Wanted, outcome: str | None, after: Place | None, limit: int) -> CallPage:
    """The calls after a place. Of those with an `outcome`, maybe fewer than `limit` although there are more: no index
    knows how a call ended, so each is looked at, and MOST_LOOKED_AT for one page.
    """
    size = limit + 1 if outcome is None else CHUNK
    found: list[CallInBrief] = []
    with database.reading() as session:
        for _ in range(0, MOST_LOOKED_AT, size):
            looked_at = _briefs(session, wanted, after, size)
            found += [each for each in looked_at if outcome in {None, each.outcome}]
            if len(found) > limit:
                return CallPage(found[:limit], _place(found[limit - 1]))
            if len(looked_at) < size:
                return CallPage(found, None)
            after = _place(looked_at[-1])
    return CallPage(found, after)


def _place(brief: CallInBrief) -> Place:
    return brief.placed.at, brief.placed.id


def _briefs(session: Session, wanted: Wanted, after: Place | None, limit: int) -> list[CallInBrief]:
    found = journal.calls(session, wanted, after, limit)
    told: dict[str, list[EventRecord]] = {each.call: [] for each in found}
    for event in journal.ends_of(session, told.keys()):
        told[event.call].append(event)
    return [_in_brief(each, told[each.call]) for each in found]


def _in_brief(placed: PlacedCall, events: list[EventRecord]) -> CallInBrief:
    answered = next((each for each in events if each.kind == "answered"), None)
    ended = next((each for each in reversed(events) if each.kind == "call-ended"), None)
    return CallInBrief(
        placed,
        journal.outcome_of(events),
        answered.person if answered else None,
        answered.at if answered else None,
        (ended.at - placed.at).total_seconds() if ended and INTERRUPTED not in ended.detail else None,
        journal.steered_by(events),
    )


def in_words(words: Words, call: PastCall) -> Iterator[str]:
    first, *asked_again = call.decisions
    description = explaining.recorded(first)
    if retention.REDUCED in first.trace:
        yield from _reduced_in_words(words, first, call.plan)
        asked_again = []
    elif RECOVERED in first.trace:
        yield from _recovered_in_words(words, first, call.plan)
    elif "caller" in description:
        yield from explaining.in_words(words, description, call.plan)
    else:
        said = explaining.asked_for_in_words if first.kind == "click-to-call" else explaining.dialled_in_words
        yield from said(words, first.caller or "", first.called, description, call.plan)
    for decision in asked_again:
        again = explaining.recorded(decision)
        yield ""
        pressed = " ".join(f"{menu}:{keys}" for menu, keys in again.get("presses", ()))
        yield words("After key {keys}:", keys=pressed) if pressed else words("Once somebody has answered there:")
        yield from explaining.steps_in_words(words, again["itinerary"], call.plan)
    yield ""
    yield words("What happened:")
    story = story_in_words(words, call.events, call.plan, first.at)
    yield from story or [words("  nothing is in the journal yet")]


def _reduced_in_words(words: Words, first: DecisionRecord, plan: Plan) -> Iterator[str]:
    """A call of which numbers, names and reasons are not kept any more."""
    at = first.at.astimezone(hours.zone(plan))
    yield words("A call on {moment}; who called, and why it went there, is not kept any more.", moment=words.moment(at))
    if first.route:
        yield words("Route: {route}", route=first.route)


def _recovered_in_words(words: Words, first: DecisionRecord, plan: Plan) -> Iterator[str]:
    """A call that the service knows from Asterisk only."""
    at, caller = first.at.astimezone(hours.zone(plan)), plan.people.get(first.caller or "")
    who = caller.name if caller else first.caller or words("Somebody who withholds the number")
    yield words("{caller} calls {called}", caller=who, called=first.called)
    yield words("on {moment}. What the service decided, if it was asked, was lost with it.", moment=words.moment(at))


def as_data(call: PastCall) -> Mapping[str, Any]:
    """JSON data: `call`, `decisions`, `events`."""
    return {
        "call": call.decisions[0].call,
        "decisions": [
            {"id": each.id, "decided_at": each.at.isoformat(), "kind": each.kind, **explaining.recorded(each)}
            for each in call.decisions
        ],
        "events": [
            {
                "at": event.at.isoformat(),
                "kind": event.kind,
                "leg": event.leg,
                "person": event.person,
                "phone": event.phone,
                "detail": event.detail,
            }
            for event in call.events
        ],
    }
