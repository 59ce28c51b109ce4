"""Contacts by number, packed: a million of them in some 80 MB, with nothing in it that the garbage collector visits.

Texts stand one behind the other in one block of bytes, words that return (units, categories, languages) are kept once,
numbers are 64-bit integers. A number is found by hashing: `_slots` holds places in `_numbers`, one more than the place,
0 being free; who shares a number stands further along, in the order of the import. A contact is made anew each time
that it is asked for.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from aiguillage.routing.contact import Contact
from aiguillage.routing.numbers import E164

_SCATTER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: neighbouring numbers come to lie apart (Knuth, multiplicative hashing)."""
_WORD = (1 << 64) - 1
_FIRST_SIZE = 1 << 10
_CARD = 6


class PackedContacts(Mapping[E164, tuple[Contact, ...]]):
    """The contacts that carry each number; numbers in the order in which they first stood."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._texts = bytearray()
        self._words: dict[str | None, int] = {}
        self._cards = array("I", [0] * _CARD)
        """Six of each contact, side by side because they are read together: where its numbers begin; its unit, category
        and language, as places in `_words`; where its name ends in `_texts`, and its note. One stands before the first.
        """
        self._numbers = array("Q")
        self._owners = array("I")
        """Whose each of `_numbers` is: the place of the owner's card."""
        self._slots = array("I", bytes(4 * _FIRST_SIZE))
        self._different = 0
        for contact in contacts:
            self._add(contact)
        self._cards.append(len(self._numbers))
        self._known = list(self._words)

    def __getitem__(self, number: E164) -> tuple[Contact, ...]:
        found = self.get(number)
        if not found:
            raise KeyError(number)
        return found

    def get(self, number: E164, default: object = ()) -> tuple[Contact, ...]:
        owners = dict.fromkeys([self._owners[place] for place in self._places(int(number))])
        return tuple([self._contact(owner) for owner in owners])

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and bool(self._places(int(number)))

    def __len__(self) -> int:
        return self._different

    def __iter__(self) -> Iterator[E164]:
        for place, number in enumerate(self._numbers):
            if self._places(number)[0] == place:
                yield E164(f"+{number}")

    def contacts(self) -> Iterator[Contact]:
        """Each once, in the order of the import."""
        return (self._contact(card) for card in range(_CARD, len(self._cards) - 1, _CARD))

    def _add(self, contact: Contact) -> None:
        card, words, ends = len(self._cards), self._words, []
        for text in (contact.name, contact.note):
            self._texts += text.encode("utf-8", "surrogatepass")
            ends.append(len(self._texts))
        known = [words.setdefault(word, len(words)) for word in (contact.unit, contact.category, contact.language)]
        self._cards.extend([len(self._numbers), *known, *ends])
        for number in contact.numbers:
            self._put(int(number), card)

    def _put(self, number: int, owner: int) -> None:
        place = len(self._numbers)
        self._numbers.append(number)
        self._owners.append(owner)
        if 2 * place >= len(self._slots):
            self._grow()
        if self._take_slot(number, place):
            self._different += 1

    def _take_slot(self, number: int, place: int) -> bool:
        """Whether nobody had the number before."""
        slots, numbers = self._slots, self._numbers
        slot, mask, is_new = _slot(number, len(slots)), len(slots) - 1, True
        while slots[slot]:
            is_new = is_new and numbers[slots[slot] - 1] != number
            slot = (slot + 1) & mask
        slots[slot] = place + 1
        return is_new

    def _grow(self) -> None:
        self._slots = array("I", bytes(4 * 4 * len(self._slots)))
        for place in range(len(self._numbers) - 1):
            self._take_slot(self._numbers[place], place)

    def _places(self, number: int) -> list[int]:
        slots, numbers = self._slots, self._numbers
        slot, mask, places = _slot(number, len(slots)), len(slots) - 1, []
        while taken := slots[slot]:
            if numbers[taken - 1] == number:
                places.append(taken - 1)
            slot = (slot + 1) & mask
        return places

    def _contact(self, card: int) -> Contact:
        cards, words, began = self._cards, self._known, self._cards[card - 1]
        first, unit, category, language, named, noted, end = cards[card : card + _CARD + 1]
        numbers = [f"+{number}" for number in self._numbers[first:end]]
        return Contact(
            self._texts[began:named].decode("utf-8", "surrogatepass"),
            cast("tuple[E164, ...]", tuple(numbers)),
            words[unit],
            words[category],
            words[language],
            self._texts[named:noted].decode("utf-8", "surrogatepass"),
        )


def _slot(number: int, size: int) -> int:
    """`size` is a power of two; the upper bits are the best scattered."""
    return (number * _SCATTER & _WORD) >> (65 - size.bit_length())
