"""The database goes and comes back; calls go on as published, and nothing that was acknowledged is lost."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.desk import editing, publishing
from aiguillage.desk.last_known_good import file_of
from aiguillage.simulator.telephones import Telephones
from aiguillage.store import directory, journal
from tests.calls.system import System
from tests.chaos.away import CALLERS, Place, Switchboard, contact_number, sqlite_place
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load
from tests.databases import running_postgresql

pytestmark = pytest.mark.xdist_group("chaos")
SECONDS = 150 if LONG else 4
"""Of each half of the absence, before and after the restart."""
BACK = 5.0
PRESIDENT = "+32471000201"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield sqlite_place(tmp_path)
        return
    with running_postgresql() as server:
        yield Place(server.create("switchboard"), server.crash, server.start)


@pytest.fixture
def switchboard(place: Place, tmp_path: Path) -> Iterator[Switchboard]:
    with Switchboard(tmp_path, place) as running:
        yield running


async def until(done: Callable[[], bool], seconds: float = 20.0) -> float:
    """How long it took."""
    began = time.monotonic()
    while not await asyncio.to_thread(done):
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.1)
    return time.monotonic() - began


def kept(switchboard: Switchboard) -> Callable[[], bool]:
    return file_of(switchboard.settings).exists


def file(switchboard: Switchboard) -> Path:
    return Path(str(switchboard.database.engine.url.database))


@contextlib.asynccontextmanager
async def somebody_editing(switchboard: Switchboard) -> AsyncIterator[set[int]]:
    """Contacts are added one after another; those that were acknowledged."""
    acknowledged: set[int] = set()
    numbers = iter(range(1, 1_000_000))

    async def add() -> None:
        while True:
            number = next(numbers)
            if await asyncio.to_thread(switchboard.add_contact, number):
                acknowledged.add(number)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(add())
    try:
        yield acknowledged
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def known(switchboard: Switchboard) -> set[str]:
    with switchboard.database.reading() as session:
        return {number for contact in directory.all_contacts(session) for number in contact.numbers}


def publish_again(switchboard: Switchboard) -> None:
    """Version 2, with another name."""
    document = dict(editing.draft(switchboard.database))
    document["organisation"] = {**document["organisation"], "name": "Version two"}
    editing.apply(switchboard.database, document)
    publishing.publish(switchboard.database, datetime.now(UTC), "tests", "the second")


@pytest.mark.timeout(900)
async def test_calls_go_on_as_published_while_the_database_is_away(switchboard: Switchboard, tell: Tell) -> None:
    expected = dict(await switchboard.ask_for(1))
    assert expected.keys() == {*CALLERS}
    assert all("ROUTE_OK=1" in each for each in expected.values())
    await until(kept(switchboard))
    async with somebody_editing(switchboard) as acknowledged:
        await until(lambda: len(acknowledged) >= 3)
        switchboard.place.take_away()
        found = await switchboard.ask_for(SECONDS)
        health = await asyncio.to_thread(switchboard.health)
    assert not health["database"]["ok"]
    assert health["snapshot"]["ok"]

    await asyncio.to_thread(switchboard.stop)
    await asyncio.to_thread(switchboard.start)
    asked_before = switchboard.asked
    found += await switchboard.ask_for(SECONDS)
    assert not await asyncio.to_thread(switchboard.add_contact, 999_999)
    asked = switchboard.asked - asked_before
    await until(lambda: "as of" in switchboard.health()["snapshot"]["reason"])

    switchboard.place.give_back()
    back = await until(lambda: bool(switchboard.health()["database"]["ok"]))
    await until(lambda: written(switchboard) >= asked, BACK)
    assert await asyncio.to_thread(switchboard.add_contact, 1_000_000)
    assert known(switchboard) >= {contact_number(each) for each in (*acknowledged, 1_000_000)}
    assert contact_number(999_999) not in known(switchboard)
    publish_again(switchboard)
    followed = await until(lambda: "version 2" in switchboard.health()["snapshot"]["reason"], BACK)
    wrong = [each for each in found if each[1] != expected[each[0]]]
    tell(
        f"{len(found)} calls in {2 * SECONDS} s without the database, {len(found) - len(wrong)} as published; "
        f"{len(acknowledged) + 1} edits acknowledged, all kept; back after {back:.1f} s, "
        f"a new plan followed after {followed:.1f} s"
    )
    assert wrong == []


def written(switchboard: Switchboard) -> int:
    """Calls of the second half, which the journal had to keep in memory."""
    with switchboard.database.reading() as session:
        return sum(each.kind == "simulated" for each in journal.recent(session, 100_000))


# --- SQLite's own faults ---


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Switchboard]:
    with Switchboard(tmp_path, sqlite_place(tmp_path)) as running:
        yield running


@pytest.mark.timeout(300)
async def test_another_process_that_holds_the_database_holds_up_no_call(on_sqlite: Switchboard, tell: Tell) -> None:
    seconds = 60 if LONG else 7
    expected = dict(await on_sqlite.ask_for(1))
    holder = sqlite3.connect(str(on_sqlite.database.engine.url.database), isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        asking = asyncio.create_task(on_sqlite.ask_for(seconds))
        acknowledged = await asyncio.to_thread(on_sqlite.add_contact, 1)
        found = await asking
    finally:
        holder.close()
    assert not acknowledged
    await until(lambda: on_sqlite.add_contact(2))
    assert known(on_sqlite) & {contact_number(1), contact_number(2)} == {contact_number(2)}
    tell(f"locked for {seconds} s: {len(found)} calls")
    assert [each for each in found if each[1] != expected[each[0]]] == []


@pytest.mark.timeout(300)
async def test_a_damaged_file_is_not_used_until_another_one_is_in_its_place(on_sqlite: Switchboard) -> None:
    expected = dict(await on_sqlite.ask_for(1))
    await until(kept(on_sqlite))
    await asyncio.to_thread(on_sqlite.stop)
    backup = await asyncio.to_thread(damage, on_sqlite)
    await asyncio.to_thread(on_sqlite.start)
    assert await on_sqlite.ask_for(1) == [*expected.items()] * 2
    health = await asyncio.to_thread(on_sqlite.health)
    assert "is damaged" in health["database"]["reason"]
    assert not await asyncio.to_thread(on_sqlite.add_contact, 1)
    await asyncio.to_thread(restore, on_sqlite, backup)
    await until(lambda: bool(on_sqlite.health()["database"]["ok"]))
    assert await asyncio.to_thread(on_sqlite.add_contact, 2)


def damage(switchboard: Switchboard) -> bytes:
    """Spoil all pages but the first three; what was there before."""
    switchboard.database.close()
    with contextlib.closing(sqlite3.connect(file(switchboard))) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = file(switchboard).read_bytes()
    file(switchboard).write_bytes(before[: 3 * 4096].ljust(len(before), b"Z"))
    return before


def restore(switchboard: Switchboard, backup: bytes) -> None:
    new = file(switchboard).with_name("backup.db")
    new.write_bytes(backup)
    new.replace(file(switchboard))


@pytest.mark.timeout(300)
async def test_a_file_that_is_gone_is_not_made_anew(on_sqlite: Switchboard) -> None:
    expected = dict(await on_sqlite.ask_for(1))
    await until(kept(on_sqlite))
    await asyncio.to_thread(on_sqlite.stop)
    on_sqlite.database.close()
    on_sqlite.place.take_away()
    await asyncio.to_thread(on_sqlite.start)
    assert await on_sqlite.ask_for(1) == [*expected.items()] * 2
    assert "aiguillage migrate" in (await asyncio.to_thread(on_sqlite.health))["database"]["reason"]
    assert not await asyncio.to_thread(file(on_sqlite).exists)
    on_sqlite.place.give_back()
    await until(lambda: bool(on_sqlite.health()["database"]["ok"]))


# --- real calls ---


@pytest.mark.timeout(900)
async def test_no_caller_notices_that_the_database_is_gone_and_the_service_restarted(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    seconds = 300 if LONG else 14
    await until(file_of(system.settings).exists)
    place = sqlite_place(system.home)
    place.take_away()
    try:
        calling = asyncio.create_task(load(system, tmp_path, [PRESIDENT] * (seconds * 10), office_hours, 10))
        await asyncio.sleep(seconds / 3)
        await asyncio.to_thread(system.stop_service)
        await asyncio.to_thread(system.start_service)
        found = await calling
    finally:
        place.give_back()
    await until(lambda: bool(system.readiness()["database"]["ok"]))
    await until(lambda: bool(system.readiness()["provisioning"]["ok"]), 60)
    tell(f"gone for {seconds} s with a restart: {found}")
    assert (len(found.answered), found.failed) == (seconds * 10, 0), found.said
    assert {each.who for each in phones.ringings} == {"claire"}
