"""The example federation as tests see it: its plan, its contacts, and some instants of its year."""

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiguillage.routing.directory import Contact, directory_of
from aiguillage.routing.document import load
from aiguillage.routing.numbers import E164, parse_written
from aiguillage.text_formats import read_yaml

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAN_TEXT = (EXAMPLES / "plan.yaml").read_text(encoding="utf-8")
PLAN = load(read_yaml(PLAN_TEXT))

CENTRAL, SALES, CAMPS = (did.number for did in PLAN.dids.values())
STRANGER = E164("+32499000001")

BRUSSELS = ZoneInfo("Europe/Brussels")


def brussels(text: str, fold: int = 0) -> datetime:
    """`2026-11-24 10:00` on the wall clock in Brussels."""
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS, fold=fold)


OFFICE_HOURS = brussels("2026-11-24 10:00")
RUSH_HOUR = brussels("2026-11-24 15:30")
NIGHT = brussels("2026-11-24 23:00")
ASSEMBLY_DAY = brussels("2026-11-28 11:00")
CHRISTMAS = brussels("2026-12-25 10:00")


def _contact(row: dict[str, str]) -> Contact:
    return Contact(
        name=row["name"],
        numbers=tuple(parse_written(each, "BE") for each in row["numbers"].split(";")),
        unit=row["unit"] or None,
        category=row["category"] or None,
        language=row["language"] or None,
        note=row["note"],
    )


def _contacts() -> list[Contact]:
    with (EXAMPLES / "directory.csv").open(encoding="utf-8", newline="") as file:
        return [_contact(row) for row in csv.DictReader(file)]


CONTACTS = _contacts()
DIRECTORY = directory_of(CONTACTS)
