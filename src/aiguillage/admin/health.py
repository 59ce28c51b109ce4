"""/healthz: the process lives. /readyz: every part that a call needs, each with its reason."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from aiguillage.admin.guard import TheParts

router = APIRouter(tags=["health"])


class PartHealth(BaseModel):
    ok: bool
    reason: str


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, PartHealth]


@router.get("/healthz", operation_id="healthz")
def healthz() -> dict[str, bool]:
    """The process answers; says nothing about its parts."""
    return {"alive": True}


@router.get("/readyz", operation_id="readyz", responses={503: {"model": Readiness}})
def readyz(parts: TheParts, response: Response) -> Readiness:
    """200 when all parts are well, 503 when one is not; each says why."""
    health = {name: PartHealth(ok=each.ok, reason=each.reason) for name, each in parts.health().items()}
    ready = all(each.ok for each in health.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=health)
