"""Bring a file of contacts into the directory, look what that would do, and write the directory as a file."""

from aiguillage.desk.contacts.changes import Changes, changes_of
from aiguillage.desk.contacts.csv_file import read_csv, write_csv
from aiguillage.desk.contacts.found import Import
from aiguillage.desk.contacts.vcards import is_vcard, read_vcards, write_vcards
from aiguillage.errors import NotFound
from aiguillage.store import directory, plans
from aiguillage.store.database import Database


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


def import_file(database: Database, content: bytes, *, add: bool = False) -> Changes:
    """Replace the directory by the contacts of a file or, with `add`, complete it by them; what that did.

    Raises DirectoryRefused or NotFound (no plan yet); then the directory is as it was.
    """
    found = read_file(database, content)
    with database.writing() as session:
        changes = changes_of(directory.all_contacts(session), found, add=add)
        directory.replace_all(session, changes.contacts)
    return changes


def export(database: Database, *, vcard: bool = False) -> bytes:
    """The whole directory as a CSV file, or as vCards; an import of it changes nothing."""
    with database.reading() as session:
        contacts = list(directory.all_contacts(session))
    return write_vcards(contacts) if vcard else write_csv(contacts)
