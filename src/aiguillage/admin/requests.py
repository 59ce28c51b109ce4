"""What holds for every request: its id, the size of its body, the queries and conditions."""

import contextlib
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 5_000_000
"""No plan and no list of calls is larger."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ETAG = re.compile(r'(?:W/)?"[!#-~]*"')


class Invalid(HTTPException):
    """422 for a part of the request that is no document: a header or the query. `errors` are path and sentence."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__(422, "; ".join(f"{path}: {said}" for path, said in self.errors))


class Requests:
    """ASGI middleware: each request has an id, the client's `X-Request-ID` or ours; the answer brings it back. Bodies
    larger than anything that we read end with 413 (FastAPI's own limit answers in plain text, not with a problem).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        scope["aiguillage.request"] = given if _ID.fullmatch(given) else uuid.uuid4().hex
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BYTES:
                raise HTTPException(413, f"the body is larger than {MAX_BYTES // 1_000_000} MB")
            return message

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = scope["aiguillage.request"]
                headers.setdefault("Cache-Control", "private, no-cache")  # ask again, with the ETag
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, limited, named)


class Heads:
    """ASGI middleware: HEAD is answered as GET is, with the same headers and without the body. A stream ends with its
    first words."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def head_only(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
            elif message.get("more_body"):
                raise _ToldEnoughError

        with contextlib.suppress(_ToldEnoughError):
            await self.app({**scope, "method": "GET"}, receive, head_only)


class _ToldEnoughError(Exception):
    """Whoever asked has the headers, and wants no more."""


def request_id(scope: Scope) -> str:
    found: str = scope.get("aiguillage.request", "")
    return found


def only_known_queries(request: Request) -> None:
    """A misspelt filter must not answer as if nothing had been asked for: 422 for a query that the route has not."""
    known = _queries(request.app)[request.scope["route"].operation_id]
    unknown = sorted(set(request.query_params) - known)
    twice = sorted(
        {name for name, _ in request.query_params.multi_items() if len(request.query_params.getlist(name)) > 1}
    )
    if unknown or twice:
        said = "; known are " + ", ".join(sorted(known)) if known else "; none is known here"
        raise Invalid(
            [(f"query.{name}", f"is not known{said}") for name in unknown]
            + [(f"query.{name}", "is given twice") for name in twice]
        )


def _queries(app: FastAPI) -> Mapping[str, set[str]]:
    """By operation id, the queries that the API's own description names."""
    if not hasattr(app.state, "queries"):
        described = (each for methods in app.openapi()["paths"].values() for each in methods.values())
        app.state.queries = {
            each["operationId"]: {known["name"] for known in each.get("parameters", ()) if known["in"] == "query"}
            for each in described
        }
    found: Mapping[str, set[str]] = app.state.queries
    return found


def known_revisions(
    if_match: Annotated[str | None, Header(description="The ETag that was read, or * for any.")] = None,
) -> set[str] | None:
    """What a writer has read: None for `*`. Raises 428 without If-Match, so that nobody overwrites unawares."""
    if if_match is None:
        raise HTTPException(428, "send If-Match with the ETag that you have read, or * to overwrite whatever is there")
    return revisions(if_match)


def revisions(header: str) -> set[str] | None:
    """The strong ETags of an If-Match header (RFC 9110); a weak one is never the same as a representation."""
    if header.strip() == "*":
        return None
    return {tag[1:-1] for tag in _ETAG.findall(header) if not tag.startswith("W/")}


KnownRevisions = Annotated[set[str] | None, Depends(known_revisions)]


def etag(revision: str) -> str:
    return f'"{revision}"'


def not_modified(request: Request, revision: str) -> bool:
    """Whether the client has this representation already (If-None-Match, compared weakly as RFC 9110 says)."""
    header = request.headers.get("if-none-match", "")
    return header.strip() == "*" or revision in {tag.removeprefix("W/")[1:-1] for tag in _ETAG.findall(header)}
