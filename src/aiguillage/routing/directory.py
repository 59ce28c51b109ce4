"""Who a number belongs to: the contacts that carry it, in the order of their import."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aiguillage.routing.contact import Contact as Contact
from aiguillage.routing.numbers import E164
from aiguillage.routing.packed import PackedContacts


@dataclass(frozen=True, slots=True)
class Directory:
    """All contacts, by number."""

    by_number: Mapping[E164, tuple[Contact, ...]] = field(default_factory=dict)
    _listed: tuple[Contact, ...] = field(default=(), compare=False, repr=False)

    def contacts(self) -> Iterator[Contact]:
        """Each once, in the order of their import."""
        return self.by_number.contacts() if isinstance(self.by_number, PackedContacts) else iter(self._listed)

    def candidates(self, number: E164) -> tuple[Contact, ...]:
        """Everybody who may be calling from `number`; empty for an unknown caller."""
        return self.by_number.get(number, ())


NOBODY_KNOWN = Directory()


def directory_of(contacts: Iterable[Contact]) -> Directory:
    """A directory of `contacts`; their order decides who comes first where several share a number."""
    by_number: dict[E164, tuple[Contact, ...]] = {}
    listed = tuple(contacts)
    for contact in listed:
        for number in dict.fromkeys(contact.numbers):
            by_number[number] = (*by_number.get(number, ()), contact)
    return Directory(by_number, listed)


def packed_directory_of(contacts: Iterable[Contact]) -> Directory:
    """The same in a tenth of the memory, for what is held for long and asked for a few numbers at a time."""
    return Directory(PackedContacts(contacts))
