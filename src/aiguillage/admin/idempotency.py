"""`Idempotency-Key`: a POST that is repeated with its key is answered as it was the first time, and done once."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute

from aiguillage.admin.requests import Invalid
from aiguillage.desk import repeating, tokens
from aiguillage.desk.parts import Parts
from aiguillage.store.idempotency import Question

_KEY = re.compile(r'"?[!#-~ ]{1,200}"?')
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


class Idempotent(APIRoute):
    """A route whose POST honours `Idempotency-Key`."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method != "POST":
                return await answer(request)
            return await _once(request, key, answer)

        return handle


async def _once(request: Request, key: str, answer: Handler) -> Response:
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
    if response.status_code < 300:
        await asyncio.to_thread(repeating.finish, parts.database, question, _text(response))
    else:
        await asyncio.to_thread(repeating.forget, parts.database, question)
    return response


def _owner(parts: Parts, request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return tokens.verify(parts.database, token, datetime.now(UTC)) if scheme.lower() == "bearer" else None


def _text(response: Response) -> str:
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    return json.dumps({"status": response.status_code, "headers": headers, "body": bytes(response.body).decode()})


def _again(kept: str) -> Response:
    found = json.loads(kept)
    headers = {**found["headers"], "Idempotent-Replayed": "true"}
    return Response(found["body"], found["status"], headers=headers)
