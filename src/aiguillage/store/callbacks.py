"""Requests of callers who left a queue to be called back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from aiguillage.errors import Conflict, NotFound
from aiguillage.store.tables import callbacks


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """`waiting_since` is the caller's place: when the queue was entered. `call` is Asterisk's Linkedid."""

    id: str
    queue: str
    number: str
    name: str
    call: str
    waiting_since: datetime
    asked_at: datetime
    taken_by: str | None = None
    taken_at: datetime | None = None
    done_at: datetime | None = None


def add(session: Session, request: CallbackRequest) -> bool:
    """Keep a request; whether it is new: one that is still open for the same queue and number keeps its earlier place,
    and is enough.
    """
    waiting = select(callbacks.c.id).where(
        callbacks.c.queue == request.queue, callbacks.c.number == request.number, callbacks.c.done_at.is_(None)
    )
    if session.scalar(waiting) is not None:
        return False
    session.execute(insert(callbacks), {name: getattr(request, name) for name in CallbackRequest.__slots__})
    return True


def open_requests(session: Session, queue: str | None = None) -> list[CallbackRequest]:
    """Those that are not done, in the order in which their callers entered the queue."""
    wanted = (
        select(callbacks).where(callbacks.c.done_at.is_(None)).order_by(callbacks.c.waiting_since, callbacks.c.asked_at)
    )
    if queue is not None:
        wanted = wanted.where(callbacks.c.queue == queue)
    return [CallbackRequest(**row) for row in session.execute(wanted).mappings()]


def request(session: Session, key: str) -> CallbackRequest:
    """Raises NotFound."""
    found = session.execute(select(callbacks).where(callbacks.c.id == key)).mappings().first()
    if found is None:
        raise NotFound(f"there is no call-back request {key}")
    return CallbackRequest(**found)


def take(session: Session, key: str, person: str, at: datetime) -> CallbackRequest:
    """`person`, a plan key, is going to call. Raises NotFound; Conflict where a colleague was faster."""
    free = (callbacks.c.id == key) & callbacks.c.taken_by.is_(None) & callbacks.c.done_at.is_(None)
    taken = session.execute(
        update(callbacks).where(free).values(taken_by=person, taken_at=at).returning(callbacks.c.id)
    )
    found = request(session, key) if taken.first() else None
    if found is not None:
        return found
    there = request(session, key)
    if there.done_at is not None:
        raise Conflict(f"call-back request {key} is done")
    if there.taken_by != person:
        raise Conflict(f"call-back request {key} was taken by {there.taken_by}")
    return there


def finish(session: Session, key: str, at: datetime) -> CallbackRequest:
    """The caller was called back, or needs it no more. Raises NotFound."""
    request(session, key)
    session.execute(update(callbacks).where(callbacks.c.id == key, callbacks.c.done_at.is_(None)).values(done_at=at))
    return request(session, key)
