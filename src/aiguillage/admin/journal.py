"""/api/v1/calls: the journal of calls, and one of them with everything that was decided and happened."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from aiguillage.admin.bodies import PLAIN
from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.pages import Cursor, Limit, cursor_of, place_of
from aiguillage.admin.routes import Resource
from aiguillage.admin.times import Instant
from aiguillage.admin.wordings import TheLanguage
from aiguillage.desk import auditing, recalling
from aiguillage.desk.recalling import CallInBrief
from aiguillage.desk.wording import words_for

router = APIRouter(tags=["calls"], route_class=Resource)

CallId = Annotated[str, Path(pattern="^[0-9A-Za-z._-]{1,64}$", description="Asterisk's Linkedid, or a decision's id.")]
When = Annotated[Instant | None, Query(examples=["2026-11-23T15:00:00+01:00"])]
Prefix = Annotated[
    str, Query(pattern=r"^(\+[0-9]{1,15})?$", description="The beginning of either side's number, E.164.")
]
Outcome = Literal["answered", "voicemail", "missed"]
Steering = Literal["service", "timetable", "last-resort"]
Ended = Annotated[
    Outcome | None,
    Query(description=f"How they ended; for one page {recalling.MOST_LOOKED_AT} calls are looked at, at most."),
]


class Call(BaseModel):
    """`kind` is inbound, simulated, dialled, feature or callback; `caller` is E.164, null when withheld; `person` is
    who took it; `outcome` null while it goes on; `seconds` from its beginning to its end, null where none was heard;
    `steered_by` is who said where it goes: the service, or Asterisk's timetable or last resort without it."""

    call: str
    at: datetime
    kind: str
    caller: str | None
    called: str
    route: str | None
    outcome: Outcome | None
    person: str | None
    answered_at: datetime | None
    seconds: float | None
    steered_by: Steering


class Calls(BaseModel):
    """`next` goes into `cursor` for the following page. Where an `outcome` was asked for, a page may hold fewer than
    `limit`, or none, and be followed by others all the same: only a `next` of null is the end."""

    items: list[Call]
    next: str | None


class CallStory(BaseModel):
    """`decisions` as explain tells them, with the facts as they were then; `text` says it in words."""

    call: str
    decisions: list[dict[str, Any]]
    events: list[dict[str, Any]]
    text: list[str]


def _call(brief: CallInBrief) -> Call:
    placed = brief.placed
    return Call(
        call=placed.call,
        at=placed.at,
        kind=placed.kind,
        caller=placed.caller,
        called=placed.called,
        route=placed.route,
        outcome=brief.outcome,  # type: ignore[arg-type]  # one of these words
        person=brief.person,
        answered_at=brief.answered_at,
        seconds=brief.seconds,
        steered_by=brief.steered_by,
    )


@router.get("/calls", operation_id="listCalls", dependencies=[may("calls:read")])
def list_calls(
    parts: TheParts,
    by: TheEditor,
    limit: Limit = 100,
    cursor: Cursor = None,
    since: When = None,
    until: When = None,
    number: Prefix = "",
    route: Annotated[str | None, Query(max_length=200, pattern=PLAIN)] = None,
    outcome: Ended = None,
) -> Calls:
    """The newest first. Reading is written to the audit."""
    after = place_of(cursor, datetime, str)
    wanted = recalling.Wanted(since, until, number, route)
    found = recalling.page(parts.database, wanted, outcome, after, limit)
    filters = {"number": number, "route": route, "since": since, "outcome": outcome}
    asked = {name: True for name, value in filters.items() if value}
    auditing.has_read(parts.database, by, "calls", {"calls": len(found.calls)} | asked, datetime.now(UTC))
    return Calls(
        items=[_call(each) for each in found.calls],
        next=None if found.following is None else cursor_of(*found.following),
    )


@router.get("/calls/{call}", operation_id="getCall", dependencies=[may("calls:read")])
def get_call(call: CallId, parts: TheParts, by: TheEditor, language: TheLanguage) -> CallStory:
    """Why the call went where it went, and what happened. Reading is written to the audit."""
    found = recalling.recall(parts.database, call)
    auditing.has_read(parts.database, by, f"calls/{found.decisions[0].call}", {}, datetime.now(UTC))
    return CallStory(**recalling.as_data(found), text=list(recalling.in_words(words_for(found.plan, language), found)))
