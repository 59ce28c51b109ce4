"""/api/v1/audit: who did what, when."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from aiguillage.admin.bodies import PLAIN
from aiguillage.admin.guard import TheParts, may
from aiguillage.admin.routes import Resource
from aiguillage.desk import auditing

router = APIRouter(tags=["audit"], route_class=Resource)


class AuditEntry(BaseModel):
    """`thing` reads like `people/claire`; `hash` chains the entry to the one before (see `aiguillage audit verify`)."""

    number: int
    at: datetime
    actor: str
    action: str
    thing: str
    before: Any
    after: Any
    request: str | None
    hash: str


class AuditEntries(BaseModel):
    """`next` goes into `cursor` for the following page."""

    items: list[AuditEntry]
    next: str | None


@router.get("/audit", operation_id="listAudit", dependencies=[may("audit:read")])
def list_audit(
    parts: TheParts,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str, Query(pattern="^[0-9]{1,15}$")] = "0",
    thing: Annotated[str | None, Query(max_length=600, pattern=PLAIN, examples=["people/claire"])] = None,
) -> AuditEntries:
    """In the order in which it was done."""
    found = auditing.page(parts.database, int(cursor), limit + 1, thing)
    shown = [AuditEntry(**auditing.describe(each)) for each in found[:limit]]
    return AuditEntries(items=shown, next=str(shown[-1].number) if len(found) > limit else None)
