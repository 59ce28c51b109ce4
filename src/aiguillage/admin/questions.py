"""/api/v1/timetable, /reached-by, /replay: what the plan does to calls, over time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.guard import TheParts, may
from aiguillage.admin.plan import PlanName
from aiguillage.admin.routes import Resource
from aiguillage.admin.times import Day
from aiguillage.admin.wordings import TheLanguage
from aiguillage.desk import editing, reaching, replaying, tabling
from aiguillage.desk.parts import Parts
from aiguillage.desk.snapshot import Snapshot
from aiguillage.desk.wording import words_for

router = APIRouter(tags=["questions"], route_class=Resource)

MOST_DAYS = 366
From = Annotated[
    Day | None, Query(description="on the organisation's calendar; absent = today", examples=["2026-11-23"])
]


def _snapshot(parts: Parts, name: str) -> Snapshot:
    """What calls are decided from, by the plan of that name."""
    current = parts.current()
    return (
        current if name == "live" else replace(current, plan=editing.check(editing.document_of(parts.database, name)))
    )


@router.get("/timetable", operation_id="getTimetable", dependencies=[may("plan:read")])
def get_timetable(
    parts: TheParts,
    to: Annotated[
        str | None, Query(max_length=64, description="A number of ours, or its key; absent = the first.")
    ] = None,
    caller: Annotated[
        str | None,
        Query(
            alias="from", max_length=200, description="A number, withheld, unknown, or president@hainaut; absent = all."
        ),
    ] = None,
    since: From = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 7,
    plan: PlanName = "live",
) -> dict[str, Any]:
    """Where calls go, span by span: `entries` of one caller, or `groups` of all kinds of caller."""
    snapshot = _snapshot(parts, plan)
    called = to or next(iter(snapshot.plan.dids), "")
    start = tabling.first_day(snapshot.plan, since, datetime.now(UTC))
    end = tabling.first_day(snapshot.plan, (start + timedelta(days=days, hours=12)).date(), start)
    if caller is not None:
        entries = tabling.entries(snapshot, called, caller, start, end)
        return {"to": called, "from": caller, "entries": tabling.as_data(snapshot.plan, entries)}
    did = tabling.did_of(snapshot.plan, called)
    return {"to": called, "groups": tabling.groups_as_data(tabling.groups(snapshot.plan, did, start, end))}


@router.get("/reached-by/{person}", operation_id="getReachedBy", dependencies=[may("plan:read")])
def get_reached_by(
    person: Annotated[str, Path(max_length=64)], parts: TheParts, plan: PlanName = "live"
) -> dict[str, Any]:
    """Which calls reach somebody over the next twelve months: when, from whom, by which route."""
    found = _snapshot(parts, plan).plan
    since = tabling.first_day(found, None, datetime.now(UTC))
    return {
        "person": person,
        "reached_by": reaching.as_data(list(reaching.reaching(found, person, since, since + tabling.YEAR))),
    }


class ReplayQuestion(BaseModel):
    """Past calls of the journal since a day; `from_plan` and `to_plan` are named as in the query of plan/diff."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[Day | None, Field(examples=["2026-11-01"], description="absent = 30 days ago")] = None
    from_plan: Annotated[str, Field(pattern="^(draft|live|[0-9]{1,7}|[0-9a-f]{8,32})$")] = "live"
    to_plan: Annotated[str, Field(pattern="^(draft|live|[0-9]{1,7}|[0-9a-f]{8,32})$")] = "draft"


@router.post("/replay", operation_id="replayCalls", dependencies=[may("plan:read", "calls:read")])
def replay_calls(question: ReplayQuestion, parts: TheParts, language: TheLanguage) -> Mapping[str, Any]:
    """How many past calls would go another way, which, and from what to what."""
    now = datetime.now(UTC)
    was, becomes = (_snapshot(parts, name).plan for name in (question.from_plan, question.to_plan))
    since = tabling.first_day(was, question.since or (now - timedelta(days=30)).date(), now)
    placed, forgotten = replaying.from_journal(parts.database, since)
    found = replaying.replay(was, becomes, parts.current().directory, placed)
    return replaying.as_data(words_for(becomes, language), was, becomes, replace(found, forgotten=forgotten))
