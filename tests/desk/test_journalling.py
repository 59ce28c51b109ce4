"""The journal is written behind the calls: in batches, in order, and never in their way."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
import structlog

from aiguillage.desk import journalling as journalling_module
from aiguillage.desk.journalling import Journalling
from aiguillage.errors import StoreUnavailable
from aiguillage.store import journal
from aiguillage.store.database import Database, Session
from aiguillage.store.journal import DecisionRecord, EventRecord

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class AwayDatabase:
    """Lets the writer wait until `answer`, then does not answer."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()

    def writing(self, **_: object) -> None:
        self.asked.set()
        self.answer.wait(10)
        raise StoreUnavailable("away")


def event(number: int) -> EventRecord:
    return EventRecord("call-1", NOON, "ringing", f"leg-{number}")


def legs(database: Database) -> list[str | None]:
    with database.reading() as session:
        return [each.leg for each in journal.story(session, "call-1")]


async def test_records_are_written_in_their_order(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalling_module, "BATCH", 3)
    journalling = Journalling(database)
    journalling.start()
    for number in range(10):
        journalling.happened(event(number))
    await journalling.close()
    assert journalling.backlog == 0
    assert legs(database) == [f"leg-{number}" for number in range(10)]


DECISION = DecisionRecord("1", "call-1", NOON, "inbound", None, "+3271000001", "all", 1, [], {})


async def test_a_decision_is_shown_at_once_and_described_when_it_is_written(database: Database) -> None:
    told: list[DecisionRecord | EventRecord] = []
    described = []

    def describe() -> DecisionRecord:
        described.append("it")
        return replace(DECISION, itinerary=[{"kind": "play"}])

    journalling = Journalling(database, told.append)
    journalling.decided_so(DECISION, describe)
    await asyncio.sleep(0.01)
    assert (told, described) == ([DECISION], [])
    await journalling.close()
    with database.reading() as session:
        assert [(each.id, each.itinerary) for each in journal.recent(session, 5)] == [("1", [{"kind": "play"}])]


async def test_a_decision_that_cannot_be_described_keeps_no_other_record_out(database: Database) -> None:
    journalling = Journalling(database)
    with structlog.testing.capture_logs() as logged:
        journalling.decided_so(DECISION, lambda: replace(DECISION, called=str(1 // 0)))
        journalling.happened(event(1))
        await journalling.close()
    assert [entry["event"] for entry in logged] == ["not_described"]
    assert legs(database) == ["leg-1"]
    with database.reading() as session:
        assert [each.id for each in journal.recent(session, 5)] == ["1"]


async def test_what_could_not_be_written_is_kept_and_written_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journalling_module, "PAUSE", 0.01)
    away = AwayDatabase()
    away.answer.set()
    journalling = Journalling(cast("Database", away))
    journalling.happened(event(1))
    journalling.start()
    assert await asyncio.to_thread(away.asked.wait, 10)
    journalling._database = database
    await journalling.close()
    assert legs(database) == ["leg-1"]


async def test_closing_while_the_database_is_away_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalling_module, "PAUSE", 0.01)
    away = AwayDatabase()
    journalling = Journalling(cast("Database", away))
    journalling.happened(event(1))
    journalling.start()
    assert await asyncio.to_thread(away.asked.wait, 10)
    asyncio.get_running_loop().call_later(0.1, away.answer.set)
    await asyncio.wait_for(journalling.close(), 5)
    assert journalling.backlog == 1


async def test_what_is_too_much_is_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalling_module, "CAPACITY", 2)
    journalling = Journalling(database)
    for number in range(5):
        journalling.happened(event(number))
    assert (journalling.backlog, journalling.dropped) == (2, 3)
    await journalling.close()
    assert legs(database) == ["leg-0", "leg-1"]


async def test_who_looks_on_and_fails_is_in_nobodys_way(database: Database) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("whoever looks on")

    journalling = Journalling(database, fails)
    journalling.happened(event(1))
    await journalling.close()
    assert legs(database) == ["leg-1"]


class Deaf:
    """Writes what it is given, and the answer is lost once: as when a server is killed between the two."""

    def __init__(self, database: Database) -> None:
        self._database, self._is_lost = database, False

    @contextlib.contextmanager
    def writing(self, **_: object) -> Iterator[Session]:
        with self._database.writing() as session:
            yield session
        if not self._is_lost:
            self._is_lost = True
            raise StoreUnavailable("the connection was lost")


async def test_what_was_written_and_not_confirmed_is_not_written_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journalling_module, "PAUSE", 0.01)
    journalling = Journalling(cast("Database", Deaf(database)))
    journalling.decided(DecisionRecord("d1", "call-1", NOON, "inbound", None, "+3271000001", None, 1, [], {}))
    journalling.happened(event(1))
    assert not await journalling._write_batch()
    journalling.happened(event(2))
    await journalling.close()
    assert (journalling.backlog, legs(database)) == (0, ["leg-1", "leg-2"])
