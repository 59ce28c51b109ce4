"""/metrics: how the service does, for Prometheus, which sends a token as everybody else does."""

from fastapi import APIRouter, Response

from aiguillage.admin.guard import TheParts, may
from aiguillage.desk.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"])


class Figures(Response):
    """Prometheus' text."""

    media_type = "text/plain"


@router.get("/metrics", operation_id="metrics", response_class=Figures, dependencies=[may("metrics:read")])
async def metrics(parts: TheParts) -> Figures:
    """The service in figures, in Prometheus' text format. On the event loop, which owns what is read."""
    return Figures(parts.metrics(), headers={"content-type": CONTENT_TYPE})
