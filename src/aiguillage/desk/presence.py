"""Say where people are: available, away, not to be disturbed, forwarded. The next call knows it."""

from datetime import datetime
from typing import Any

from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import NotFound, Refused
from aiguillage.routing.outgoing import may_dial
from aiguillage.routing.plan import Plan
from aiguillage.routing.presence import Presence
from aiguillage.store import presences
from aiguillage.store.database import Database
from aiguillage.store.presences import Change


def set_presence(database: Database, person: str, presence: Presence, change: Change) -> None:
    """Raises NotFound for an unknown person; Refused for a time that is past, or a number they may not dial."""
    check(published_plan(database), person, presence, change.at)
    with database.writing() as session:
        presences.replace(session, person, presence, change)


def check(plan: Plan, person: str, presence: Presence, now: datetime) -> None:
    """Raises as `set_presence`. Forwarding is as dear as dialling, so the same permission is asked for."""
    if person not in plan.people:
        raise NotFound(f'person "{person}" is not in the plan; write one of {", ".join(plan.people)}')
    if presence.until is not None and presence.until <= now:
        raise Refused(f"{presence.until.isoformat(timespec='minutes')} is past; write a time to come")
    number = presence.forward_to
    if number is None or number in {phone.number for phone in plan.people[person].phones.values()}:
        return
    if any(did.number == number for did in plan.dids.values()):
        raise Refused(f"{number} is one of our own numbers: the call would come back; forward to a phone")
    if (forbidden := may_dial(plan, person, number)) is not None:
        raise Refused(f"calls cannot be forwarded there: {forbidden}")


def describe(person: str, presence: Presence) -> dict[str, Any]:
    """The state as plain JSON data."""
    return {
        "person": person,
        "state": presence.state,
        "until": presence.until.isoformat() if presence.until else None,
        "forward_to": presence.forward_to,
    }
