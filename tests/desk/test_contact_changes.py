"""What an import does to a directory that is there already: who is the same, and what becomes of the others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguillage.desk.contacts import Change, Changes, Import, compare, import_file, read_file
from aiguillage.desk.contacts.changes import changes_of
from aiguillage.desk.editing import apply
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164
from aiguillage.store import directory
from aiguillage.store.database import Database
from aiguillage.text_formats import read_yaml
from tests.desk.any_contact import ANY_CONTACT
from tests.unit.examples import CONTACTS, EXAMPLES, PLAN_TEXT

GSM, HOME, NEW = E164("+32471000201"), E164("+3271000201"), E164("+32471000299")
ANNE = Contact("Anne Lambert", (GSM, HOME), "patro-jumet", "president", "fr", "le soir")


def told(changes: Changes) -> str:
    """`+` added, `~` changed (what), `-` removed, `=` unchanged."""
    return " ".join(
        [f"+{each.name}" for each in changes.added]
        + [f"~{each.after.name}({','.join(each.fields)})" for each in changes.changed]
        + [f"-{each.name}" for each in changes.removed]
        + [f"={each.name}" for each in changes.unchanged]
    )


@pytest.mark.parametrize(
    "found, difference",
    [
        (ANNE, "=Anne Lambert"),
        (replace(ANNE, numbers=(GSM,)), "~Anne Lambert(numbers)"),
        (replace(ANNE, name="anne  LAMBERT"), "~anne  LAMBERT(name)"),
        (replace(ANNE, numbers=(NEW,)), "~Anne Lambert(numbers)"),  # a new telephone, the same role in the same unit
        (replace(ANNE, unit="hainaut", language="nl", note=""), "~Anne Lambert(unit,language,note)"),
        (replace(ANNE, category=None), "~Anne Lambert(category)"),
        (replace(ANNE, category="parent"), "+Anne Lambert -Anne Lambert"),  # another role
        (replace(ANNE, name="Bob Lambert"), "+Bob Lambert -Anne Lambert"),  # who has the same telephone
        (replace(ANNE, numbers=(NEW,), unit="hainaut"), "+Anne Lambert -Anne Lambert"),  # who has the same name
    ],
)
def test_who_is_the_same(found: Contact, difference: str) -> None:
    assert told(changes_of([ANNE], Import((found,), ()))) == difference


def test_two_roles_stay_two_contacts() -> None:
    parent = replace(ANNE, category="parent")
    both = (parent, replace(ANNE, note=""))
    assert told(changes_of([ANNE, parent], Import(both, ()))) == "~Anne Lambert(note) =Anne Lambert"


def test_namesakes_without_a_number_in_common_are_not_guessed_at() -> None:
    namesakes = [replace(ANNE, numbers=(GSM,)), replace(ANNE, numbers=(HOME,))]
    assert told(changes_of(namesakes, Import((replace(ANNE, numbers=(NEW,)),), ()))).count("-") == 2


def test_strangers_of_no_unit_are_not_the_same_for_their_name() -> None:
    before, found = Contact("Anne", (GSM,), category="parent"), Contact("Anne", (NEW,), category="parent")
    assert told(changes_of([before], Import((found,), ()))) == "+Anne -Anne"


def test_to_complete_the_directory_takes_nothing_from_it() -> None:
    bob = Contact("Bob", (HOME,), "hainaut")
    found = (Contact("Els", (NEW,)), Contact("Anne Lambert", (NEW, GSM), language="nl"))
    changes = changes_of([bob, ANNE], Import(found, ()), add=True)
    assert told(changes) == "+Els ~Anne Lambert(numbers,language) =Bob"
    assert changes.contacts == (bob, replace(ANNE, numbers=(GSM, HOME, NEW), language="nl"), found[0])


def test_somebodys_other_role_is_added() -> None:
    parent = Contact("Anne Lambert", (GSM,), category="parent")
    assert changes_of([ANNE], Import((parent,), ()), add=True).contacts == (ANNE, parent)


ALIKE = st.builds(
    Contact,
    st.sampled_from(["Anne", "ANNE", "Bob"]),
    st.lists(st.sampled_from([GSM, HOME, NEW]), min_size=1, max_size=2, unique=True).map(tuple),
    st.none() | st.just("hainaut"),
    st.sampled_from([None, "president", "parent"]),
)
CONTACT_LISTS = st.lists(ANY_CONTACT | ALIKE, max_size=6)
EACH_NAME_ONCE = st.lists(ANY_CONTACT | ALIKE, max_size=6, unique_by=lambda contact: contact.name.casefold())


@given(CONTACT_LISTS, CONTACT_LISTS)
def test_everybody_is_accounted_for_once(before: list[Contact], after: list[Contact]) -> None:
    changes = changes_of(before, Import(tuple(after), ()))
    changed = changes.changed
    assert changes.contacts == tuple(after)
    assert sorted(before, key=repr) == sorted(
        [*(each.before for each in changed), *changes.removed, *changes.unchanged], key=repr
    )
    assert sorted(after, key=repr) == sorted(
        [*(each.after for each in changed), *changes.added, *changes.unchanged], key=repr
    )


@given(CONTACT_LISTS, EACH_NAME_ONCE)
def test_to_complete_again_changes_nothing(before: list[Contact], found: list[Contact]) -> None:
    completed = changes_of(before, Import(tuple(found), ()), add=True)
    assert completed.removed == ()
    numbers = {(each.name.casefold(), number) for each in completed.contacts for number in each.numbers}
    assert {(each.name.casefold(), number) for each in before for number in each.numbers} <= numbers
    again = changes_of(completed.contacts, Import(tuple(found), ()), add=True)
    assert (again.added, again.contacts) == ((), completed.contacts)


# --- kept ---


def test_a_comparison_stores_nothing_and_an_import_does_what_it_said(database: Database) -> None:
    apply(database, read_yaml(PLAN_TEXT))
    import_file(database, (EXAMPLES / "directory.csv").read_bytes())
    content = b"name,numbers,category\nLuc Petit,0471000204,\nEls,0471000299,\n,,\nBob,,\n"

    def kept() -> list[Contact]:
        with database.reading() as session:
            return list(directory.all_contacts(session))

    for add in (True, False):
        before = kept()
        expected = compare(database, read_file(database, content), add=add)
        assert kept() == before
        assert import_file(database, content, add=add) == expected
        assert kept() == list(expected.contacts)
    assert [each.name for each in kept()] == ["Luc Petit", "Els"]
    assert [problem.row for problem in expected.problems] == [5]
    assert expected.changed == (Change(CONTACTS[3], kept()[0]),)
