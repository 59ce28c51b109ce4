"""/api/v1/presence: where people are."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.guard import TheEditor, TheParts, ThePrincipal, may, may_within
from aiguillage.admin.requests import KnownRevisions, etag
from aiguillage.admin.routes import Resource
from aiguillage.admin.times import LocalInstant
from aiguillage.desk import presence
from aiguillage.errors import NotFound
from aiguillage.routing.presence import AVAILABLE
from aiguillage.routing.presence import Presence as State_

router = APIRouter(tags=["presence"], route_class=Resource)

Person = Annotated[str, Path(max_length=64)]
State = Literal["available", "away", "do-not-disturb", "forwarded"]


class NewPresence(BaseModel):
    """`until` ends the state by itself; without an offset it is on the organisation's clock."""

    model_config = ConfigDict(extra="forbid")

    state: State
    until: Annotated[LocalInstant | None, Field(examples=["2026-11-24T14:00:00+01:00"])] = None
    forward_to: Annotated[str | None, Field(max_length=40, description="With forwarded: any spelling.")] = None


class Presence(BaseModel):
    """`forward_to` is E.164."""

    person: str
    state: State
    until: datetime | None
    forward_to: str | None


class Presences(BaseModel):
    presences: list[Presence]


def _model(data: dict[str, Any]) -> Presence:
    return Presence(**data)


def _tagged(response: Response, person: str, state: State_) -> Presence:
    response.headers["ETag"] = etag(presence.revision(person, state))
    return _model(presence.describe(person, state))


@router.get("/presence", operation_id="listPresence", dependencies=[may("presence:read")])
def list_presence(parts: TheParts) -> Presences:
    """Everybody who is not simply available."""
    states = presence.current(parts.database, datetime.now(UTC))
    return Presences(presences=[_model(presence.describe(person, state)) for person, state in states.items()])


@router.get("/presence/{person}", operation_id="getPresence", dependencies=[may("presence:read")])
def get_presence(person: Person, parts: TheParts, response: Response) -> Presence:
    if person not in parts.current().plan.people:
        raise NotFound(f'person "{person}" is not in the plan')
    states = presence.current(parts.database, datetime.now(UTC))
    return _tagged(response, person, states.get(person, AVAILABLE))


@router.put("/presence/{person}", operation_id="putPresence", dependencies=[may_within("presence:write")])
def put_presence(
    person: Person,
    new: NewPresence,
    parts: TheParts,
    who: ThePrincipal,
    by: TheEditor,
    known: KnownRevisions,
    response: Response,
) -> Presence:
    """Say where somebody is; the next call knows it within a second."""
    who.needs_for("presence:write", person)
    now = datetime.now(UTC)
    until = new.until.isoformat() if new.until else ""
    state = presence.said(parts.current().plan, new.state, new.forward_to or "", until, now)
    presence.set_presence(parts.database, person, state, by, now, known)
    return _tagged(response, person, state)
