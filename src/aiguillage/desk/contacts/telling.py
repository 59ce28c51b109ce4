"""What an import does, for people and for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from aiguillage.desk.contacts.changes import Change, Changes
from aiguillage.routing.directory import Contact


def in_words(changes: Changes, most: int | None) -> Iterator[str]:
    """Counts first, then at most `most` of each kind (None = all), a line each."""
    counts = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "removed": len(changes.removed),
        "unchanged": len(changes.unchanged),
    }
    problems = len(changes.problems)
    told = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    yield f"Contacts: {told}. Problems in the file: {problems:,}."
    for heading, lines in (
        ("Added:", [_contact(each) for each in changes.added]),
        ("Changed:", [_change(each) for each in changes.changed]),
        ("Removed:", [_contact(each) for each in changes.removed]),
        ("Problems:", [str(each) for each in changes.problems]),
    ):
        yield from _section(heading, lines, most)


def as_data(changes: Changes) -> dict[str, Any]:
    """All of it, for JSON; `contacts` is how many there are afterwards."""
    return {
        "contacts": len(changes.contacts),
        "added": [asdict(each) for each in changes.added],
        "changed": [{"fields": each.fields, **asdict(each)} for each in changes.changed],
        "removed": [asdict(each) for each in changes.removed],
        "unchanged": [asdict(each) for each in changes.unchanged],
        "problems": [asdict(each) for each in changes.problems],
    }


def _section(heading: str, lines: Sequence[str], most: int | None) -> Iterator[str]:
    if lines:
        yield heading
        yield from (f"  {line}" for line in lines[:most])
    if most is not None and len(lines) > most:
        yield f"  … and {len(lines) - most:,} more; --all shows them"


def _contact(contact: Contact) -> str:
    known = [each for each in (contact.unit, contact.category, contact.language) if each]
    return f"{contact.name}, {', '.join(contact.numbers)}" + (f" ({', '.join(known)})" if known else "")


def _change(change: Change) -> str:
    differences = (
        f"{field} {_shown(getattr(change.before, field))} -> {_shown(getattr(change.after, field))}"
        for field in change.fields
    )
    return f"{change.after.name}: {'; '.join(differences)}"


def _shown(value: str | tuple[str, ...] | None) -> str:
    return (", ".join(value) if isinstance(value, tuple) else value) or "nothing"
