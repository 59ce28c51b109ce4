"""/healthz: the process lives. /readyz: every part that a call needs, each with its reason."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from aiguillage.admin.guard import TheParts

router = APIRouter(tags=["health"])


class PartHealth(BaseModel):
    ok: bool
    reason: str


class Readiness(BaseModel):
    """`plan_version` is the one that calls follow; `refused_version` a newer one that Asterisk did not take. Of several
    nodes, those that were seen lately count: `plan_version` is the oldest that one of them follows."""

    ready: bool
    plan_version: int | None
    refused_version: int | None
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
    follows, refused = parts.follows()
    return Readiness(
        ready=ready,
        plan_version=follows or None,
        refused_version=refused if refused > follows else None,
        parts=health,
    )
