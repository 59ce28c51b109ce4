"""Publish the draft: from the next call on, it is the plan."""

from datetime import datetime

from aiguillage import text_formats
from aiguillage.desk import editing
from aiguillage.store import plans
from aiguillage.store.database import Database


def publish(database: Database, at: datetime, by: str, comment: str) -> int:
    """Make the draft the next version and return its number. `at` is aware.

    Raises NotFound without a draft, DocumentRefused if the draft no longer resolves, Conflict when somebody else
    published between our reading and our writing.
    """
    with database.reading() as session:
        latest = plans.latest_version(session)
    document = editing.draft(database)
    editing.check(document)
    with database.writing() as session:
        return plans.publish(
            session,
            document=text_formats.write_json(document),
            at=at,
            by=by,
            comment=comment,
            expected_latest=latest.number if latest else None,
        )
