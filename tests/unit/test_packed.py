"""Contacts are packed so that a million of them have room; what comes out is what went in."""

import random

import pytest

from aiguillage.routing.directory import Contact, Directory, directory_of, packed_directory_of
from aiguillage.routing.numbers import E164


def contacts(number: int) -> list[Contact]:
    """Some share numbers, some have none, one has the same number twice."""
    chance = random.Random(number)
    numbers = [E164(f"+3265{chance.randrange(10 ** chance.randrange(3, 9)):05}") for _ in range(number)]
    return [
        Contact(
            chance.choice(["", "Zoë", "名前", "Anne \udcff"]) + str(index),
            tuple(chance.choices(numbers, k=chance.randrange(4))),
            chance.choice([None, "local-1", "local-2"]),
            chance.choice([None, "parent"]),
            chance.choice([None, "fr", "nl"]),
            chance.choice(["", "", "rings twice, then hangs up"]),
        )
        for index in range(number)
    ]


@pytest.mark.parametrize("number", [0, 1, 2, 30, 600, 5000])
def test_every_number_has_its_contacts_in_the_order_of_the_import(number: int) -> None:
    known = contacts(number)
    packed, plain = packed_directory_of(known).by_number, directory_of(known).by_number
    assert list(packed) == list(plain)
    assert len(packed) == len(plain)
    assert dict(packed) == plain


def test_who_is_not_there_is_nobody() -> None:
    directory = packed_directory_of(contacts(50))
    assert directory.candidates(E164("+4930123456")) == ()
    assert E164("+4930123456") not in directory.by_number
    with pytest.raises(KeyError):
        directory.by_number[E164("+4930123456")]
    assert Directory().candidates(E164("+4930123456")) == ()


def test_the_longest_number_has_room() -> None:
    longest = E164("+999999999999999")
    (found,) = packed_directory_of([Contact("Far away", (longest,))]).candidates(longest)
    assert found == Contact("Far away", (longest,))
