"""The FastAPI application: its resources, its guard and its manner of saying no."""

import functools
import threading
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from aiguillage import __version__
from aiguillage.admin import (
    audit,
    callbacks,
    calls,
    contacts,
    documentation,
    explain,
    health,
    journal,
    live,
    metrics,
    plan,
    presence,
    privacy,
    questions,
    sections,
    session,
    settings,
    users,
    voicemail,
    webhook_events,
    webhooks,
    welcome,
)
from aiguillage.admin.bodies import ETAG
from aiguillage.admin.guard import principal
from aiguillage.admin.problems import PROBLEM_RESPONSES, Problem, add_problem_handlers
from aiguillage.admin.requests import Heads, Requests, only_known_queries
from aiguillage.desk.parts import Parts

_RESOURCES = (
    *(plan, explain, questions, presence, callbacks, contacts, voicemail),
    *(live, calls, journal, users, session, audit, settings, webhooks, privacy),
)
"""In this order: `calls/live` is not the call with the id `live`."""


def create_app(parts: Parts) -> FastAPI:
    """The API over the running service's parts."""
    app = _application()
    app.state.parts = parts
    app.openapi = description  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def create_node_app(parts: Parts) -> FastAPI:
    """How a node is, and its figures; people and programs ask the desk for everything else."""
    app = _bare(openapi_url=None)
    app.state.parts = parts
    return app


def _application() -> FastAPI:
    app = _bare(openapi_url="/api/openapi.json")
    app.include_router(welcome.router)
    app.include_router(documentation.router)
    app.include_router(session.open_router, prefix="/api/v1", dependencies=[Depends(only_known_queries)])
    guarded = [Depends(principal), Depends(only_known_queries)]
    for resource in _RESOURCES:
        app.include_router(resource.router, prefix="/api/v1", dependencies=guarded)
    app.include_router(sections.router(), prefix="/api/v1", dependencies=guarded)
    return app


def _bare(*, openapi_url: str | None) -> FastAPI:
    app = FastAPI(
        title="Aiguillage",
        version=__version__,
        summary="Steers every call on one central number to the right person.",
        openapi_url=openapi_url,
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere; ours is documentation.py
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        redirect_slashes=False,
    )
    app.add_middleware(Heads)
    app.add_middleware(Requests)
    add_problem_handlers(app)
    app.include_router(health.router)
    app.include_router(metrics.router, dependencies=[Depends(principal)])
    return app


def description() -> dict[str, Any]:
    """OpenAPI 3.1, with the schemas of the plan document and with what webhooks are sent. The first one takes a second
    of work: whoever asks meanwhile waits for it."""
    with _describing:
        return _description()


_describing = threading.Lock()


@functools.cache
def _description() -> dict[str, Any]:
    app = _application()
    told = webhook_events.router.routes
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes, webhooks=told)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas |= sections.schemas() | {"Problem": _problem_schema(schemas)}
    _name_problems(found)
    _name_manners(found)
    return found


def _name_problems(found: dict[str, Any]) -> None:
    """Each problem is described once; operations refer to it."""
    told = {str(status): problem for status, problem in PROBLEM_RESPONSES.items()}
    found["components"]["responses"] = {f"Problem{status}": problem for status, problem in told.items()}
    for methods in found["paths"].values():
        for operation in methods.values():
            for status, problem in told.items():
                if operation["responses"].get(status) == problem:
                    operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}


def _name_manners(found: dict[str, Any]) -> None:
    """What holds for every route under /api/v1 is told with each of them."""
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            if not path.startswith("/api/v1"):
                continue
            parameters = operation.setdefault("parameters", [])
            has_key = any(each["name"] == "Idempotency-Key" for each in parameters)
            if method == "post" and not has_key and operation["operationId"] not in {"signIn", "acceptInvitation"}:
                parameters.append(_IDEMPOTENCY_KEY)
            if method == "get" and operation["operationId"] not in {"followLiveCalls", "followPlacedCall"}:
                parameters.append(_IF_NONE_MATCH)
                operation["responses"].setdefault("304", {"description": "Not Modified"})
                operation["responses"]["200"].setdefault("headers", {}).setdefault("ETag", ETAG)


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A key of your own, kept for 24 hours: the request that is repeated with it is done once.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag that was read: 304 while it is the same.",
    "schema": {"type": "string"},
}


def _problem_schema(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    return schema
