"""The FastAPI application: its resources, its guard and its manner of saying no."""

import functools
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from aiguillage import __version__
from aiguillage.admin import audit, callbacks, calls, explain, health, plan, presence, questions, sections
from aiguillage.admin.guard import bearer_token
from aiguillage.admin.problems import PROBLEM_RESPONSES, Problem, add_problem_handlers
from aiguillage.admin.requests import Requests, only_known_queries
from aiguillage.desk.parts import Parts


def create_app(parts: Parts) -> FastAPI:
    """The API over the running service's parts."""
    app = _application()
    app.state.parts = parts
    app.openapi = description  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


def _application() -> FastAPI:
    app = FastAPI(
        title="Aiguillage",
        version=__version__,
        summary="Steers every call on one central number to the right person.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere; ours comes with the console
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        redirect_slashes=False,
    )
    app.add_middleware(Requests)
    add_problem_handlers(app)
    app.include_router(health.router)
    guarded = [Depends(bearer_token), Depends(only_known_queries)]
    for resource in (plan, explain, presence, callbacks, calls, questions, audit):
        app.include_router(resource.router, prefix="/api/v1", dependencies=guarded)
    app.include_router(sections.router(), prefix="/api/v1", dependencies=guarded)
    return app


@functools.cache
def description() -> dict[str, Any]:
    """OpenAPI 3.1, with the schemas of the plan document."""
    app = _application()
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas |= sections.schemas() | {"Problem": _problem_schema(schemas)}
    return found


def _problem_schema(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    return schema
