"""The directory of callers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store.matching import begins_with
from aiguillage.store.revisions import changed
from aiguillage.store.tables import contact_numbers, contacts

SLICE = 2_000
"""Rows that are fetched at a time."""


@dataclass(frozen=True, slots=True)
class KeptContact:
    """`id` stays with the contact, through imports too; `position` is its place in the directory."""

    id: int
    position: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts: whose name holds a text, with a number that begins so, of one of some units, of a category."""

    text: str = ""
    number: str = ""
    units: Collection[str] | None = None
    category: str | None = None


def replace_all(session: Session, new: Iterable[Contact], ids: Sequence[int | None] | None = None) -> None:
    """Replace the whole directory, in the order given. `ids` are those that contacts had before; None = a new one."""
    listed = list(new)
    known = list(ids) if ids is not None else [None] * len(listed)
    free = _free_id(session)
    numbered = []
    for position, (contact, id_) in enumerate(zip(listed, known, strict=True), start=1):
        numbered.append(KeptContact(free if id_ is None else id_, position, contact))
        free += id_ is None
    session.execute(delete(contact_numbers))
    session.execute(delete(contacts))
    _insert(session, numbered)
    changed(session, "directory")


def _free_id(session: Session) -> int:
    return (session.scalar(select(func.max(contacts.c.id))) or 0) + 1


def _insert(session: Session, kept: Sequence[KeptContact]) -> None:
    if not kept:
        return
    session.execute(
        insert(contacts), [{"id": each.id, "position": each.position, **_row(each.contact)} for each in kept]
    )
    session.execute(insert(contact_numbers), [row for each in kept for row in _numbers(each.id, each.contact)])


def _row(contact: Contact) -> dict[str, str | None]:
    return {name: getattr(contact, name) for name in ("name", "unit", "category", "language", "note")}


def _numbers(id_: int, contact: Contact) -> Iterator[dict[str, object]]:
    for position, number in enumerate(contact.numbers):
        yield {"contact": id_, "position": position, "number": number}


def all_contacts(session: Session) -> Iterator[Contact]:
    """Every contact, in the order of the import; read in slices, as a directory may hold a million."""
    columns = (contacts.c.id, contacts.c.name, contacts.c.unit, contacts.c.category, contacts.c.language)
    wanted = (
        select(*columns, contacts.c.note, contact_numbers.c.number)
        .outerjoin_from(contacts, contact_numbers, contact_numbers.c.contact == contacts.c.id)
        .order_by(contacts.c.position, contacts.c.id, contact_numbers.c.position)
    )
    rows = session.execute(wanted.execution_options(yield_per=SLICE))
    for _, of_contact in groupby(rows, key=itemgetter(0)):
        listed = list(of_contact)
        _, name, unit, category, language, note, _ = listed[0]
        numbers = tuple(E164(row[6]) for row in listed if row[6] is not None)
        yield Contact(name, numbers, unit, category, language, note)


def all_ids(session: Session) -> list[int]:
    """In the order of `all_contacts`."""
    return list(session.scalars(select(contacts.c.id).order_by(contacts.c.position)))


def _contact(row: Row[tuple[object, ...]], numbers: Iterable[E164]) -> Contact:
    return Contact(row.name, tuple(numbers), row.unit, row.category, row.language, row.note)


# --- One by one --------------------------------------------------------------------------------------------


def page(session: Session, wanted: Wanted, after: int, limit: int) -> list[KeptContact]:
    """In the order of the directory, those whose position is greater than `after`."""
    found = select(contacts).where(contacts.c.position > after).order_by(contacts.c.position).limit(limit)
    if wanted.text:
        found = found.where(func.lower(contacts.c.name).contains(wanted.text.lower(), autoescape=True))
    if wanted.number:
        of_number = select(contact_numbers.c.contact).where(begins_with(contact_numbers.c.number, wanted.number))
        found = found.where(contacts.c.id.in_(of_number))
    if wanted.units is not None:
        found = found.where(contacts.c.unit.in_(sorted(wanted.units)))
    if wanted.category is not None:
        found = found.where(contacts.c.category == wanted.category)
    return _with_numbers(session, session.execute(found).all())


def contact(session: Session, id_: int) -> KeptContact | None:
    found = session.execute(select(contacts).where(contacts.c.id == id_)).all()
    return next(iter(_with_numbers(session, found)), None)


def _with_numbers(session: Session, rows: Sequence[Row[tuple[object, ...]]]) -> list[KeptContact]:
    numbers: dict[int, list[E164]] = defaultdict(list)
    ordered = select(contact_numbers).order_by(contact_numbers.c.contact, contact_numbers.c.position)
    for row in session.execute(ordered.where(contact_numbers.c.contact.in_([each.id for each in rows]))):
        numbers[row.contact].append(E164(row.number))
    return [KeptContact(row.id, row.position, _contact(row, numbers[row.id])) for row in rows]


def add(session: Session, new: Contact) -> KeptContact:
    """At the end of the directory."""
    last = session.scalar(select(func.max(contacts.c.position))) or 0
    kept = KeptContact(_free_id(session), last + 1, new)
    _insert(session, [kept])
    changed(session, "directory")
    return kept


def replace(session: Session, id_: int, new: Contact) -> None:
    session.execute(update(contacts).where(contacts.c.id == id_).values(_row(new)))
    session.execute(delete(contact_numbers).where(contact_numbers.c.contact == id_))
    session.execute(insert(contact_numbers), list(_numbers(id_, new)))
    changed(session, "directory")


def remove(session: Session, id_: int) -> None:
    session.execute(delete(contact_numbers).where(contact_numbers.c.contact == id_))
    session.execute(delete(contacts).where(contacts.c.id == id_))
    changed(session, "directory")
