"""The class of all our routes: a POST may be repeated with its Idempotency-Key, and what is read has an ETag."""

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
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
    if response.status_code != HTTPStatus.OK or body is None or response.headers.get("cache-control") == "no-store":
        return response
    if "etag" not in response.headers:
        response.headers["ETag"] = etag(hashlib.sha256(bytes(body)).hexdigest()[:32])
    if not_modified(request, response.headers["etag"].strip('"')):
        return Response(status_code=304, headers={"ETag": response.headers["etag"]})
    return response
