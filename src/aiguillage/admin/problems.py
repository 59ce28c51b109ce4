"""Errors as application/problem+json (RFC 9457), one shape for all of them."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from aiguillage.errors import AiguillageError, Conflict, DocumentRefused, NotFound, Refused, Unavailable

MEDIA_TYPE = "application/problem+json"


class ProblemError(BaseModel):
    """One fault; `path` reads like `inbound_routes[3].steps[0].ring`."""

    path: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `errors` names every fault of what was sent."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = []


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
    for status in (401, 404, 409, 412, 413, 415, 422, 503)
}

_STATUS: tuple[tuple[type[AiguillageError], int], ...] = (
    (Refused, 422),
    (Conflict, 409),
    (NotFound, 404),
    (Unavailable, 503),
    (AiguillageError, 500),
)


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(AiguillageError, _ours)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(), problem.status, headers=headers, media_type=MEDIA_TYPE)


def _ours(request: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    faults = error.faults if isinstance(error, DocumentRefused) else ()
    errors = [ProblemError(path=fault.path, detail=fault.message) for fault in faults]
    detail = f"{len(errors)} faults; nothing was changed" if len(errors) > 1 else str(error)
    return _answer(Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors))


def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  FastAPI hands over what was registered
    errors = [
        ProblemError(path=".".join(str(part) for part in each["loc"]), detail=each["msg"])
        for each in jsonable_encoder(error.errors(), exclude={"ctx", "input"})
    ]
    detail = "; ".join(f"{each.path}: {each.detail}" for each in errors)
    return _answer(Problem(title="Unprocessable Content", status=422, detail=detail, errors=errors))


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    problem = Problem(title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=str(error.detail))
    return _answer(problem, dict(error.headers or {}))
