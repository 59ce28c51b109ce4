"""What webhooks are sent, for the API's description: its `webhooks`. Nothing here is ever called."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field

E164 = Annotated[str, Field(examples=["+32471000201"])]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Payload(_Exact):
    timestamp: datetime


class MissedCall(_Exact):
    """`call` is Asterisk's Linkedid; `rang` are the keys of the people whose phones rang; `caller` is null where the
    number is withheld."""

    call: str
    caller: E164 | None
    caller_name: str | None
    called: E164 | None
    route: str | None
    began: datetime
    ended: datetime
    rang: list[str]


class RequestedCallback(_Exact):
    """`id` is that of `/callbacks`; `waiting_since` is the place that the caller keeps."""

    id: str
    queue: str
    number: E164
    name: str
    waiting_since: datetime
    asked_at: datetime


class LeftMessage(_Exact):
    """`mailbox` reads like `claire@people` or `reception@boxes`; `caller` is null where the number is withheld."""

    id: str
    mailbox: str
    caller: E164 | None
    caller_name: str
    at: datetime
    seconds: int


class PublishedPlan(_Exact):
    """`by` is who published it."""

    version: int
    by: str
    comment: str


class TrunkOfPlan(_Exact):
    """`trunk` is its key."""

    trunk: str


class PingedWebhook(_Exact):
    """`webhook` is its key."""

    webhook: str


class CallMissed(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["call.missed"]
    data: MissedCall


class CallbackRequested(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["callback.requested"]
    data: RequestedCallback


class VoicemailLeft(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["voicemail.left"]
    data: LeftMessage


class PlanPublished(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["plan.published"]
    data: PublishedPlan


class TrunkDown(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["trunk.down"]
    data: TrunkOfPlan


class TrunkUp(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["trunk.up"]
    data: TrunkOfPlan


class Ping(_Payload):
    """`timestamp` is when it happened."""

    type: Literal["ping"]
    data: PingedWebhook


def signed(
    webhook_id: Annotated[str, Header(description="The same at every try: who has seen it has been told already.")],
    webhook_timestamp: Annotated[int, Header(description="When this was sent, in seconds since 1970.")],
    webhook_signature: Annotated[
        str,
        Header(
            description="`v1,` and the HMAC-SHA256 of Standard Webhooks, in base64. "
            "For a day after the secret was renewed also those of earlier ones, with a space between."
        ),
    ],
) -> None:
    """The headers of Standard Webhooks (https://www.standardwebhooks.com)."""


router = APIRouter(
    tags=["webhooks"],
    dependencies=[Depends(signed)],
    responses={
        410: {"description": "Nobody listens here any more: the webhook is disabled."},
        "default": {"description": "Any status but 2xx and 410: it is tried again, nine times in three days."},
    },
)


@router.post("call.missed", operation_id="toldOfMissedCall", status_code=204)
def call_missed(body: CallMissed) -> None:
    """Somebody called, was to be put through to people, and nobody answered; a message may have been left since."""


@router.post("callback.requested", operation_id="toldOfCallback", status_code=204)
def callback_requested(body: CallbackRequested) -> None:
    """A caller left a queue to be called back."""


@router.post("voicemail.left", operation_id="toldOfMessage", status_code=204)
def voicemail_left(body: VoicemailLeft) -> None:
    """A message was left."""


@router.post("plan.published", operation_id="toldOfPublication", status_code=204)
def plan_published(body: PlanPublished) -> None:
    """Calls follow another version of the plan."""


@router.post("trunk.down", operation_id="toldOfTrunkDown", status_code=204)
def trunk_down(body: TrunkDown) -> None:
    """An operator that answered does not answer any more; calls are tried all the same."""


@router.post("trunk.up", operation_id="toldOfTrunkUp", status_code=204)
def trunk_up(body: TrunkUp) -> None:
    """The operator answers again."""


@router.post("ping", operation_id="toldOfNothing", status_code=204)
def ping(body: Ping) -> None:
    """Somebody tries whether you hear us."""
