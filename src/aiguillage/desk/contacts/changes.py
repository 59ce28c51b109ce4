"""What an import does to the directory.

A contact of the file is one that is kept where both have

- the same name (whatever its capitals), the same category and a number in common;
- or the same name and a number in common, and one of them has no category;
- or the same name, unit and category, and nobody else has on either side: somebody has a new number.

A number alone identifies nobody, because a family shares it; nor does a name. Somebody in another role is another
contact.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from aiguillage.desk.contacts.found import Import, Problem
from aiguillage.routing.directory import Contact

FIELDS = ("name", "numbers", "unit", "category", "language", "note")


@dataclass(frozen=True, slots=True)
class Change:
    """One contact before and after."""

    before: Contact
    after: Contact

    @property
    def fields(self) -> tuple[str, ...]:
        """Which of FIELDS differ."""
        return tuple(each for each in FIELDS if getattr(self.before, each) != getattr(self.after, each))


@dataclass(frozen=True, slots=True)
class Changes:
    """`contacts` is the whole directory afterwards, in its order: added, changed and unchanged; `places` says of each
    which one it was before, by its place; None = it is new."""

    contacts: tuple[Contact, ...]
    places: tuple[int | None, ...]
    added: tuple[Contact, ...]
    changed: tuple[Change, ...]
    removed: tuple[Contact, ...]
    unchanged: tuple[Contact, ...]
    problems: tuple[Problem, ...]


def changes_of(kept: Iterable[Contact], found: Import, *, add: bool = False) -> Changes:
    """The directory `kept` is replaced by what was `found`; with `add`, it is completed by it.

    To complete it removes nothing: contacts that the file lacks stay, and so does, of those that it has, every number
    and whatever the file leaves empty.
    """
    before = list(kept)
    match = _matches(before, found.contacts)
    added = tuple(contact for index, contact in enumerate(found.contacts) if index not in match)
    pairs = {old: Change(before[old], found.contacts[new]) for new, old in match.items()}
    if add:
        pairs = {old: Change(pair.before, _completed(pair)) for old, pair in pairs.items()}
        contacts = (*(pairs[old].after if old in pairs else each for old, each in enumerate(before)), *added)
        places = (*range(len(before)), *(None for _ in added))
    else:
        contacts = found.contacts
        places = tuple(match.get(new) for new in range(len(contacts)))
    absent = tuple(each for old, each in enumerate(before) if old not in pairs)
    ordered = [pairs[old] for old in sorted(pairs)]
    return Changes(
        contacts=contacts,
        places=places,
        added=added,
        changed=tuple(pair for pair in ordered if pair.fields),
        removed=() if add else absent,
        unchanged=tuple(pair.after for pair in ordered if not pair.fields) + (absent if add else ()),
        problems=found.problems,
    )


def _completed(pair: Change) -> Contact:
    old, new = pair.before, pair.after
    return Contact(
        name=new.name,
        numbers=tuple(dict.fromkeys((*old.numbers, *new.numbers))),
        unit=new.unit or old.unit,
        category=new.category or old.category,
        language=new.language or old.language,
        note=new.note or old.note,
    )


Keys = Callable[[Contact], Iterable[Hashable]]


def _matches(before: list[Contact], after: tuple[Contact, ...]) -> Mapping[int, int]:
    """Place in `after` -> place in `before`, each at most once; equal contacts go before all others."""
    found: dict[int, int] = {}
    taken: set[int] = set()

    def look(old_keys: Keys, new_keys: Keys, *, alone: bool = False) -> None:
        olds, news = _indexed(before, old_keys, taken), _indexed(after, new_keys, found)
        for key, places in news.items():
            free = [old for old in olds.get(key, ()) if old not in taken]
            waiting = [new for new in places if new not in found]
            if alone and (len(free), len(waiting)) != (1, 1):
                continue
            pairs = dict(zip(waiting, free, strict=False))
            found.update(pairs)
            taken.update(pairs.values())

    look(lambda each: [each], lambda each: [each])
    look(_in_a_role, _in_a_role)
    look(lambda each: () if each.category else _by_number(each), _by_number)
    look(_by_number, lambda each: () if each.category else _by_number(each))
    look(_by_place, _by_place, alone=True)
    return found


def _indexed(contacts: Iterable[Contact], keys: Keys, but: Iterable[int]) -> Mapping[Hashable, list[int]]:
    index: dict[Hashable, list[int]] = defaultdict(list)
    passed_over = set(but)
    for place, contact in enumerate(contacts):
        if place not in passed_over:
            for key in keys(contact):
                index[key].append(place)
    return index


def _name(contact: Contact) -> str:
    return " ".join(contact.name.casefold().split())


def _in_a_role(contact: Contact) -> Iterable[Hashable]:
    return [(_name(contact), contact.category, number) for number in contact.numbers]


def _by_number(contact: Contact) -> Iterable[Hashable]:
    return [(_name(contact), number) for number in contact.numbers]


def _by_place(contact: Contact) -> Iterable[Hashable]:
    return [(_name(contact), contact.unit, contact.category)] if contact.unit else []
