"""/api/v1/calls/live: calls in progress, at a glance and as they change (Server-Sent Events)."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator
from datetime import datetime
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from aiguillage.admin.guard import COOKIE, TheParts, identified, may
from aiguillage.admin.routes import Resource
from aiguillage.admin.streams import EVENT_STREAM, EventStream
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.parts import Parts
from aiguillage.errors import AiguillageError, Unavailable

router = APIRouter(prefix="/calls/live", tags=["calls"], route_class=Resource)

LOOK_EVERY = 0.25
"""Seconds between two looks for changes: a receptionist sees a call that soon."""
BEAT_EVERY = 15.0
"""Seconds after which a silent stream says that it lives; then it also looks whether the reader may still read."""
MOST_STREAMS = 200
_streams = threading.BoundedSemaphore(MOST_STREAMS)


class LiveCall(BaseModel):
    """`state` is routing, ringing, answered, queue, menu or voicemail, and at last, in the stream, ended. `rings` are
    `claire/desk`, or outside numbers; `person` has answered."""

    call: str
    since: datetime
    kind: str
    caller: str | None
    called: str
    route: str | None
    state: str
    rings: list[str]
    person: str | None
    answered_at: datetime | None


class CallsInProgress(BaseModel):
    """`number` counts the changes so far: the stream goes on from there with `Last-Event-ID`."""

    number: int
    calls: list[LiveCall]


@router.get("", operation_id="listLiveCalls", dependencies=[may("calls:read")])
def list_live_calls(parts: TheParts) -> CallsInProgress:
    """The oldest first."""
    number, calls = _here(parts).now()
    return CallsInProgress(number=number, calls=[LiveCall.model_validate(each.describe()) for each in calls])


@router.get(
    "/events",
    operation_id="followLiveCalls",
    dependencies=[may("calls:read")],
    response_class=StreamingResponse,
    responses={200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}, "description": "Events."}},
)
async def follow_live_calls(
    request: Request,
    parts: TheParts,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern="^[0-9]{1,18}$")] = None,
) -> EventStream:
    """An event `calls` with all of them, then `call` with each that changes; ids go into `Last-Event-ID`.

    The stream ends when its reader may not read any more, and when the service stops.
    """
    _here(parts)
    if not _streams.acquire(blocking=False):
        raise Unavailable(f"{MOST_STREAMS} people are following the calls already")
    told = _told(request, parts, int(last_event_id) if last_event_id else None)
    return EventStream(told, at_end=_streams.release)


def _here(parts: Parts) -> LiveCalls:
    """Raises Unavailable on a desk."""
    if parts.live.elsewhere:
        told = "calls in progress are known beside their Asterisk only, and this service is a desk"
        raise Unavailable(f"{told}; ask a service that runs with --role all, or the journal once they are over")
    return parts.live


async def _told(request: Request, parts: Parts, last: int | None) -> AsyncGenerator[str, None]:
    live, beat = parts.live, monotonic()
    while not live.closed:
        text, last = _news(live, last)
        if text:
            yield text
        elif monotonic() - beat > BEAT_EVERY:
            if not await run_in_threadpool(_still_may, request, parts):
                return
            yield ": still here\n\n"
        else:
            await asyncio.sleep(LOOK_EVERY)
            continue
        beat = monotonic()


def _news(live: LiveCalls, last: int | None) -> tuple[str, int]:
    """What happened since the change with that number, and the number of the last; all calls, where that is unknown."""
    changes = None if last is None else live.since(last)
    if changes is None:
        number, calls = live.now()
        return _event("calls", number, {"calls": [each.describe() for each in calls]}), number
    events = [_event("call", each.number, each.call.describe()) for each in changes]
    return "".join(events), changes[-1].number if changes else last or 0


def _event(kind: str, number: int, data: object) -> str:
    return f"event: {kind}\nid: {number}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _still_may(request: Request, parts: Parts) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        who = identified(request, parts, token if scheme.lower() == "bearer" else None, request.cookies.get(COOKIE))
        if who is None:
            return False
        who.needs_all("calls:read")
    except AiguillageError:
        return False
    return True
