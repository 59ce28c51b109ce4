"""/api/v1/calls: click-to-call. A colleague's phone rings first, then the other side's."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.guard import TheParts, ThePrincipal, may_within
from aiguillage.admin.idempotency import required_key
from aiguillage.admin.routes import Resource
from aiguillage.admin.streams import EVENT_STREAM, EventStream
from aiguillage.desk import calling
from aiguillage.desk.calling import Outcome, State
from aiguillage.desk.calling import PlacedCall as Placed

router = APIRouter(tags=["calls"], route_class=Resource)

Id = Annotated[str, Path(pattern="^([a-z0-9]{1,20}-)?[0-9a-f]{32}$")]
LastSeen = Annotated[
    str | None,
    Header(alias="Last-Event-ID", pattern="^[0-9]{1,9}$", description="The id of the last event that was received."),
]
ALIVE_SECONDS = 15.0
"""Between two signs of life, so that nothing on the way takes a long talk for a dead connection."""


class NewCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=64, description="Who wants to talk: a person's key.", examples=["sophie"])]
    to: Annotated[
        str,
        Field(max_length=40, description="A number in any spelling, or an extension.", examples=["0471 00 02 01"]),
    ]


class PlacedCall(BaseModel):
    """`to` is what is dialled, `shows` the number of ours that the other side sees, null for a call that stays inside.

    `outcome`, and `cause` (Q.850) where it was told, are there once the call has ended. `revision` counts its changes.
    The id is the call's in the journal, too.
    """

    id: str
    person: str
    to: str
    shows: str | None
    state: State
    revision: int
    asked_at: datetime
    asked_by: str
    colleague_answered_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    cause: int | None
    cause_text: str


def _model(call: Placed) -> PlacedCall:
    return PlacedCall(**calling.describe(call))


_PLACE = may_within("calls:place")


@router.post("/calls", operation_id="placeCall", status_code=202, dependencies=[_PLACE, Depends(required_key)])
def place_call(new: NewCall, parts: TheParts, who: ThePrincipal, response: Response) -> PlacedCall:
    """Ring a colleague's phones, a GSM with key 1, and connect whoever answers with `to`, as if they had dialled it.

    Permissions and limits are those of the colleague's own calls. 409 where no phone of theirs can be rung now, one is
    being rung already, or no call is left today. Needs an `Idempotency-Key`: the same key never places a second call.
    """
    who.needs_for("calls:place", new.person)
    call = parts.calls.place(new.person, new.to, who.name)
    response.headers["Location"] = f"/api/v1/calls/placed/{call.id}"
    return _model(call)


@router.get("/calls/placed/{id}", operation_id="getPlacedCall", dependencies=[_PLACE])
def get_placed_call(id: Id, parts: TheParts, who: ThePrincipal) -> PlacedCall:  # noqa: A002  the name in the path
    """How a call stands; it can be asked for until ten minutes after its end."""
    call = parts.calls.get(id)
    who.needs_for("calls:place", call.person)
    return _model(call)


@router.get(
    "/calls/placed/{id}/events",
    operation_id="followPlacedCall",
    dependencies=[_PLACE],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `state`, and `ended` for the last one; the data of each is a PlacedCall.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        },
        204: {"description": "The call has ended, and the client has seen it: there is nothing to come back for."},
    },
)
def follow_placed_call(id: Id, parts: TheParts, who: ThePrincipal, last_event_id: LastSeen = None) -> Response:  # noqa: A002
    """Server-sent events: all that has become of the call so far, and each change as it happens. Closes at its end."""
    call, seen = parts.calls.get(id), int(last_event_id or -1)
    who.needs_for("calls:place", call.person)
    if call.state == "ended" and seen >= call.revision:
        return Response(status_code=204)
    return EventStream(_events(parts.calls.follow(id, seen)), headers={"X-Accel-Buffering": "no"})


async def _events(changes: AsyncIterator[Placed]) -> AsyncGenerator[str, None]:
    """Each change as an event, and a comment while nothing changes."""
    coming = asyncio.ensure_future(anext(changes, None))
    try:
        while True:
            if not (await asyncio.wait([coming], timeout=ALIVE_SECONDS))[0]:
                yield ": the call goes on\n\n"
            elif (call := coming.result()) is None:
                return
            else:
                yield _event(call)
                coming = asyncio.ensure_future(anext(changes, None))
    finally:
        coming.cancel()


def _event(call: Placed) -> str:
    kind = "ended" if call.state == "ended" else "state"
    return f"id: {call.revision}\nevent: {kind}\ndata: {_model(call).model_dump_json()}\n\n"
