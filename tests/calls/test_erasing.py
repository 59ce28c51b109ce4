"""A caller who rang, left a message and was called back is erased: nothing is left in any file of the whole system."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.calls.days import when
from tests.calls.system import System

from aiguillage.desk import erasing
from aiguillage.desk.access import Principal, grants_of
from aiguillage.desk.contacts import single
from aiguillage.desk.editing import Editor
from aiguillage.desk.messages import messages_of
from aiguillage.rehearsal import Words, play, scene_of

NUMBER, NAME = "+32471000297", "Oda Verhaeghen"
MARIE = Editor("user marie")
SECONDS = 10.0


def files_with(home: Path, *needles: bytes) -> set[str]:
    files = (each for each in home.rglob("*") if each.is_file())
    return {str(each.relative_to(home)) for each in files if any(needle in each.read_bytes() for needle in needles)}


@pytest.mark.timeout(120)
async def test_nothing_of_an_erased_caller_is_left_in_any_file(system: System) -> None:
    who = Principal("user marie", grants_of("administrator"))
    single.add(system.database, single.WrittenContact(NAME, (NUMBER,)), who, MARIE, datetime.now(UTC))
    await asyncio.sleep(2)  # the running service takes up the directory
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        await play(stage, scene_of(system.plan, Words(NUMBER, "central", when("open 20:00"), "claire.desk=silent")))
    deadline = time.monotonic() + SECONDS
    while NUMBER not in {each.caller for each in messages_of(system.database, "reception@boxes")}:
        assert time.monotonic() < deadline, system.service_log()[-2000:]
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)  # the journal is written behind the calls

    needles = (b"471000297", NAME.encode())
    system.database.close()  # to read its file beside an open connection would take SQLite's locks from that
    held = files_with(system.home, *needles)
    assert any("voicemail" in each for each in held), held
    assert any(".db" in each for each in held), held
    subject = erasing.Subject(number=NUMBER)
    done = await asyncio.to_thread(erasing.erase, system.settings, system.database, subject, MARIE, datetime.now(UTC))
    assert done.erased["messages"] == 1
    assert done.erased["decisions"] >= 1
    system.database.close()
    assert files_with(system.home, *needles) == set()
