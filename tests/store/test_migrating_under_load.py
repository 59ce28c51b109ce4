"""The schema changes while the service works, and a service of the release before works on beside it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, Inspector, func, inspect, select

from aiguillage.desk.journalling import Journalling, Record
from aiguillage.errors import StoreUnavailable
from aiguillage.routing.document import dump
from aiguillage.store import migrate, plans
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord, EventRecord
from aiguillage.store.tables import call_events, decisions
from tests.unit.examples import PLAN

BEFORE, SINCE = "0010", "head"
"""What a service of the release before knows; migrations after it are tried here."""
ROUNDS = 6
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def columns_of(found: Inspector) -> dict[tuple[str, str], Column[object]]:
    return {
        (table, column["name"]): Column(column["name"], nullable=column["nullable"], server_default=column["default"])
        for table in found.get_table_names()
        for column in found.get_columns(table)
    }


def test_a_service_of_the_release_before_can_write_into_the_new_schema(empty_url: str) -> None:
    """It knows nothing of new columns, and names all the old ones."""
    found = []
    for revision in (BEFORE, SINCE):
        migrate.upgrade(empty_url, revision)
        database = open_database(empty_url)
        found.append(columns_of(inspect(database.engine)))
        database.close()
    before, since = found
    assert before.keys() <= since.keys(), "nothing is taken away from under it"
    tables = {table for table, _ in before}
    new = {name: column for name, column in since.items() if name not in before and name[0] in tables}
    assert {name for name, column in new.items() if not column.nullable and column.server_default is None} == set()


class Work:
    """Calls are written down, one after the other, as long as `going`; what was acknowledged is counted."""

    def __init__(self, database: Database) -> None:
        self._database, self._journalling = database, Journalling(database)
        self.going = threading.Event()
        self.going.set()

    def write_calls(self, worker: int) -> int:
        return self._again_and_again(lambda number: self._journalling._write(a_call(f"{worker}.{number}")))

    def read_plans(self, _: int) -> int:
        def read(_: int) -> None:
            with self._database.reading() as session:
                assert plans.latest_version(session) is not None

        return self._again_and_again(read)

    def _again_and_again(self, deed: Callable[[int], object]) -> int:
        done = 0
        while self.going.is_set():
            try:
                deed(done)
            except StoreUnavailable:  # as the journal does: the very same, a moment later
                time.sleep(0.05)
            else:
                done += 1
        return done


def a_call(number: str) -> list[Record]:
    call = f"1796000000.{number}"
    ended = EventRecord(call, NOW, "call-ended", detail={"cause": "16"})
    return [DecisionRecord(number, call, NOW, "inbound", "+32471000201", "+3271000001", None, 1, [], {}), ended]


@pytest.mark.timeout(120)
def test_migrations_up_and_down_while_calls_are_written_down(empty_url: str) -> None:
    migrate.upgrade(empty_url, BEFORE)
    database = open_database(empty_url)
    with database.writing() as session:
        plans.save_draft(session, PLAN)
        document = str(dump(PLAN))
        plans.publish(session, document=document, at=NOW, by="tests", comment="", expected_latest=None)
    work = Work(database)
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(work.write_calls, worker) for worker in range(2)]
        reading = [pool.submit(work.read_plans, worker) for worker in range(2)]
        try:
            for _ in range(ROUNDS):
                migrate.upgrade(empty_url, SINCE)
                time.sleep(0.1)
                migrate.downgrade(empty_url, BEFORE)
                time.sleep(0.1)
        finally:
            work.going.clear()
    written = sum(each.result() for each in writing)
    assert min(written, *(each.result() for each in reading)) > ROUNDS, "somebody was kept waiting all the time"
    with database.reading() as session:
        told = [session.scalar(select(func.count()).select_from(table)) for table in (decisions, call_events)]
    database.close()
    assert told == [written, written]
