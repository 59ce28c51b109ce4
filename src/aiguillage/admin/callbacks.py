"""/api/v1/callbacks: callers who left a queue to be called back."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.routes import Resource
from aiguillage.desk import callbacks

router = APIRouter(tags=["callbacks"], route_class=Resource)

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
QueueKey = Annotated[str | None, Query(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
"""As the plan writes keys; PostgreSQL takes no text with a NUL."""


class Callback(BaseModel):
    """`waiting_since` is the place that the caller keeps; `number` is E.164."""

    id: str
    queue: str
    number: str
    name: str
    waiting_since: datetime
    asked_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    done_at: datetime | None


class Callbacks(BaseModel):
    callbacks: list[Callback]


class Taker(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=64, description="A person's key.", examples=["sophie"])]


def _model(data: dict[str, Any]) -> Callback:
    return Callback(**data)


@router.get("/callbacks", operation_id="listCallbacks", dependencies=[may("callbacks:read")])
def list_callbacks(parts: TheParts, queue: QueueKey = None) -> Callbacks:
    """Who waits to be called back, in the order in which they entered the queue."""
    return Callbacks(callbacks=[_model(callbacks.describe(each)) for each in callbacks.waiting(parts.database, queue)])


@router.post("/callbacks/{id}/take", operation_id="takeCallback", dependencies=[may("callbacks:write")])
def take_callback(id: Id, taker: Taker, parts: TheParts, by: TheEditor) -> Callback:  # noqa: A002  the name in the path
    """Say that somebody is going to call; 409 where a colleague was faster."""
    return _model(callbacks.describe(callbacks.take(parts.database, id, taker.person, datetime.now(UTC), by)))


@router.post("/callbacks/{id}/done", operation_id="finishCallback", dependencies=[may("callbacks:write")])
def finish_callback(id: Id, parts: TheParts, by: TheEditor) -> Callback:  # noqa: A002  the name in the path
    """The caller was called back, or needs it no more."""
    return _model(callbacks.describe(callbacks.finish(parts.database, id, datetime.now(UTC), by)))
