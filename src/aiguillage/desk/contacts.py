"""Import the directory of callers from a CSV file as people really send them.

Comma or semicolon, UTF-8 with or without BOM or Windows-1252, several numbers in a cell, national spellings, the
same number twice. Columns: name, numbers, unit, category, language, note; only the first two are needed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aiguillage.errors import DirectoryRefused, NotFound, NumberRefused
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import E164, parse_written
from aiguillage.routing.plan import Plan
from aiguillage.store import directory, plans
from aiguillage.store.database import Database

COLUMNS = ("name", "numbers", "unit", "category", "language", "note")
MAX_BYTES = 50_000_000
MAX_CELL = 500
MAX_FOUND = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What was left out, or is odd, in `row` (1 = the heading)."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


@dataclass(frozen=True, slots=True)
class Import:
    """The contacts read and what was found wrong. Nothing is stored yet."""

    contacts: tuple[Contact, ...]
    problems: tuple[Problem, ...]


def read_csv(content: bytes, plan: Plan) -> Import:
    """The contacts in a CSV file; a bad number or an unknown unit is left out and reported, the row is kept.

    Raises DirectoryRefused when the file as a whole cannot be read.
    """
    if len(content) > MAX_BYTES:
        raise DirectoryRefused(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    rows = _rows(_decoded(content))
    heading = [cell.strip().lower() for cell in next(rows, [])]
    if not {"name", "numbers"} <= set(heading):
        found = _printable(", ".join(heading))[:MAX_FOUND] or "nothing"
        raise DirectoryRefused(f"the first row must name the columns {', '.join(COLUMNS)}; found {found}")
    contacts: list[Contact] = []
    problems: list[Problem] = []
    for row, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        reader = _Row(row, dict(zip(heading, cells, strict=False)), plan, problems)
        contact = reader.contact()
        if contact is not None:
            contacts.append(contact)
    return Import(tuple(contacts), tuple(problems))


def import_csv(database: Database, content: bytes) -> Import:
    """Replace the directory by the contacts of a CSV file, checked against the draft of the plan.

    Raises DirectoryRefused or NotFound (no plan yet); then the directory is as it was.
    """
    with database.reading() as session:
        plan = plans.load_draft(session)
    if plan is None:
        raise NotFound("there is no plan yet, so units and categories are unknown; apply a plan first")
    result = read_csv(content, plan)
    with database.writing() as session:
        directory.replace_all(session, result.contacts)
    return result


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: dict[str, str]
    plan: Plan
    problems: list[Problem]

    def contact(self) -> Contact | None:
        name = self._cell("name")
        numbers = tuple(dict.fromkeys(self._numbers()))
        if not name or not numbers:
            self._problem("left out: it has no " + ("name" if not name else "telephone number"))
            return None
        return Contact(
            name=name,
            numbers=numbers,
            unit=self._known("unit", self.plan.units),
            category=self._known("category", self.plan.categories),
            language=self._known("language", self.plan.organisation.languages),
            note=self._cell("note"),
        )

    def _numbers(self) -> Iterator[E164]:
        for text in re.split(r"[;,|\r\n]", self.cells.get("numbers", "")):
            if not text.strip():
                continue
            try:
                yield parse_written(text, self.plan.organisation.country)
            except NumberRefused as wrong:
                self._problem(str(wrong))

    def _known(self, column: str, known: Collection[str]) -> str | None:
        value = self._cell(column)
        if not value:
            return None
        if value not in known:
            self._problem(f'{column} "{value}" is not in the plan')
            return None
        return value

    def _cell(self, column: str) -> str:
        """Printable, in Unicode's composed form, at most MAX_CELL characters."""
        text = unicodedata.normalize("NFC", self.cells.get(column, ""))
        return _printable(text).strip()[:MAX_CELL]

    def _problem(self, message: str) -> None:
        self.problems.append(Problem(self.number, message))


def _printable(text: str) -> str:
    """Spaces in place of line ends, control characters, and marks that turn the direction of what follows."""
    return "".join(each if each.isprintable() else " " for each in text)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _rows(text: str) -> Iterator[list[str]]:
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as wrong:
        raise DirectoryRefused(f"row {reader.line_num} is not readable as CSV: {wrong}") from None
