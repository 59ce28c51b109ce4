"""Errors as application/problem+json (RFC 9457), one shape for all of them."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from aiguillage.admin.requests import Invalid, request_id
from aiguillage.errors import (
    AiguillageError,
    ChangedMeanwhile,
    Conflict,
    Denied,
    DocumentRefused,
    InUse,
    NotFound,
    PlanUnsound,
    Refused,
    StoreFull,
    Throttled,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:aiguillage:problem:"
_OF_STATUS = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "changed-meanwhile",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    428: "precondition-required",
    429: "throttled",
    503: "unavailable",
    507: "storage-full",
}
"""The types of problems: stable, what clients may branch on."""
_STATUS: tuple[tuple[type[AiguillageError], int, str], ...] = (
    (PlanUnsound, 422, "plan-unsound"),
    (Refused, 422, "invalid"),
    (ChangedMeanwhile, 412, "changed-meanwhile"),
    (InUse, 409, "in-use"),
    (Conflict, 409, "conflict"),
    (NotFound, 404, "not-found"),
    (Unauthenticated, 401, "unauthenticated"),
    (Throttled, 429, "throttled"),
    (Denied, 403, "forbidden"),
    (StoreFull, 507, "storage-full"),
    (Unavailable, 503, "unavailable"),
    (AiguillageError, 500, "internal"),
)
_SEGMENT = re.compile(r'\[(?P<place>[0-9]+)\]|"(?P<quoted>.*?)"(?=$|[.\[])|(?P<plain>[^.\[]+)|\.')

log = structlog.get_logger(__name__)


class ProblemError(BaseModel):
    """One fault. `path` reads like `inbound_routes[3].steps[0].ring`; `pointer` (RFC 6901) is the same place, in what
    was sent where it lies there."""

    path: str
    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `type` is stable; `errors` names every fault of what was sent; `request_id` finds it in the log."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemError] = []


def _title(status: int) -> str:
    """RFC 9110's; older Pythons name 413 and 422 otherwise."""
    return {413: "Content Too Large", 422: "Unprocessable Content"}.get(status, HTTPStatus(status).phrase)


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": _title(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status in (401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 500, 503, 507)
}


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(AiguillageError, _ours)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def pointer(path: str) -> str:
    """`people."a b".phones[0]` -> `/people/a b/phones/0` (RFC 6901)."""
    found = []
    for segment in _SEGMENT.finditer(path):
        name = next((each for each in segment.groups() if each is not None), None)
        if name is not None:
            found.append("/" + name.replace("~", "~0").replace("/", "~1"))
    return "".join(found)


def _problem(
    request: Request, status: int, kind: str, detail: str, errors: Iterable[tuple[str, str]] = ()
) -> JSONResponse:
    own = getattr(request.state, "own_path", "")
    problem = Problem(
        type=_TYPE + kind,
        title=_title(status),
        status=status,
        detail=_written(detail),
        request_id=request_id(request.scope),
        errors=[
            ProblemError(path=_written(path), pointer=_written(pointer(_within(own, path))), detail=_written(said))
            for path, said in errors
        ],
    )
    return JSONResponse(problem.model_dump(), status, media_type=MEDIA_TYPE)


def _written(text: str) -> str:
    """As UTF-8 can write it: what was sent may hold half a character, and faults name what was sent."""
    return text.encode("utf-8", "backslashreplace").decode()


def _within(own: str, path: str) -> str:
    """The path in the thing that was sent, where it is of that thing."""
    return path.removeprefix(own) if own and path.startswith((f"{own}.", f"{own}[")) else path


def _ours(request: Request, error: Exception) -> JSONResponse:
    status, kind = next((status, kind) for known, status, kind in _STATUS if isinstance(error, known))
    errors: list[tuple[str, str]] = []
    detail = str(error)
    match error:
        case DocumentRefused(faults=faults):
            errors = [(fault.path, fault.message) for fault in faults]
            detail = f"{len(errors)} faults; nothing was changed" if len(errors) > 1 else detail
        case PlanUnsound(problems=problems):
            unsound = [each for each in problems if each.severity == "error"]
            errors = [(each.path, f"{each.message}; {each.remedy}") for each in unsound]
            detail = f"calls would be lost: {len(errors)} errors; see plan/check"
        case InUse(users=users):
            errors = [(user, "needs it") for user in users]
    answer = _problem(request, status, kind, detail, errors)
    if isinstance(error, Unavailable | Throttled):
        answer.headers["Retry-After"] = str(error.seconds if isinstance(error, Throttled) else 5)
    return answer


def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  FastAPI hands over what was registered
    errors = [
        (".".join(str(part) for part in each["loc"]), str(each["msg"]))
        for each in jsonable_encoder(error.errors(), exclude={"ctx", "input"})
    ]
    return _problem(request, 422, "invalid", "; ".join(f"{path}: {said}" for path, said in errors), errors)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's, for bytes that it cannot read as JSON
        said = "cannot be read: it is not UTF-8, or nested too deeply"
        return _problem(request, 422, "invalid", f"the body {said}", [("body", said)])
    errors = error.errors if isinstance(error, Invalid) else ()
    kind = _OF_STATUS.get(error.status_code, "about-the-request")
    answer = _problem(request, error.status_code, kind, str(error.detail), errors)
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_allowed(request)) or answer.headers.get("Allow", "")
    return answer


def _allowed(request: Request) -> list[str]:
    """What the description has for this path, and HEAD: Starlette names the methods of one route of several."""
    paths = request.app.openapi()["paths"]
    path = request.url.path
    like = [each for each in paths if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(each)), path)]
    known = {method.upper() for each in ([path] if path in paths else like) for method in paths[each]}
    return sorted(known | ({"HEAD"} if "GET" in known else set()))


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours: told without its text, which is in the log under the request's id."""
    log.error("request_failed", request=request_id(request.scope), path=request.url.path, exc_info=error)
    return _problem(request, 500, "internal", "a fault of ours; the log has it under this request_id")
