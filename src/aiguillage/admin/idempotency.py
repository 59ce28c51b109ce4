"""`Idempotency-Key`: a POST that is repeated with its key is answered as it was the first time, and done once."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Header, Request, Response

from aiguillage.admin.guard import COOKIE, identified
from aiguillage.admin.requests import Invalid
from aiguillage.desk import repeating
from aiguillage.desk.parts import Parts
from aiguillage.desk.repeating import Question

_KEY = re.compile(r'"?[!#-~ ]{1,200}"?')
SHOWN_ONCE = "no-store"
"""The Cache-Control of an answer that holds a secret."""
NOT_KEPT = "private, no-store"
"""That of an answer that changes nothing and tells much: it is made again rather than kept."""
_SECRETS = {"token", "link", "secret"}
_KEPT_HEADERS = ("content-type", "etag", "location")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def required_key(
    idempotency_key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="Needed here: a text of your own, the same when you ask again."),
    ] = None,
) -> None:
    """Raises 422 without the header, for what must never be done twice because an answer was lost."""
    if idempotency_key is None:
        said = "is missing; send a text of your own, new for each call and the same when you ask again"
        raise Invalid([("header.Idempotency-Key", said)])


async def once(request: Request, answer: Handler) -> Response:
    """The answer; to a request that was answered already under its Idempotency-Key, the same again."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return await answer(request)
    if not _KEY.fullmatch(key):
        raise Invalid([("header.Idempotency-Key", "write 1 to 200 visible ASCII characters")])
    parts: Parts = request.app.state.parts
    owner = await asyncio.to_thread(_owner, parts, request)
    if owner is None:  # whoever may not come in gets no answer of somebody else's
        return await answer(request)
    asked = b"\0".join([request.method.encode(), str(request.url).encode(), await request.body()])
    question = Question(owner, key, hashlib.sha256(asked).hexdigest())
    kept = await asyncio.to_thread(repeating.begin, parts.database, question, datetime.now(UTC))
    if kept is not None:
        return _again(kept)
    try:
        response = await answer(request)
    except BaseException:
        await asyncio.to_thread(repeating.forget, parts.database, question)
        raise
    if response.status_code < 300 and response.headers.get("cache-control") != NOT_KEPT:
        await asyncio.to_thread(repeating.finish, parts.database, question, _text(response))
    else:
        await asyncio.to_thread(repeating.forget, parts.database, question)
    return response


def _owner(parts: Parts, request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token if scheme.lower() == "bearer" else None
    found = identified(request, parts, given, request.cookies.get(COOKIE))
    return None if found is None else found.name


def _text(response: Response) -> str:
    """As it is kept: a secret that is shown once is not."""
    body = bytes(response.body).decode()
    if response.headers.get("cache-control") == SHOWN_ONCE:
        body = json.dumps(_without_secrets(json.loads(body)))
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    return json.dumps({"status": response.status_code, "headers": headers, "body": body})


def _without_secrets(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if name in _SECRETS else _without_secrets(value) if isinstance(value, dict) else value
        for name, value in told.items()
    }


def _again(kept: str) -> Response:
    found = json.loads(kept)
    headers = {**found["headers"], "Idempotent-Replayed": "true"}
    return Response(found["body"], found["status"], headers=headers)
