"""The FastAPI application: its resources, its guard and its manner of saying no."""

from fastapi import Depends, FastAPI

from aiguillage import __version__
from aiguillage.admin import callbacks, explain, health, plan, presence
from aiguillage.admin.guard import bearer_token
from aiguillage.admin.problems import PROBLEM_RESPONSES, add_problem_handlers
from aiguillage.desk.parts import Parts


def create_app(parts: Parts) -> FastAPI:
    """The API over the running service's parts."""
    app = FastAPI(
        title="Aiguillage",
        version=__version__,
        summary="Steers every call on one central number to the right person.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # FastAPI's page loads its scripts from elsewhere; ours comes with the admin API's issue
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
    )
    app.state.parts = parts
    add_problem_handlers(app)
    app.include_router(health.router)
    for resource in (plan, explain, presence, callbacks):
        app.include_router(resource.router, prefix="/api/v1", dependencies=[Depends(bearer_token)])
    return app
