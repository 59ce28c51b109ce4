"""What a file of contacts, of either kind, turns out to hold."""

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from aiguillage.errors import DirectoryRefused, NumberRefused
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164, parse_written
from aiguillage.routing.plan import Plan

MAX_BYTES = 50_000_000
MAX_CELL = 500


@dataclass(frozen=True, slots=True)
class Problem:
    """What was left out, or is odd, in `row`: of a CSV (1 = the heading), or the line that a vCard begins on."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


@dataclass(frozen=True, slots=True)
class Import:
    """The contacts read and what was found wrong. Nothing is stored yet."""

    contacts: tuple[Contact, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """One contact as a file tells it; "" where it says nothing."""

    row: int
    name: str
    numbers: Sequence[str]
    unit: str = ""
    category: str = ""
    language: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been read so far of a file. A bad number or an unknown unit is left out, reported, and the rest kept."""

    plan: Plan
    contacts: list[Contact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, texts: Texts) -> None:
        """The contact, unless it has no name or no number."""
        name = clean(texts.name)
        numbers = tuple(dict.fromkeys(self._numbers(texts)))
        if not name or not numbers:
            self._problem(texts, "left out: it has no " + ("name" if not name else "telephone number"))
            return
        contact = Contact(
            name=name,
            numbers=numbers,
            unit=self._known(texts, "unit", self.plan.units),
            category=self._known(texts, "category", self.plan.categories),
            language=self._known(texts, "language", self.plan.organisation.languages),
            note=clean(texts.note),
        )
        self.contacts.append(contact)

    def done(self) -> Import:
        return Import(tuple(self.contacts), tuple(self.problems))

    def _numbers(self, texts: Texts) -> Iterator[E164]:
        for text in texts.numbers:
            if not text.strip():
                continue
            try:
                yield parse_written(text, self.plan.organisation.country)
            except NumberRefused as wrong:
                self._problem(texts, str(wrong))

    def _known(self, texts: Texts, column: str, known: Collection[str]) -> str | None:
        value = clean(getattr(texts, column))
        if not value:
            return None
        if value not in known:
            self._problem(texts, f'{column} "{value}" is not in the plan')
            return None
        return value

    def _problem(self, texts: Texts, message: str) -> None:
        self.problems.append(Problem(texts.row, message))


def refuse_if_too_large(content: bytes) -> None:
    """Raises DirectoryRefused."""
    if len(content) > MAX_BYTES:
        raise DirectoryRefused(f"the file is larger than {MAX_BYTES // 1_000_000} MB")


def clean(text: str) -> str:
    """On one printable line, in Unicode's composed form, at most MAX_CELL characters."""
    return printable(unicodedata.normalize("NFC", text)).strip()[:MAX_CELL].rstrip()


def printable(text: str) -> str:
    """Spaces in place of line ends, control characters, and marks that turn the direction of what follows."""
    return "".join(each if each.isprintable() else " " for each in text)


def decoded(content: bytes) -> str:
    """UTF-8 with or without BOM, or else Windows-1252, which whatever still writes something else writes here."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
