"""Contacts in a CSV file as people really send them.

Comma, semicolon or tab, UTF-8 with or without BOM or Windows-1252, several numbers in a cell, national spellings, the
same number twice. Columns: name, numbers, unit, category, language, note; only the first two are needed.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from aiguillage.desk.contacts.found import Import, Reading, Texts, decoded, printable, refuse_if_too_large
from aiguillage.errors import DirectoryRefused
from aiguillage.routing.directory import Contact
from aiguillage.routing.numbers import written_internationally
from aiguillage.routing.plan import Plan

COLUMNS = ("name", "numbers", "unit", "category", "language", "note")
MAX_FOUND = 100

_FORMULA = re.compile(r"'*[=+\-@]")


def read_csv(content: bytes, plan: Plan) -> Import:
    """The contacts in a CSV file; a bad number or an unknown unit is left out and reported, the row is kept.

    Raises DirectoryRefused when the file as a whole cannot be read.
    """
    refuse_if_too_large(content)
    rows = _rows(decoded(content))
    heading = [cell.strip().lower() for cell in next(rows, [])]
    if not {"name", "numbers"} <= set(heading):
        found = printable(", ".join(heading))[:MAX_FOUND] or "nothing"
        raise DirectoryRefused(f"the first row must name the columns {', '.join(COLUMNS)}; found {found}")
    reading = Reading(plan)
    for row, cells in enumerate(rows, start=2):
        if any(cell.strip() for cell in cells):
            reading.add(_texts(row, dict(zip(heading, cells, strict=False))))
    return reading.done()


def write_csv(contacts: Iterable[Contact]) -> bytes:
    """A CSV file from which `read_csv` makes the same contacts.

    With semicolons and a BOM, as a Belgian Excel opens it at a double click, and no text that it takes for a formula
    or a figure.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written, delimiter=";")
    rows.writerow(COLUMNS)
    for each in contacts:
        numbers = ", ".join(map(written_internationally, each.numbers))
        texts = (each.unit or "", each.category or "", each.language or "")
        rows.writerow((_no_formula(each.name), numbers, *texts, _no_formula(each.note)))
    return written.getvalue().encode("utf-8-sig")


def _texts(row: int, cells: dict[str, str]) -> Texts:
    numbers = re.split(r"[;,|\r\n]", cells.get("numbers", ""))
    others = {column: _as_meant(cells.get(column, "").strip()) for column in COLUMNS if column != "numbers"}
    return Texts(row, numbers=numbers, **others)


def _no_formula(text: str) -> str:
    """A spreadsheet shows what follows an apostrophe as it stands."""
    return f"'{text}" if _FORMULA.match(text) else text


def _as_meant(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _rows(text: str) -> Iterator[list[str]]:
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as wrong:
        raise DirectoryRefused(f"row {reader.line_num} is not readable as CSV: {wrong}") from None
