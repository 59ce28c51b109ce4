"""People's live state. Who is available has no row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from aiguillage.routing.presence import Presence
from aiguillage.store.revisions import changed
from aiguillage.store.tables import presences


def replace(session: Session, person: str, presence: Presence, by: str, at: datetime) -> None:
    """Set the state of `person`, a plan key, in a writing session: who has set it, and when (aware)."""
    session.execute(delete(presences).where(presences.c.person == person))
    if presence.state != "available":
        row: dict[str, Any] = {
            "person": person,
            "state": presence.state,
            "until": presence.until,
            "forward_to": presence.forward_to,
            "changed_at": at,
            "changed_by": by,
        }
        session.execute(insert(presences), row)
    changed(session, "presence")


def all_presences(session: Session) -> Mapping[str, Presence]:
    """By person; a state whose time is over may still be among them."""
    return {row.person: Presence(row.state, row.until, row.forward_to) for row in session.execute(select(presences))}
