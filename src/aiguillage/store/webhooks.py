"""Webhooks, and their outbox: what each is to be told, written with the deed itself and kept until it was delivered."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, delete, desc, insert, or_, select, update
from sqlalchemy.orm import Session

from aiguillage import text_formats
from aiguillage.errors import NotFound
from aiguillage.store.tables import webhook_deliveries as outbox
from aiguillage.store.tables import webhooks as table

Event = Literal["call.missed", "callback.requested", "plan.published", "trunk.down", "trunk.up", "voicemail.left"]
PING = "ping"
"""What nobody asks to be told, and everybody is told on request."""


@dataclass(frozen=True, slots=True)
class EarlierSecret:
    """One that was replaced; what is sent is signed with it, too, until then."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """`events` are those that it is told; `secret` reads `whsec_…` and never leaves by a log or the audit; `earlier`
    are those before it, the last one first."""

    key: str
    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False)
    enabled: bool
    created: datetime
    earlier: tuple[EarlierSecret, ...] = ()

    def secrets(self, at: datetime) -> tuple[str, ...]:
        """All that what is sent then is signed with."""
        return (self.secret, *(each.secret for each in self.earlier if at < each.until))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one webhook. `payload` is JSON text, the same bytes at every try.

    `due`: the next try is not before; None once it is over: then `delivered_at` or `given_up_at` says when.
    """

    id: str
    webhook: str
    type: str
    payload: str
    created: datetime
    tries: int = 0
    due: datetime | None = None
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened at `at` without writing anything itself; see `tell`."""

    at: datetime
    event: Event
    data: Mapping[str, Any]


# --- Webhooks ----------------------------------------------------------------------------------------------


def webhooks(session: Session) -> list[Webhook]:
    """All, by their keys."""
    return [_webhook(row) for row in session.execute(select(table).order_by(table.c.key)).mappings()]


def find(session: Session, key: str) -> Webhook | None:
    found = session.execute(select(table).where(table.c.key == key)).mappings().first()
    return _webhook(found) if found else None


def webhook(session: Session, key: str) -> Webhook:
    """Raises NotFound."""
    found = find(session, key)
    if found is None:
        raise NotFound(f'there is no webhook "{key}"')
    return found


def add(session: Session, new: Webhook) -> None:
    session.execute(insert(table), _row(new))


def change(session: Session, changed: Webhook, at: datetime) -> None:
    """Write it anew; one that is disabled is not told what it still waits for."""
    session.execute(update(table).where(table.c.key == changed.key), _row(changed))
    if not changed.enabled:
        waiting = and_(outbox.c.webhook == changed.key, outbox.c.due.is_not(None))
        over = {"due": None, "given_up_at": at, "last_error": "the webhook was disabled"}
        session.execute(update(outbox).where(waiting).values(over))


def remove(session: Session, key: str) -> None:
    """With its deliveries."""
    session.execute(delete(table).where(table.c.key == key))


def _webhook(row: Mapping[Any, Any]) -> Webhook:
    secret, *earlier = row["secret"].split(" ")
    pairs = zip(earlier[::2], earlier[1::2], strict=True)
    found = tuple(EarlierSecret(each, datetime.fromisoformat(until)) for each, until in pairs)
    return Webhook(**{**row, "events": tuple(row["events"]), "secret": secret, "earlier": found})


def _row(one: Webhook) -> dict[str, Any]:
    """In its column, `secret` is followed by earlier ones, with ends: `whsec_… whsec_… 2026-11-25T12:00:00+00:00`."""
    row = {name: getattr(one, name) for name in Webhook.__slots__ if name != "earlier"}
    earlier = (word for each in one.earlier for word in (each.secret, each.until.astimezone(UTC).isoformat()))
    return {**row, "events": list(one.events), "secret": " ".join((one.secret, *earlier))}


# --- The outbox --------------------------------------------------------------------------------------------


def wanted(session: Session, event: Event) -> list[Webhook]:
    """Who is to be told."""
    return [each for each in webhooks(session) if each.enabled and event in each.events]


def tell(session: Session, at: datetime, event: Event, data: Mapping[str, Any]) -> None:
    """Tell every webhook that wants it, in the writing session of the deed itself: both are kept, or neither.

    `data` is JSON data, with numbers in E.164 and instants in ISO 8601; `at` (aware) is when it happened.
    """
    for each in wanted(session, event):
        put(session, each.key, event, at, data)


def put(session: Session, key: str, event: str, at: datetime, data: Mapping[str, Any]) -> Delivery:
    """One event for one webhook, due at once."""
    payload = text_formats.write_json({"type": event, "timestamp": at.astimezone(UTC).isoformat(), "data": data})
    new = Delivery(f"msg_{uuid.uuid4().hex}", key, event, payload, at, due=at)
    session.execute(insert(outbox), {name: getattr(new, name) for name in Delivery.__slots__})
    return new


def waiting(session: Session, now: datetime) -> list[str]:
    """The webhooks for which something is due."""
    return list(session.scalars(select(outbox.c.webhook).where(outbox.c.due <= now).distinct()))


def claim(session: Session, key: str, now: datetime, until: datetime) -> Delivery | None:
    """What has been due longest, counted as tried; nobody else gets it before `until` (writing)."""
    due = and_(outbox.c.webhook == key, outbox.c.due <= now)
    found = session.scalar(select(outbox.c.id).where(due).order_by(outbox.c.due, outbox.c.id).limit(1))
    if found is None:
        return None
    session.execute(update(outbox).where(outbox.c.id == found).values(tries=outbox.c.tries + 1, due=until))
    return delivery(session, found)


def delivery(session: Session, id: str) -> Delivery:  # noqa: A002  the column's own name
    """Raises NotFound."""
    found = session.execute(select(outbox).where(outbox.c.id == id)).mappings().first()
    if found is None:
        raise NotFound(f'there is no delivery "{id}"; those that are over are kept for a time only')
    return Delivery(**found)


def delivered(session: Session, id: str, at: datetime) -> None:  # noqa: A002  as above
    session.execute(update(outbox).where(outbox.c.id == id).values(due=None, delivered_at=at, last_error=""))


def again(session: Session, id: str, at: datetime) -> None:  # noqa: A002  as above
    """What was over is due at once, as if it had never been tried."""
    new = {"due": at, "tries": 0, "delivered_at": None, "given_up_at": None}
    session.execute(update(outbox).where(outbox.c.id == id).values(new))


def failed(session: Session, id: str, error: str, at: datetime, due: datetime | None) -> None:  # noqa: A002  as above
    """At `at`; None: it is not tried again. What was given up meanwhile, because it was disabled, stays given up."""
    given_up = None if due else at
    still = and_(outbox.c.id == id, outbox.c.due.is_not(None))
    session.execute(update(outbox).where(still).values(due=due, given_up_at=given_up, last_error=error))


def deliveries(session: Session, key: str, limit: int, before: str | None = None) -> list[Delivery]:
    """Of a webhook, the newest first; those older than the delivery `before`. Raises NotFound where that is gone."""
    chosen = select(outbox).where(outbox.c.webhook == key)
    if before is not None:
        chosen = chosen.where(_older(delivery(session, before)))
    found = session.execute(chosen.order_by(desc(outbox.c.created), desc(outbox.c.id)).limit(limit))
    return [Delivery(**row) for row in found.mappings()]


def _older(than: Delivery) -> ColumnElement[bool]:
    same = and_(outbox.c.created == than.created, outbox.c.id < than.id)
    return or_(outbox.c.created < than.created, same)


def forget(session: Session, before: datetime) -> int:
    """Take out what is over and older; how many there were."""
    over = and_(outbox.c.due.is_(None), outbox.c.created < before)
    return len(session.execute(delete(outbox).where(over).returning(outbox.c.id)).all())
