"""The class of all our routes: a POST may be repeated with its Idempotency-Key, and what is read has an ETag."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from aiguillage.admin.idempotency import once
from aiguillage.admin.requests import etag, not_modified

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Resource(APIRoute):
    """`route_class` of every router under /api/v1."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method == "POST":
                return await once(request, answer)
            response = await answer(request)
            return _tagged(request, response) if request.method == "GET" else response

        return handle


def _tagged(request: Request, response: Response) -> Response:
    """With an ETag of its bytes, where the resource has no revision of its own; 304 for who has it already."""
    body = getattr(response, "body", None)
    if response.status_code != 200 or body is None or "etag" in response.headers:
        return response
    revision = hashlib.sha256(bytes(body)).hexdigest()[:32]
    if not_modified(request, revision):
        return Response(status_code=304, headers={"ETag": etag(revision)})
    response.headers["ETag"] = etag(revision)
    return response
