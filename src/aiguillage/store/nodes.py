"""Which nodes there are, and what each one's calls follow: each writes its own row, the desk reads them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import nodes


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as it said itself at `seen_at` (aware, on its own clock). `plan_version` 0: it has no plan yet;
    `refused_version`: a newer one that its Asterisk did not take, because of `fault`; 0 and empty: there is none."""

    name: str
    seen_at: datetime
    plan_version: int
    directory_revision: int
    refused_version: int = 0
    fault: str = ""


def write(session: Session, state: NodeState) -> None:
    """In the place of what that node said before."""
    session.execute(delete(nodes).where(nodes.c.name == state.name))
    session.execute(insert(nodes), asdict(state))


def forget(session: Session, before: datetime) -> None:
    """Those that were not seen since an instant (aware)."""
    session.execute(delete(nodes).where(nodes.c.seen_at < before))


def states(session: Session) -> Sequence[NodeState]:
    """By name."""
    return [NodeState(**row) for row in session.execute(select(nodes).order_by(nodes.c.name)).mappings()]
