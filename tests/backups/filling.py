"""An installation that has been used: a plan and contacts by chance, and a row in every table that can have one."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Integer, Table, func, insert, select

from aiguillage import text_formats
from aiguillage.desk import editing
from aiguillage.routing.directory import Contact
from aiguillage.routing.document import dump
from aiguillage.routing.numbers import E164
from aiguillage.store import directory, plans
from aiguillage.store.columns import metadata
from aiguillage.store.database import Database
from aiguillage.store.plan_tables import PLAN_TABLES
from tests.backups.places import NOW
from tests.unit.rich_plans import rich_plan

TEXTS = ["", "Ægidius, \"the\" 'tuba'", "😀\n\t\\ {}", "null", "Éloy", "=1+1"]
JSONS: list[Any] = [None, [], {}, {"line": "+32471000201", "n": [1, 2.5, True, None]}, "text", 7]


def fill(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    plan = rich_plan(seed)
    editing.apply(database, dump(plan))
    with database.writing() as session:
        document = text_formats.write_json(dump(plan))  # as it is kept; whether it is sound is not the question here
        plans.publish(session, document=document, at=NOW, by="tests", comment="", expected_latest=None)
        directory.replace_all(session, [_contact(chance, number) for number in range(chance.randint(1, 40))])
        for table in metadata.sorted_tables:
            if table in PLAN_TABLES or session.scalar(select(func.count()).select_from(table)):
                continue
            session.execute(insert(table), [_row(chance, table, number) for number in range(1, 4)])


def _contact(chance: random.Random, number: int) -> Contact:
    numbers = {E164(f"+3247100{chance.randrange(10000):04}") for _ in range(chance.randint(1, 3))}
    return Contact(f"Contact {number} {chance.choice(TEXTS)}", tuple(sorted(numbers)), note=chance.choice(TEXTS))


def _row(chance: random.Random, table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(chance, column, number) for column in table.columns}


def _value(chance: random.Random, column: Column[Any], number: int) -> Any:
    if column.foreign_keys:
        return f"{number}"
    if column.primary_key or column.unique:
        return _key(column, number)
    if column.nullable and chance.random() < 0.3:
        return None
    match column.type:
        case JSON():
            return chance.choice(JSONS)
        case Boolean():
            return chance.random() < 0.5
        case Date():
            return date(2026, 11, 24)
        case Integer():
            return chance.randrange(1000)
        case DateTime():
            return NOW
    if column.type.python_type is str:
        return chance.choice(TEXTS)
    return datetime(2026, 11, 24, 9, 30, 0, chance.randrange(10**6), UTC) - timedelta(days=chance.randrange(400))


def _key(column: Column[Any], number: int) -> Any:
    match column.type:
        case Date():
            return date(2026, 11, number)
        case Integer():
            return number
    return f"{number}"
