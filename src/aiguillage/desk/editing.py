"""Edit the draft: the one place through which API, console and command line write the plan.

A document replaces the whole draft (`apply`), or one thing of it is changed (`change`, which `desk/items.py` uses).
Either way the draft is checked as a whole before it is kept, and the audit says who did it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiguillage import text_formats
from aiguillage.desk.access import Principal
from aiguillage.errors import ChangedMeanwhile, NotFound
from aiguillage.routing.compare import settings_changed
from aiguillage.routing.document import dump, load
from aiguillage.routing.plan import Plan
from aiguillage.store import audit, plans
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session
from aiguillage.store.plans import ReplacedDraft

Document = dict[str, Any]
DRAFT = "plan"
"""What the audit calls the whole draft."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Who writes, as the audit names them; `request` is the id of the HTTP request. `who` None: whoever has this
    machine, and may do everything."""

    name: str
    request: str | None = None
    who: Principal | None = None


NOBODY = Editor("")

_TOLD = 10
"""Changes that a conflict names; more are counted."""


def check(document: Any) -> Plan:
    """The plan of a document, every name in it resolved.

    Raises DocumentRefused with all faults.
    """
    return load(document)


def apply(database: Database, document: Any, changed_from: str | None = None, by: Editor = NOBODY) -> str:
    """Replace the draft by `document`; the new draft's revision. Calls keep following the published plan.

    The draft that it replaces is kept. `changed_from` is the revision of the draft that the document was made from;
    None replaces any. Raises DocumentRefused with all faults, or ChangedMeanwhile when the draft is another one by now,
    saying what changed; then the draft is as it was.
    """
    plan = check(document)
    after, now = dump(plan), datetime.now(UTC)
    with database.writing() as session:
        kept = plans.load_draft(session)
        before = dump(kept) if kept is not None else None
        if before == after:
            return revision(after)
        if changed_from is not None and (before is None or revision(before) != changed_from):
            raise _meanwhile(_document_of(plans.kept_drafts(session), changed_from), before)
        if before is not None:
            text = text_formats.write_json(before)
            plans.keep_draft(session, ReplacedDraft(revision(before), text, now, by.name))
        plans.save_draft(session, plan)
        changes = [[each.kind, each.path] for each in settings_changed(before, after)] if before is not None else []
        was = None if before is None else {"revision": revision(before)}
        becomes = {"revision": revision(after), "changes": changes}
        audit.append(session, now, Deed(by.name, "replace", DRAFT, was, becomes, revision(after), by.request))
    return revision(after)


def change(
    database: Database, edit: Callable[[Session, Document], Document], told: Callable[[Document], Deed]
) -> Document:
    """Let `edit` make another document of the draft's, and keep that as the draft, with the deed that `told` makes of
    the new draft, which is the answer. Nobody else writes meanwhile; what `edit` raises leaves everything as it was.

    Raises NotFound without a draft, DocumentRefused with all faults.
    """
    with database.writing() as session:
        kept = plans.load_draft(session)
        if kept is None:
            raise _no_draft()
        before = dump(kept)
        plan = check(edit(session, before))
        after = dump(plan)
        if after != dump(kept):
            plans.save_draft(session, plan)
            audit.append(session, datetime.now(UTC), told(after))
    return after


def _document_of(kept: list[ReplacedDraft], wanted: str) -> Mapping[str, Any] | None:
    found = next((each for each in kept if each.revision == wanted), None)
    return None if found is None else text_formats.read_json(found.document)


def _meanwhile(theirs: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> ChangedMeanwhile:
    said = "the draft was changed meanwhile; read it again and repeat your change on it"
    if theirs is None or now is None:
        return ChangedMeanwhile(said)
    changes = [f"{change.kind} {change.path}" for change in settings_changed(theirs, now)]
    more = [f"and {len(changes) - _TOLD} more"] if len(changes) > _TOLD else []
    return ChangedMeanwhile("\n  ".join([f"{said}. It has:", *changes[:_TOLD], *more]))


def draft(database: Database) -> Mapping[str, Any]:
    """The draft as a document.

    Raises NotFound where there is none yet.
    """
    with database.reading() as session:
        return draft_in(session)


def draft_in(session: Session) -> Mapping[str, Any]:
    """The same, within a session."""
    plan = plans.load_draft(session)
    if plan is None:
        raise _no_draft()
    return dump(plan)


def _no_draft() -> NotFound:
    return NotFound("there is no plan yet; apply one: aiguillage plan apply PLAN.yaml")


def replaced(database: Database) -> list[ReplacedDraft]:
    """The drafts that were replaced, the latest first."""
    with database.reading() as session:
        return plans.kept_drafts(session)


def restore(database: Database, wanted: str, changed_from: str | None = None, by: Editor = NOBODY) -> str:
    """Make a published version (`3`) or a replaced draft (the beginning of its revision) the draft; its revision.

    Nothing is published. Raises NotFound, or DocumentRefused where this release does not read it any more.
    """
    return apply(database, document_of(database, wanted), changed_from, by)


def document_of(database: Database, wanted: str) -> Mapping[str, Any]:
    """The document that `draft`, `live`, the number of a version or a replaced draft's revision names.

    Raises NotFound.
    """
    if wanted == "draft":
        return draft(database)
    with database.reading() as session:
        if wanted == "live":
            version = plans.latest_version(session)
            if version is None:
                raise NotFound("no plan has been published yet")
            return _read(version.document)
        if wanted.isdecimal() and len(wanted) < _SHORTEST_REVISION:
            return _read(plans.version(session, int(wanted)).document)
        kept = [each for each in plans.kept_drafts(session) if each.revision.startswith(wanted)]
    if len(wanted) < _SHORTEST_REVISION or len({each.revision for each in kept}) != 1:
        raise NotFound(f"{wanted} is no version; write its number, draft, live, or a replaced draft's revision")
    return _read(kept[0].document)


_SHORTEST_REVISION = 8


def _read(document: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = text_formats.read_json(document)
    return found


def revision(document: Mapping[str, Any]) -> str:
    """32 hexadecimal digits that are the same for the same draft only."""
    return hashlib.sha256(text_formats.write_json(document).encode()).hexdigest()[:32]
