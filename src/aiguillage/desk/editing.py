"""Edit the draft: the one place through which API, console and command line write the plan."""

import hashlib
from collections.abc import Mapping
from typing import Any

from aiguillage import text_formats
from aiguillage.errors import Conflict, NotFound
from aiguillage.routing.document import dump, load
from aiguillage.routing.plan import Plan
from aiguillage.store import plans
from aiguillage.store.database import Database


def check(document: Any) -> Plan:
    """The plan of a document, every name in it resolved.

    Raises DocumentRefused with all faults.
    """
    return load(document)


def apply(database: Database, document: Any, changed_from: str | None = None) -> str:
    """Replace the draft by `document`; the new draft's revision. Calls keep following the published plan.

    `changed_from` is the revision of the draft that the document was made from; None replaces any. Raises
    DocumentRefused with all faults, or Conflict when the draft is another one by now; then the draft is as it was.
    """
    plan = check(document)
    with database.writing() as session:
        if changed_from is not None:
            kept = plans.load_draft(session)
            if kept is None or revision(dump(kept)) != changed_from:
                raise Conflict("the draft was changed meanwhile; read it again and repeat your change on it")
        plans.save_draft(session, plan)
    return revision(dump(plan))


def draft(database: Database) -> Mapping[str, Any]:
    """The draft as a document.

    Raises NotFound where there is none yet.
    """
    with database.reading() as session:
        plan = plans.load_draft(session)
    if plan is None:
        raise NotFound("there is no plan yet; apply one: aiguillage plan apply PLAN.yaml")
    return dump(plan)


def revision(document: Mapping[str, Any]) -> str:
    """32 hexadecimal digits that are the same for the same draft only."""
    return hashlib.sha256(text_formats.write_json(document).encode()).hexdigest()[:32]
