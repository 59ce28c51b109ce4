"""/api/v1/voicemail: messages are listed, heard and deleted; by people their own, by a receptionist the shared ones."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from aiguillage.admin.guard import TheEditor, TheParts, ThePrincipal, may_within
from aiguillage.admin.pages import Cursor, Limit, cursor_of, place_of
from aiguillage.admin.requests import KnownRevisions, etag
from aiguillage.admin.routes import Resource
from aiguillage.desk import messages
from aiguillage.desk.access import Principal
from aiguillage.desk.messages import StoredMessage
from aiguillage.errors import ChangedMeanwhile

router = APIRouter(prefix="/voicemail", tags=["voicemail"], route_class=Resource)

_ID = r"^[0-9]{1,12}-[0-9a-f]{8}\.[a-z0-9-]{1,63}@(people|boxes)(\.[a-z0-9]{1,20})?$"
"""Asterisk's msg_id, the mailbox, and the node where there are several."""
Id = Annotated[str, Path(max_length=120, pattern=_ID)]


class Message(BaseModel):
    """`mailbox` is `claire@people` or `reception@boxes`; `caller` is E.164, null when withheld.

    `node` holds the recording: it is heard and deleted there; empty where there is only one.
    """

    id: str
    mailbox: str
    caller: str | None
    caller_name: str
    at: datetime
    seconds: int
    listened: bool
    mail_to: str
    mailed_at: datetime | None
    mail_error: str
    node: str


class Messages(BaseModel):
    """`next` goes into `cursor` for the following page."""

    items: list[Message]
    next: str | None


def _shown(message: StoredMessage) -> Message:
    return Message.model_validate(
        {name: value for name, value in messages.as_dict(message).items() if name in Message.model_fields}
    )


def _owner(message: StoredMessage) -> str | None:
    """The person whose mailbox it is; None for a shared one."""
    name, _, context = message.mailbox.partition("@")
    return name if context == "people" else None


def _message(parts: TheParts, who: Principal, id_: str, scope: str) -> StoredMessage:
    """Raises NotFound; Forbidden for somebody else's."""
    found = messages.message_of(parts.database, id_)
    who.needs_for(scope, _owner(found))
    return found


@router.get("", operation_id="listMessages", dependencies=[may_within("voicemail:read")])
def list_messages(
    parts: TheParts,
    who: ThePrincipal,
    limit: Limit = 100,
    cursor: Cursor = None,
    mailbox: Annotated[str | None, Query(max_length=80, pattern=r"^[a-z0-9-]{1,63}@(people|boxes)$")] = None,
) -> Messages:
    """The oldest first, of those mailboxes that one may open."""
    after = place_of(cursor, datetime, str)
    found = [
        each
        for each in messages.messages_of(parts.database, mailbox)
        if who.may_for("voicemail:read", _owner(each)) and (after is None or (each.at, each.id) > after)
    ]
    following = cursor_of(found[limit - 1].at, found[limit - 1].id) if len(found) > limit else None
    return Messages(items=[_shown(each) for each in found[:limit]], next=following)


@router.get(
    "/{id}",
    operation_id="getMessage",
    dependencies=[may_within("voicemail:read")],
)
def get_message(id: Id, response: Response, parts: TheParts, who: ThePrincipal) -> Message:  # noqa: A002
    message = _message(parts, who, id, "voicemail:read")
    response.headers["ETag"] = etag(messages.revision(message))
    return _shown(message)


@router.get(
    "/{id}/sound",
    operation_id="hearMessage",
    dependencies=[may_within("voicemail:read")],
    response_class=Response,
    responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
)
def hear_message(id: Id, parts: TheParts, who: ThePrincipal) -> Response:  # noqa: A002  the name in the path
    """The recording; it stays new until it is said to be listened to."""
    message = _message(parts, who, id, "voicemail:read")
    return Response(messages.sound_of(parts.needed_settings(), parts.database, message.id), media_type="audio/wav")


@router.post(
    "/{id}/listened",
    operation_id="markMessageListened",
    dependencies=[may_within("voicemail:write")],
    status_code=204,
    response_class=Response,
)
def mark_listened(id: Id, parts: TheParts, who: ThePrincipal) -> Response:  # noqa: A002  the name in the path
    """As if it had been listened to by telephone: lamps go out."""
    message = _message(parts, who, id, "voicemail:write")
    messages.mark_listened(parts.needed_settings(), parts.database, message.id)
    return Response(status_code=204)


@router.delete(
    "/{id}",
    operation_id="deleteMessage",
    dependencies=[may_within("voicemail:write")],
    status_code=204,
    response_class=Response,
)
def delete_message(
    id: Id,  # noqa: A002  the name in the path
    parts: TheParts,
    known: KnownRevisions,
    who: ThePrincipal,
    by: TheEditor,
) -> Response:
    """For good."""
    message = _message(parts, who, id, "voicemail:write")
    if known is not None and messages.revision(message) not in known:
        raise ChangedMeanwhile("the message was listened to, or mailed, meanwhile; read it again")
    messages.delete(parts.needed_settings(), parts.database, message.id, by)
    return Response(status_code=204)
