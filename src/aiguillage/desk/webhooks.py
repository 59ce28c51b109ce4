"""Webhooks: who is told what happens here, and what each was told. `desk/delivering.py` tells them."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiguillage import text_formats
from aiguillage.desk import posting
from aiguillage.desk.editing import Editor
from aiguillage.desk.receivers import Receivers
from aiguillage.errors import ChangedMeanwhile, Conflict, NotFound
from aiguillage.store import audit, webhooks
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session
from aiguillage.store.webhooks import PING, EarlierSecret

Event = webhooks.Event
Webhook = webhooks.Webhook
Delivery = webhooks.Delivery
Known = Collection[str] | None
"""The revisions that the writer has read, any of which may be the present one; None where any will do."""
CHANGE_OVER = timedelta(hours=24)
"""So long an earlier secret signs beside the new one: a receiver changes over without losing an event."""
MOST_EARLIER = 3
OURSELVES = Editor("webhooks")
"""In the audit: who disables a webhook whose receiver is gone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a webhook is to be."""

    url: str
    events: tuple[Event, ...]
    enabled: bool = True


def all_of(database: Database) -> list[Webhook]:
    """By their keys."""
    with database.reading() as session:
        return webhooks.webhooks(session)


def one(database: Database, key: str) -> Webhook:
    """Raises NotFound."""
    with database.reading() as session:
        return webhooks.webhook(session, key)


def revision(webhook: Webhook) -> str:
    """32 hexadecimal digits that change with what it says; not with its secret."""
    return hashlib.sha256(text_formats.write_json(describe(webhook)).encode()).hexdigest()[:32]


def describe(webhook: Webhook) -> dict[str, Any]:
    """JSON data, without the secret."""
    return {
        "key": webhook.key,
        "url": webhook.url,
        "events": list(webhook.events),
        "enabled": webhook.enabled,
        "created": webhook.created.isoformat(),
    }


def add(database: Database, receivers: Receivers, key: str, wish: Wish, by: Editor) -> Webhook:
    """A webhook with a new secret. Raises Conflict where the key is taken, DocumentRefused for its URL."""
    receivers.check_url(wish.url)
    at = datetime.now(UTC)
    new = Webhook(key, wish.url, _in_order(wish.events), posting.new_secret(), wish.enabled, at)
    with database.writing() as session:
        if webhooks.find(session, key) is not None:
            raise Conflict(f'there is a webhook "{key}" already; change that one, or choose another key')
        webhooks.add(session, new)
        audit.append(session, at, _deed(by, "add", None, new))
    return new


def change(
    database: Database, receivers: Receivers, key: str, changes: Mapping[str, Any], known: Known, by: Editor
) -> Webhook:
    """Write the fields that are named: `url`, `events`, `enabled`.

    Raises NotFound, ChangedMeanwhile, DocumentRefused for its URL.
    """
    if "url" in changes:
        receivers.check_url(changes["url"])
    at = datetime.now(UTC)
    with database.writing() as session:
        before = _unchanged(webhooks.webhook(session, key), known)
        after = replace(before, **changes)
        after = replace(after, events=_in_order(after.events))
        if after != before:
            webhooks.change(session, after, at)
            audit.append(session, at, _deed(by, "change", before, after))
    return after


def renew_secret(database: Database, key: str, by: Editor) -> Webhook:
    """A webhook with a new secret; the one before it signs beside it for a day. Raises NotFound."""
    at = datetime.now(UTC)
    with database.writing() as session:
        before = webhooks.webhook(session, key)
        last = EarlierSecret(before.secret, at + CHANGE_OVER)
        earlier = (last, *(each for each in before.earlier if at < each.until))
        after = replace(before, secret=posting.new_secret(), earlier=earlier[:MOST_EARLIER])
        webhooks.change(session, after, at)
        audit.append(session, at, Deed(by.name, "renew the secret", f"webhooks/{key}", request=by.request))
    return after


def remove(database: Database, key: str, known: Known, by: Editor) -> None:
    """Take a webhook out, with what it still waits for. Raises NotFound, ChangedMeanwhile."""
    with database.writing() as session:
        before = _unchanged(webhooks.webhook(session, key), known)
        webhooks.remove(session, key)
        audit.append(session, datetime.now(UTC), _deed(by, "remove", before, None))


def gone(database: Database, delivery: Delivery, at: datetime) -> None:
    """The receiver says for good that it is not there: nobody asks it again."""
    with database.writing() as session:
        webhooks.failed(session, delivery.id, "answered 410 Gone; the webhook was disabled", at, None)
        before = webhooks.find(session, delivery.webhook)
        if before is not None and before.enabled:
            after = replace(before, enabled=False)
            webhooks.change(session, after, at)
            audit.append(session, at, _deed(OURSELVES, "change", before, after))


def ping(database: Database, key: str) -> Delivery:
    """Tell a webhook nothing but that it is there, in its turn. Raises NotFound, Conflict while it is disabled."""
    with database.writing() as session:
        webhook = webhooks.webhook(session, key)
        if not webhook.enabled:
            raise Conflict(f'webhook "{key}" is disabled; enable it first')
        return webhooks.put(session, key, PING, datetime.now(UTC), {"webhook": key})


def retry(database: Database, key: str, id_: str, by: Editor) -> Delivery:
    """Tell a webhook once more what it was told, or what was given up: under the same id, as if it were new.

    Raises NotFound, Conflict while the webhook is disabled, or while that is still to be told.
    """
    at = datetime.now(UTC)
    with database.writing() as session:
        if not webhooks.webhook(session, key).enabled:
            raise Conflict(f'webhook "{key}" is disabled; enable it first')
        found = _of_webhook(session, key, id_)
        if found.due is not None:
            raise Conflict(f'delivery "{id_}" is not over yet; it is tried again by itself')
        webhooks.again(session, id_, at)
        audit.append(session, at, Deed(by.name, "retry", f"webhooks/{key}", None, {"delivery": id_}, None, by.request))
        return webhooks.delivery(session, id_)


def deliveries(database: Database, key: str, limit: int, before: str | None = None) -> list[Delivery]:
    """What a webhook was told and is to be told, the newest first; those older than the delivery `before`.

    Raises NotFound.
    """
    with database.reading() as session:
        webhooks.webhook(session, key)
        if before is not None:
            _of_webhook(session, key, before)
        return webhooks.deliveries(session, key, limit, before)


def _of_webhook(session: Session, key: str, id_: str) -> Delivery:
    found = webhooks.delivery(session, id_)
    if found.webhook != key:
        raise NotFound(f'webhook "{key}" has no delivery "{id_}"')
    return found


def describe_delivery(delivery: Delivery) -> dict[str, Any]:
    """JSON data; `state` is waiting, delivered or given-up."""
    state = "delivered" if delivery.delivered_at else "given-up" if delivery.given_up_at else "waiting"
    return {
        "id": delivery.id,
        "type": delivery.type,
        "state": state,
        "created": delivery.created.isoformat(),
        "tries": delivery.tries,
        "due": _instant(delivery.due),
        "delivered_at": _instant(delivery.delivered_at),
        "given_up_at": _instant(delivery.given_up_at),
        "last_error": delivery.last_error,
        "payload": text_formats.read_json(delivery.payload),
    }


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _in_order(events: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(set(events)))


def _unchanged(now: Webhook, known: Known) -> Webhook:
    if known is not None and revision(now) not in known:
        raise ChangedMeanwhile(f'webhook "{now.key}" was changed meanwhile; read it again and repeat your change on it')
    return now


def _deed(by: Editor, action: str, before: Webhook | None, after: Webhook | None) -> Deed:
    was, becomes = _audited(before), _audited(after)
    thing = f"webhooks/{(becomes or was or {})['key']}"
    return Deed(by.name, action, thing, was, becomes, revision(after) if after else None, by.request)


def _audited(webhook: Webhook | None) -> dict[str, Any] | None:
    """Without what stands behind a `?`: some receivers keep a password there, and the audit cannot be rewritten."""
    if webhook is None:
        return None
    place, question, _ = webhook.url.partition("?")
    return {**describe(webhook), "url": f"{place}?…" if question else place}
