"""Contacts one by one: found, added, changed, taken out.

The audit says who changed which contact, and which of its fields: what callers are called stays out of what cannot be
erased.
"""

import hashlib
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from aiguillage import text_formats
from aiguillage.desk.access import Principal, Reach, below
from aiguillage.desk.contacts.changes import FIELDS
from aiguillage.desk.contacts.found import clean
from aiguillage.desk.editing import Editor
from aiguillage.errors import ChangedMeanwhile, DocumentRefused, Fault, Forbidden, NotFound, NumberRefused
from aiguillage.routing.directory import Contact
from aiguillage.routing.document.node import suggestion
from aiguillage.routing.numbers import E164, parse_written
from aiguillage.routing.plan import Plan
from aiguillage.store import audit, directory, plans
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session
from aiguillage.store.directory import KeptContact as KeptContact
from aiguillage.store.directory import Wanted as Wanted

Known = Collection[str] | None
"""The revisions that the writer has read; None where any will do."""
MOST_NUMBERS = 20


@dataclass(frozen=True, slots=True)
class WrittenContact:
    """A contact as somebody writes it: numbers in any spelling."""

    name: str
    numbers: tuple[str, ...]
    unit: str | None = None
    category: str | None = None
    language: str | None = None
    note: str = ""


def revision(kept: KeptContact) -> str:
    """32 hexadecimal digits."""
    text = text_formats.write_json([kept.id, asdict(kept.contact)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- Read --------------------------------------------------------------------------------------------------


def page(database: Database, who: Principal, wanted: Wanted, after: int, limit: int) -> list[KeptContact]:
    """In the order of the directory, after a position; whoever reads for a unit sees it and what is below it."""
    with database.reading() as session:
        reached = _reached(session, who, "contacts:read")
        units = wanted.units if reached is None else reached & set(wanted.units or reached)
        return directory.page(session, replace(wanted, units=units), after, limit)


def contact(database: Database, who: Principal, id_: int) -> KeptContact:
    """Raises NotFound, Forbidden."""
    with database.reading() as session:
        found = _existing(session, id_)
        _may(who, "contacts:read", _reached(session, who, "contacts:read"), found.contact)
        return found


def _existing(session: Session, id_: int) -> KeptContact:
    found = directory.contact(session, id_)
    if found is None:
        raise NotFound(f"there is no contact {id_}")
    return found


def _reached(session: Session, who: Principal, scope: str) -> frozenset[str] | None:
    """The units whose contacts somebody may read or write; None: those of all, and of none."""
    if who.needs(scope) is Reach.ALL:
        return None
    return below(_plan(session).units, who.unit)


def _may(who: Principal, scope: str, reached: frozenset[str] | None, contact: Contact) -> None:
    if reached is not None and contact.unit not in reached:
        raise Forbidden(f'{who.name} may do so for contacts of unit "{who.unit}" and below; that needs {scope}')


def _plan(session: Session) -> Plan:
    plan = plans.load_draft(session)
    if plan is None:
        raise NotFound("there is no plan yet, so units and categories are unknown; apply a plan first")
    return plan


# --- Written -----------------------------------------------------------------------------------------------


def add(database: Database, new: WrittenContact, who: Principal, by: Editor, now: datetime) -> KeptContact:
    """Raises DocumentRefused, Forbidden, NotFound without a plan."""
    with database.writing() as session:
        contact = _checked(_plan(session), new)
        _may(who, "contacts:write", _reached(session, who, "contacts:write"), contact)
        kept = directory.add(session, contact)
        audit.append(session, now, Deed(by.name, "add", f"contacts/{kept.id}", request=by.request))
        return kept


def change(
    database: Database, id_: int, changes: Mapping[str, Any], known: Known, by: Editor, now: datetime
) -> KeptContact:
    """Write the fields that are named. Raises NotFound, ChangedMeanwhile, DocumentRefused, Forbidden."""
    who = by.who or Principal(by.name)
    with database.writing() as session:
        reached = _reached(session, who, "contacts:write")
        before = _existing(session, id_)
        _may(who, "contacts:write", reached, before.contact)
        _unchanged(session, before, known)
        contact = _checked(_plan(session), WrittenContact(**{**asdict(before.contact), **changes}))
        _may(who, "contacts:write", reached, contact)
        fields = [name for name in FIELDS if getattr(before.contact, name) != getattr(contact, name)]
        after = replace(before, contact=contact)
        if fields:
            directory.replace(session, id_, contact)
            told = {"fields": fields}
            deed = Deed(by.name, "change", f"contacts/{id_}", None, told, revision(after), by.request)
            audit.append(session, now, deed)
        return after


def remove(database: Database, id_: int, known: Known, by: Editor, now: datetime) -> None:
    """Raises NotFound, ChangedMeanwhile, Forbidden."""
    who = by.who or Principal(by.name)
    with database.writing() as session:
        before = _existing(session, id_)
        _may(who, "contacts:write", _reached(session, who, "contacts:write"), before.contact)
        _unchanged(session, before, known)
        directory.remove(session, id_)
        audit.append(session, now, Deed(by.name, "remove", f"contacts/{id_}", request=by.request))


def _unchanged(session: Session, now: KeptContact, known: Known) -> None:
    if known is None or revision(now) in known:
        return
    last = next(iter(audit.last_changes(session, f"contacts/{now.id}", 1)), None)
    whose = f" by {last.actor}" if last and last.after else ""
    fields = ", ".join(text_formats.read_json(last.after)["fields"]) if last and last.after else ""
    raise ChangedMeanwhile(
        f"contact {now.id} was changed meanwhile{whose}{f': {fields}' if fields else ''}; "
        "read it again and repeat your change on it"
    )


# --- Checked -----------------------------------------------------------------------------------------------


def _checked(plan: Plan, new: WrittenContact) -> Contact:
    """Raises DocumentRefused with all faults."""
    faults: list[Fault] = []
    numbers = tuple(dict.fromkeys(_numbers(plan, new.numbers, faults)))
    if not new.numbers:
        faults.append(Fault("numbers", "write one at least"))
    if len(new.numbers) > MOST_NUMBERS:
        faults.append(Fault("numbers", f"write {MOST_NUMBERS} at most"))
    for name in ("name", "note"):
        text = unicodedata.normalize("NFC", getattr(new, name)).strip()
        if clean(text) != text:
            faults.append(Fault(name, "write at most 500 characters on one line, without control characters"))
    if not clean(new.name):
        faults.append(Fault("name", "is empty"))
    for name, known in (
        ("unit", list(plan.units)),
        ("category", list(plan.categories)),
        ("language", list(plan.organisation.languages)),
    ):
        value = getattr(new, name)
        if value is not None and value not in known:
            faults.append(Fault(name, f'"{value[:80]}" is not in the plan{suggestion(value[:80], known)}'))
    if faults:
        raise DocumentRefused(tuple(faults))
    return Contact(clean(new.name), numbers, new.unit, new.category, new.language, clean(new.note))


def _numbers(plan: Plan, written: tuple[str, ...], faults: list[Fault]) -> list[E164]:
    found = []
    for place, text in enumerate(written):
        try:
            found.append(parse_written(text, plan.organisation.country))
        except NumberRefused as wrong:
            faults.append(Fault(f"numbers[{place}]", str(wrong)))
    return found
