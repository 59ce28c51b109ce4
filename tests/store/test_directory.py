"""The directory of callers, kept."""

from collections.abc import Iterable

from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store import directory
from aiguillage.store.database import Database
from tests.unit.examples import CONTACTS


def replaced(database: Database, contacts: Iterable[Contact]) -> list[Contact]:
    """The directory as it comes back."""
    with database.writing() as session:
        directory.replace_all(session, contacts)
    with database.reading() as session:
        return list(directory.all_contacts(session))


def test_the_directory_is_empty_at_first(database: Database) -> None:
    with database.reading() as session:
        assert list(directory.all_contacts(session)) == []


def test_the_example_comes_back_in_its_order_with_numbers_that_are_shared(database: Database) -> None:
    assert replaced(database, CONTACTS) == CONTACTS
    assert replaced(database, reversed(CONTACTS)) == CONTACTS[::-1]


def test_a_new_directory_replaces_the_old_one(database: Database) -> None:
    replaced(database, CONTACTS)
    assert replaced(database, CONTACTS[:1]) == CONTACTS[:1]
    assert replaced(database, []) == []


def test_several_numbers_keep_their_order(database: Database) -> None:
    numbers = tuple(E164(f"+3247100020{digit}") for digit in (3, 1, 2))
    contact = Contact("Anne Lambert", numbers, note="préfère l'allemand")
    assert replaced(database, [contact, contact]) == [contact, contact]


def test_twenty_two_thousand_contacts_come_back(database: Database) -> None:
    contacts = [
        Contact(f"Contact {number}", (E164(f"+3247{number:07}"),), "patro-jumet", "parent", "fr")
        for number in range(22_000)
    ]
    assert replaced(database, contacts) == contacts
