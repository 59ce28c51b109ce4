"""Contacts by number, packed: a million of them in some 80 MB, with nothing in it that the garbage collector visits.

Texts stand one behind the other in one block of bytes, words that return (units, categories, languages) are kept once,
numbers are 64-bit integers. A number is found by hashing: `_slots` holds places in `_numbers`, one more than the place,
0 being free; who shares a number stands further along, in the order of the import. A contact is made anew each time
that it is asked for.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping

from aiguillage.routing.contact import Contact
from aiguillage.routing.numbers import E164

_SCATTER = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: neighbouring numbers come to lie apart (Knuth, multiplicative hashing)."""
_WORD = (1 << 64) - 1
_FIRST_SIZE = 1 << 10


class PackedContacts(Mapping[E164, tuple[Contact, ...]]):
    """The contacts that carry each number; numbers in the order in which they first stood."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._texts = bytearray()
        self._ends = array("Q")
        """Where each contact's name ends in `_texts`, then where its note does."""
        self._words: dict[str | None, int] = {}
        self._facts = array("I")
        """Unit, category and language of each contact, as places in `_words`."""
        self._numbers = array("Q")
        self._owners = array("I")
        """Whose each of `_numbers` is."""
        self._firsts = array("I")
        """Where each contact's numbers begin."""
        self._slots = array("I", bytes(4 * _FIRST_SIZE))
        self._different = 0
        for contact in contacts:
            self._add(contact)
        self._firsts.append(len(self._numbers))
        self._known = list(self._words)

    def __getitem__(self, number: E164) -> tuple[Contact, ...]:
        found = self.get(number)
        if not found:
            raise KeyError(number)
        return found

    def get(self, number: E164, default: object = ()) -> tuple[Contact, ...]:
        owners = dict.fromkeys(self._owners[place] for place in self._places(int(number)))
        return tuple(self._contact(owner) for owner in owners)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and next(self._places(int(number)), None) is not None

    def __len__(self) -> int:
        return self._different

    def __iter__(self) -> Iterator[E164]:
        for place, number in enumerate(self._numbers):
            if next(self._places(number)) == place:
                yield E164(f"+{number}")

    def contacts(self) -> Iterator[Contact]:
        """Each once, in the order of the import."""
        return (self._contact(owner) for owner in range(len(self._firsts) - 1))

    def _add(self, contact: Contact) -> None:
        owner = len(self._firsts)
        self._firsts.append(len(self._numbers))
        for text in (contact.name, contact.note):
            self._texts += text.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._texts))
        words = self._words
        for word in (contact.unit, contact.category, contact.language):
            self._facts.append(words.setdefault(word, len(words)))
        for number in contact.numbers:
            self._put(int(number), owner)

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

    def _places(self, number: int) -> Iterator[int]:
        slots, mask = self._slots, len(self._slots) - 1
        slot = _slot(number, len(slots))
        while slots[slot]:
            place = slots[slot] - 1
            if self._numbers[place] == number:
                yield place
            slot = (slot + 1) & mask

    def _contact(self, owner: int) -> Contact:
        began = self._ends[2 * owner - 1] if owner else 0
        named, noted = self._ends[2 * owner], self._ends[2 * owner + 1]
        unit, category, language = (self._known[word] for word in self._facts[3 * owner : 3 * owner + 3])
        numbers = self._numbers[self._firsts[owner] : self._firsts[owner + 1]]
        return Contact(
            self._texts[began:named].decode("utf-8", "surrogatepass"),
            tuple(E164(f"+{number}") for number in numbers),
            unit,
            category,
            language,
            self._texts[named:noted].decode("utf-8", "surrogatepass"),
        )


def _slot(number: int, size: int) -> int:
    """`size` is a power of two; the upper bits are the best scattered."""
    return (number * _SCATTER & _WORD) >> (65 - size.bit_length())
