"""Publish the draft: from the next call on, it is the plan."""

from datetime import datetime

from aiguillage import text_formats
from aiguillage.desk import editing, proving
from aiguillage.desk.editing import Editor
from aiguillage.errors import ChangedMeanwhile, PlanUnsound, Refused
from aiguillage.routing.check import LONGEST_RINGING
from aiguillage.routing.compare import settings_changed
from aiguillage.store import audit, plans, webhooks
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database
from aiguillage.store.plans import Version as Version


def publish(
    database: Database,
    at: datetime,
    by: str | Editor,
    comment: str,
    longest_ringing: int = LONGEST_RINGING,
    known: str | None = None,
) -> int:
    """Make the draft the next version and return its number. `at` is aware.

    Raises NotFound without a draft, DocumentRefused if the draft no longer resolves, PlanUnsound where the proof finds
    errors, Refused for a comment that is no line, ChangedMeanwhile when the draft has not the revision `known`, or when
    somebody else published between our reading and our writing: it says what.
    """
    editor = by if isinstance(by, Editor) else Editor(by)
    if not comment.isprintable():
        raise Refused("the comment: write it on one line, without control characters")
    with database.reading() as session:
        latest = plans.latest_version(session)
    document = editing.draft(database)
    if known is not None and editing.revision(document) != known:
        raise ChangedMeanwhile("the draft was changed meanwhile; look at it again, then publish it")
    plan = editing.check(document)
    problems = proving.prove(database, plan, at, longest_ringing)
    if any(problem.severity == "error" for problem in problems):
        raise PlanUnsound(tuple(problems))
    try:
        with database.writing() as session:
            number = plans.publish(
                session,
                document=text_formats.write_json(document),
                at=at,
                by=editor.name,
                comment=comment,
                expected_latest=latest.number if latest else None,
            )
            said = {"version": number, "revision": editing.revision(document), "comment": comment}
            audit.append(session, at, Deed(editor.name, "publish", editing.DRAFT, None, said, request=editor.request))
            told = {"version": number, "by": editor.name, "comment": comment}
            webhooks.tell(session, at, "plan.published", told)
            return number
    except ChangedMeanwhile as changed:
        raise ChangedMeanwhile(f"{changed}{_changes_since(database, latest)}") from None


def _changes_since(database: Database, known: Version | None) -> str:
    """What the version that is live by now changed, a line each."""
    with database.reading() as session:
        latest = plans.latest_version(session)
    if known is None or latest is None:
        return ""
    changes = settings_changed(text_formats.read_json(known.document), text_formats.read_json(latest.document))
    return "".join(f"\n  {change.kind} {change.path}" for change in changes)


def versions(database: Database) -> list[Version]:
    """All that were published, the newest first."""
    with database.reading() as session:
        return plans.versions(session)
