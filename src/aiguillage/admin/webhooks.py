"""/api/v1/webhooks: other programs that are told what happens here, and what each was told.

What is sent is signed as Standard Webhooks says (https://www.standardwebhooks.com).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.bodies import merge_patch_of, named
from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.idempotency import SHOWN_ONCE
from aiguillage.admin.requests import KnownRevisions, etag
from aiguillage.admin.routes import Resource
from aiguillage.desk import webhooks
from aiguillage.desk.webhooks import Event, Wish

router = APIRouter(tags=["webhooks"], route_class=Resource)

_KEY = "^[a-z0-9][a-z0-9-]{0,62}$"
Key = Annotated[str, Path(pattern=_KEY)]
_DELIVERY = "^msg_[0-9a-f]{32}$"
DeliveryId = Annotated[str, Path(pattern=_DELIVERY)]
_WITH_ETAG: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "goes into If-Match", "schema": {"type": "string"}}}}
}
_READ, _WRITE = [may("webhooks:read")], [may("webhooks:write")]


Url = Annotated[str, Field(max_length=2000, examples=["https://crm.example/hooks/telephone"])]
Events = Annotated[list[Event], Field(min_length=1, max_length=20, examples=[["call.missed", "voicemail.left"]])]
Enabled = Annotated[bool, Field(description="A webhook that is not is told nothing, later neither.")]


class WebhookBody(BaseModel):
    """What a webhook is to be. It is sent to addresses of the public internet, and to those that a setting allows."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    events: Events
    enabled: Enabled = True

    def wish(self) -> Wish:
        return Wish(self.url, tuple(self.events), self.enabled)


class WebhookPatch(BaseModel):
    """What is not named stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    events: Events | None = None
    enabled: Enabled | None = None


class NewWebhook(WebhookBody):
    """The same, with the key that it is to have."""

    key: Annotated[str, Field(pattern=_KEY, examples=["crm"])]


class Webhook(BaseModel):
    """A webhook without its secret, which is shown only when it is made."""

    key: str
    url: str
    events: list[Event]
    enabled: bool
    created: datetime


class CreatedWebhook(Webhook):
    """With its secret, in the form that libraries for Standard Webhooks take: keep it, it is not shown again, and null
    where the request is repeated with its Idempotency-Key."""

    secret: Annotated[str | None, Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]


class RenewedSecret(BaseModel):
    """What is sent is signed with it from now on, and until `earlier_until` with the one before, too. Shown this once:
    null where the request is repeated with its Idempotency-Key."""

    secret: Annotated[str | None, Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])]
    earlier_until: datetime


class Webhooks(BaseModel):
    items: list[Webhook]


class Payload(BaseModel):
    """What is sent: `timestamp` is when it happened, `data` what `GET /api/openapi.json` describes as webhooks."""

    type: str
    timestamp: datetime
    data: dict[str, Any]


class Delivery(BaseModel):
    """One event for one webhook. `id` is sent as `webhook-id`, the same at every try; `due` is when the next try is."""

    id: str
    type: str
    state: Literal["waiting", "delivered", "given-up"]
    created: datetime
    tries: int
    due: datetime | None
    delivered_at: datetime | None
    given_up_at: datetime | None
    last_error: str
    payload: Payload


class Deliveries(BaseModel):
    """`next` goes into `cursor` for the following page."""

    items: list[Delivery]
    next: str | None


def _model(webhook: webhooks.Webhook) -> Webhook:
    return Webhook(**webhooks.describe(webhook))


def _tagged(response: Response, webhook: webhooks.Webhook) -> Webhook:
    response.headers["ETag"] = etag(webhooks.revision(webhook))
    return _model(webhook)


@router.get("/webhooks", operation_id="listWebhooks", dependencies=_READ)
def list_webhooks(parts: TheParts) -> Webhooks:
    """All of them, by their keys."""
    return Webhooks(items=[_model(each) for each in webhooks.all_of(parts.database)])


@router.post("/webhooks", operation_id="createWebhook", status_code=201, dependencies=_WRITE)
def create_webhook(
    request: Request, response: Response, new: NewWebhook, parts: TheParts, by: TheEditor
) -> CreatedWebhook:
    """Add a webhook; the answer is the only one that shows its secret."""
    made = webhooks.add(parts.database, parts.receivers, new.key, new.wish(), by)
    response.headers["Location"] = f"{request.url.path}/{made.key}"
    response.headers["Cache-Control"] = SHOWN_ONCE
    return CreatedWebhook(**_tagged(response, made).model_dump(), secret=made.secret)


@router.get(
    "/webhooks/{key}",
    operation_id="getWebhook",
    dependencies=_READ,
    responses=_WITH_ETAG,
)
def get_webhook(response: Response, key: Key, parts: TheParts) -> Webhook:
    found = webhooks.one(parts.database, key)
    return _tagged(response, found)


@router.put("/webhooks/{key}", operation_id="replaceWebhook", dependencies=_WRITE, responses=_WITH_ETAG)
def replace_webhook(
    response: Response, key: Key, body: WebhookBody, parts: TheParts, known: KnownRevisions, by: TheEditor
) -> Webhook:
    """Write it anew; its secret stays. What a webhook that is disabled was still to be told is given up."""
    return _tagged(response, webhooks.change(parts.database, parts.receivers, key, body.model_dump(), known, by))


@router.patch(
    "/webhooks/{key}",
    operation_id="changeWebhook",
    dependencies=_WRITE,
    responses=_WITH_ETAG,
    openapi_extra=merge_patch_of("WebhookPatch"),
)
def change_webhook(
    response: Response, key: Key, body: WebhookPatch, parts: TheParts, known: KnownRevisions, by: TheEditor
) -> Webhook:
    """A JSON merge patch (RFC 7396). What a webhook that is disabled was still to be told is given up."""
    changes = named(body, "url", "events", "enabled")
    return _tagged(response, webhooks.change(parts.database, parts.receivers, key, changes, known, by))


@router.delete(
    "/webhooks/{key}", operation_id="deleteWebhook", dependencies=_WRITE, status_code=204, response_class=Response
)
def delete_webhook(key: Key, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:
    """Take it out, with all that it was told and is still to be told."""
    webhooks.remove(parts.database, key, known, by)
    return Response(status_code=204)


@router.post("/webhooks/{key}/test", operation_id="testWebhook", dependencies=_WRITE, status_code=202)
def test_webhook(key: Key, parts: TheParts) -> Delivery:
    """Send it a `ping`, in its turn; its deliveries say how that went. 409 while it is disabled."""
    return Delivery(**webhooks.describe_delivery(webhooks.ping(parts.database, key)))


@router.post(
    "/webhooks/{key}/secret",
    operation_id="renewWebhookSecret",
    dependencies=_WRITE,
    status_code=201,
)
def renew_secret(key: Key, response: Response, parts: TheParts, by: TheEditor) -> RenewedSecret:
    """A new secret. For a day the one before signs beside it: time to change over."""
    renewed = webhooks.renew_secret(parts.database, key, by)
    response.headers["Cache-Control"] = SHOWN_ONCE
    return RenewedSecret(secret=renewed.secret, earlier_until=renewed.earlier[0].until)


@router.get("/webhooks/{key}/deliveries", operation_id="listWebhookDeliveries", dependencies=_READ)
def list_deliveries(
    key: Key,
    parts: TheParts,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(pattern=_DELIVERY)] = None,
) -> Deliveries:
    """What it was told and is still to be told, the newest first; what is over is kept for 30 days."""
    found = webhooks.deliveries(parts.database, key, limit + 1, cursor)
    shown = [Delivery(**webhooks.describe_delivery(each)) for each in found[:limit]]
    return Deliveries(items=shown, next=shown[-1].id if len(found) > limit else None)


@router.post(
    "/webhooks/{key}/deliveries/{id}/retry",
    operation_id="retryWebhookDelivery",
    dependencies=_WRITE,
    status_code=202,
)
def retry_delivery(key: Key, id: DeliveryId, parts: TheParts, by: TheEditor) -> Delivery:  # noqa: A002  as in the path
    """Send it once more, with the same id, though it was given up or delivered: as if it were new.

    409 while it waits, and while the webhook is disabled.
    """
    return Delivery(**webhooks.describe_delivery(webhooks.retry(parts.database, key, id, by)))
