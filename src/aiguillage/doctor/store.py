"""The database, and the plan in it."""

from datetime import datetime

from aiguillage.desk.nodes import Nodes
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.doctor.finding import Finding, bad, well
from aiguillage.errors import AiguillageError, NotFound, StoreUnavailable
from aiguillage.settings import Settings
from aiguillage.store import journal
from aiguillage.store.database import open_database
from aiguillage.store.migrate import schema_state


def database(settings: Settings) -> Finding:
    opened = open_database(settings.url)
    try:
        state, missing = schema_state(opened), opened.is_missing
    finally:
        opened.close()
    if missing or (state.reachable and not state.current):
        return bad(state.reason, "aiguillage migrate")
    return well(state.reason) if state.reachable else bad(state.reason, "start the database, or correct its setting")


def published(settings: Settings) -> tuple[Snapshot | None, Finding]:
    """What calls follow, if anything; and what is to be said of it."""
    opened = open_database(settings.url)
    try:
        snapshot = load_snapshot(opened)
    except NotFound as wrong:
        return None, bad(str(wrong), "aiguillage plan apply PLAN.yaml --publish")
    except AiguillageError as wrong:
        return None, bad(str(wrong), "mend the database first")
    finally:
        opened.close()
    known = len(snapshot.directory.by_number)
    return snapshot, well(f"version {snapshot.plan_version} is published; {known:,} numbers are known")


def nodes(settings: Settings) -> Finding:
    """How those are that this desk looks at."""
    opened = open_database(settings.url)
    try:
        found = Nodes(opened).health()
    finally:
        opened.close()
    return well(found.reason) if found.ok else bad(found.reason, "look at /readyz of each node that is unwell")


def newest_decision(settings: Settings) -> datetime | None:
    """When the last decision of the journal was taken; None where there is none, or no database."""
    opened = open_database(settings.url)
    try:
        with opened.reading() as session:
            found = journal.recent(session, 1)
    except StoreUnavailable:
        return None
    finally:
        opened.close()
    return found[0].at if found else None
