"""Erase once more, from rows that a backup brought back, who was erased after it was made."""

from collections import Counter

from aiguillage.desk import erasing
from aiguillage.desk.erasing import Subject
from aiguillage.desk.erasures import Erased
from aiguillage.errors import NumberRefused
from aiguillage.routing.numbers import parse_written
from aiguillage.store import directory, erasure
from aiguillage.store.database import Session
from aiguillage.store.erasure import Sought
from aiguillage.store.retention import PSEUDONYM

WATCHED = {table.name for table in erasure.TABLES}
"""Tables in which callers are looked for."""


def erase_again(session: Session, erased: Erased, words: set[str]) -> tuple[int, list[str]]:
    """From all rows within a writing session; `words` are numbers in any spelling, and pseudonyms, that are in them.

    How many contacts, numbers and pseudonyms were erased, and what of them is kept, for people.
    """
    if not erased:
        return 0, []
    country = erasing.country_in(session)
    people = [each for each in directory.page(session, directory.Wanted(), 0, 10**9) if erased.contact(each.contact)]
    for each in people:
        _erase(session, Subject(contact=each.id), country)
    numbers = sorted({number for word in words for number in _numbers(word, country) if erased.number(number)})
    kept = Counter[str]()
    for number in numbers:
        kept.update(_erase(session, Subject(number=number), country))
    hidden = frozenset(word for word in words if word.startswith(PSEUDONYM))
    if hidden:
        _take_out(session, Sought(hidden, ()))
    said = [f"{rows} {what} of the backup name somebody who was erased, and stay" for what, rows in kept.items()]
    return len(people) + len(numbers) + len(hidden), said


def _numbers(word: str, country: str) -> list[str]:
    """What a word may mean: a number as it stands, or national digits after a code."""
    try:
        return [] if word.startswith(PSEUDONYM) else [parse_written(word, country)]
    except NumberRefused:
        return []


def _erase(session: Session, subject: Subject, country: str) -> dict[str, int]:
    """What is kept of them, by what it is."""
    known = erasing.known_in(session, subject, country)
    _take_out(session, known.sought)
    erasing.leave_directory(session, known)
    return erasure.kept(session, known.sought)


def _take_out(session: Session, sought: Sought) -> None:
    found = erasure.find(session, sought)
    for decisions in erasure.parts(found.decisions):
        erasure.remove_decisions(session, decisions, sought)
    for events in erasure.parts(found.events):
        erasure.remove_lines(session, events, sought)
    erasure.remove_messages(session, found.messages)
    erasure.remove_rows(session, found)
