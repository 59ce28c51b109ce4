"""Bring a file of contacts into the directory, look what that would do, and write the directory as a file."""

from datetime import UTC, datetime

from aiguillage.desk.contacts.changes import Changes, changes_of
from aiguillage.desk.contacts.csv_file import read_csv, write_csv
from aiguillage.desk.contacts.found import Import
from aiguillage.desk.contacts.vcards import is_vcard, read_vcards, write_vcards
from aiguillage.desk.editing import NOBODY, Editor
from aiguillage.errors import ChangedMeanwhile, NotFound
from aiguillage.store import audit, directory, plans
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database
from aiguillage.store.revisions import revisions


def read_file(database: Database, content: bytes) -> Import:
    """The contacts in a CSV file or a file of vCards, checked against the draft of the plan.

    Raises DirectoryRefused, or NotFound (no plan yet).
    """
    with database.reading() as session:
        plan = plans.load_draft(session)
    if plan is None:
        raise NotFound("there is no plan yet, so units and categories are unknown; apply a plan first")
    return read_vcards(content, plan) if is_vcard(content) else read_csv(content, plan)


def compare(database: Database, found: Import, *, add: bool = False) -> Changes:
    """What the import of `found` would do; nothing is stored."""
    with database.reading() as session:
        return changes_of(directory.all_contacts(session), found, add=add)


def import_file(
    database: Database, content: bytes, *, add: bool = False, known: int | None = None, by: Editor = NOBODY
) -> Changes:
    """Replace the directory by the contacts of a file or, with `add`, complete it by them; what that did.

    `known` is the directory's revision that a dry run was made of; None = any. Raises DirectoryRefused, NotFound (no
    plan yet) or ChangedMeanwhile; then the directory is as it was.
    """
    found = read_file(database, content)
    with database.writing() as session:
        now = revisions(session).directory
        if known is not None and now != known:
            raise ChangedMeanwhile("the directory was changed since the dry run; look again what the import would do")
        changes = changes_of(directory.all_contacts(session), found, add=add)
        ids = directory.all_ids(session)
        kept = [None if place is None else ids[place] for place in changes.places]
        directory.replace_all(session, changes.contacts, kept)
        done = {name: len(getattr(changes, name)) for name in ("added", "changed", "removed")}
        audit.append(session, datetime.now(UTC), Deed(by.name, "import", "contacts", None, done, request=by.request))
    return changes


def revision(database: Database) -> int:
    """It grows with every change of the directory."""
    with database.reading() as session:
        return revisions(session).directory


def export(database: Database, *, vcard: bool = False) -> bytes:
    """The whole directory as a CSV file, or as vCards; an import of it changes nothing."""
    with database.reading() as session:
        contacts = list(directory.all_contacts(session))
    return write_vcards(contacts) if vcard else write_csv(contacts)
