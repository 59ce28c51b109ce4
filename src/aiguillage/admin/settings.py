"""/api/v1/settings: what this service runs with. They are environment variables, so they are read here, not written."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from aiguillage.admin.guard import TheParts, may
from aiguillage.admin.routes import Resource

router = APIRouter(tags=["settings"], route_class=Resource)


class Setting(BaseModel):
    """`variable` sets it, at the next start. A secret's `value` is null; `is_set` says whether there is one."""

    variable: str
    value: Any
    is_set: bool


class AllSettings(BaseModel):
    settings: list[Setting]


@router.get("/settings", operation_id="listSettings", dependencies=[may("settings:read")])
def list_settings(parts: TheParts) -> AllSettings:
    """Each with its variable; passwords in a database's URL are left out."""
    shown = parts.needed_settings().shown()
    return AllSettings(settings=[Setting(variable=each[0], value=each[1], is_set=each[2]) for each in shown])
