"""The directory of callers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store.revisions import changed
from aiguillage.store.tables import contact_numbers, contacts


def replace_all(session: Session, new: Iterable[Contact]) -> None:
    """Replace the whole directory, in the order given."""
    listed = list(new)
    session.execute(delete(contact_numbers))
    session.execute(delete(contacts))
    if listed:
        session.execute(
            insert(contacts),
            [
                {
                    "id": number,
                    "position": number,
                    "name": contact.name,
                    "unit": contact.unit,
                    "category": contact.category,
                    "language": contact.language,
                    "note": contact.note,
                }
                for number, contact in enumerate(listed, start=1)
            ],
        )
        session.execute(
            insert(contact_numbers),
            [
                {"contact": number, "position": position, "number": telephone}
                for number, contact in enumerate(listed, start=1)
                for position, telephone in enumerate(contact.numbers)
            ],
        )
    changed(session, "directory")


def all_contacts(session: Session) -> Iterator[Contact]:
    """Every contact, in the order of the import."""
    numbers: dict[int, list[E164]] = defaultdict(list)
    ordered = select(contact_numbers).order_by(contact_numbers.c.contact, contact_numbers.c.position)
    for contact, _, number in session.execute(ordered):
        numbers[contact].append(E164(number))
    for row in session.execute(select(contacts).order_by(contacts.c.position)):
        yield Contact(row.name, tuple(numbers[row.id]), row.unit, row.category, row.language, row.note)
