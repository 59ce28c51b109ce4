"""What a running service compares each second to see what other processes have changed."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ScalarSelect, func, insert, select, update
from sqlalchemy.orm import Session

from aiguillage.store import notices
from aiguillage.store.tables import plan_versions
from aiguillage.store.tables import revisions as table

Thing = Literal["directory", "presence", "trunks"]


@dataclass(frozen=True, slots=True)
class Revisions:
    """The latest published plan; how often directory, live state and trunks' passwords were changed, 0 where never."""

    plan: int
    directory: int
    presence: int
    trunks: int = 0


def revisions(session: Session) -> Revisions:
    """As they are now, in one look."""
    latest = select(func.coalesce(func.max(plan_versions.c.number), 0)).scalar_subquery()
    things = (_of("directory"), _of("presence"), _of("trunks"))
    plan, contacts, states, passwords = session.execute(select(latest, *things)).one()
    return Revisions(plan, contacts or 0, states or 0, passwords or 0)


def changed(session: Session, thing: Thing) -> None:
    """Let running services see that `thing` is another one."""
    mine = table.c.thing == thing
    if session.scalar(select(table.c.revision).where(mine)) is None:
        session.execute(insert(table), {"thing": thing, "revision": 1})
    else:
        session.execute(update(table).where(mine).values(revision=table.c.revision + 1))
    notices.tell(session)


def _of(thing: Thing) -> ScalarSelect[int]:
    return select(table.c.revision).where(table.c.thing == thing).scalar_subquery()
