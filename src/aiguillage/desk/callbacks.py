"""Callers who left a queue to be called back: who waits, who calls them, when it is done."""

from datetime import datetime
from typing import Any

from aiguillage.desk.editing import NOBODY, Editor
from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import NotFound
from aiguillage.store import audit, callbacks
from aiguillage.store.audit import Deed
from aiguillage.store.callbacks import CallbackRequest
from aiguillage.store.database import Database


def waiting(database: Database, queue: str | None = None) -> list[CallbackRequest]:
    """The open requests, in the order in which their callers entered the queue."""
    with database.reading() as session:
        return callbacks.open_requests(session, queue)


def take(database: Database, key: str, person: str, at: datetime, by: Editor = NOBODY) -> CallbackRequest:
    """`person` is going to call. Raises NotFound, and Conflict where a colleague was faster."""
    if person not in (people := published_plan(database).people):
        raise NotFound(f'person "{person}" is not in the plan; write one of {", ".join(people)}')
    with database.writing() as session:
        audit.append(
            session, at, Deed(by.name, "take", f"callbacks/{key}", None, {"person": person}, request=by.request)
        )
        return callbacks.take(session, key, person, at)


def finish(database: Database, key: str, at: datetime, by: Editor = NOBODY) -> CallbackRequest:
    """The caller was called back, or needs it no more. Raises NotFound."""
    with database.writing() as session:
        audit.append(session, at, Deed(by.name, "finish", f"callbacks/{key}", request=by.request))
        return callbacks.finish(session, key, at)


def describe(request: CallbackRequest) -> dict[str, Any]:
    """Plain JSON data; instants in UTC."""
    return {
        "id": request.id,
        "queue": request.queue,
        "number": request.number,
        "name": request.name,
        "waiting_since": request.waiting_since.isoformat(),
        "asked_at": request.asked_at.isoformat(),
        "taken_by": request.taken_by,
        "taken_at": request.taken_at.isoformat() if request.taken_at else None,
        "done_at": request.done_at.isoformat() if request.done_at else None,
    }
