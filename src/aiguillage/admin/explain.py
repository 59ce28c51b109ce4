"""/api/v1/explain: where a call would go, and why."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.guard import TheParts, may
from aiguillage.admin.routes import Resource
from aiguillage.admin.times import LocalInstant
from aiguillage.admin.wordings import TheLanguage
from aiguillage.desk import explaining
from aiguillage.desk.wording import words_for

router = APIRouter(tags=["explain"], route_class=Resource)


class Question(BaseModel):
    """A call that might be."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    caller: Annotated[
        str,
        Field(alias="from", max_length=40, description="A number, or `withheld`.", examples=["+32471000201"]),
    ]
    called: Annotated[
        str,
        Field(alias="to", max_length=64, description="A number of ours, or its key.", examples=["central"]),
    ]
    at: Annotated[
        LocalInstant | None,
        Field(description="When; without an offset, on the organisation's clock. Absent = now."),
    ] = None


class Explanation(BaseModel):
    """`itinerary` lists the steps, each with its `kind`; `trace` says why; `text` says all of it in words."""

    at: datetime
    called: dict[str, Any]
    caller: dict[str, Any]
    route: str | None
    itinerary: list[dict[str, Any]]
    trace: dict[str, Any]
    plan_version: int
    text: list[str]


@router.post("/explain", operation_id="explain", dependencies=[may("plan:read")])
def post_explain(question: Question, parts: TheParts, language: TheLanguage) -> Explanation:
    """Decide a call without placing it, from the published plan."""
    now = datetime.now(UTC)
    asked = explaining.Question(question.caller, question.called, question.at or now)
    plan, description = explaining.explain_then(parts.database, parts.current(), asked, now)
    return Explanation(**description, text=list(explaining.in_words(words_for(plan, language), description, plan)))
