"""Edit the draft: the one place through which API, console and command line write the plan."""

from collections.abc import Mapping
from typing import Any

from aiguillage.errors import NotFound
from aiguillage.routing.document import dump, load
from aiguillage.routing.plan import Plan
from aiguillage.store import plans
from aiguillage.store.database import Database


def check(document: Any) -> Plan:
    """The plan of a document, every name in it resolved.

    Raises DocumentRefused with all faults.
    """
    return load(document)


def apply(database: Database, document: Any) -> Plan:
    """Replace the draft by `document`. Calls keep following the published plan.

    Raises DocumentRefused with all faults; then the draft is as it was.
    """
    plan = check(document)
    with database.writing() as session:
        plans.save_draft(session, plan)
    return plan


def draft(database: Database) -> Mapping[str, Any]:
    """The draft as a document.

    Raises NotFound where there is none yet.
    """
    with database.reading() as session:
        plan = plans.load_draft(session)
    if plan is None:
        raise NotFound("there is no plan yet; apply one: aiguillage plan apply PLAN.yaml")
    return dump(plan)
