"""Stories of what one call leaves for the next, and what a change of plan or directory does to it."""

import asyncio
import copy
import time
from datetime import UTC, datetime
from typing import Any

from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System
from tests.calls.test_publication import live, publish, route_of

from aiguillage.desk import editing
from aiguillage.desk.contacts import import_file
from aiguillage.simulator.telephones import Telephones
from aiguillage.store.revisions import revisions

TEAMS, POOL, DRAW, CENTRAL = "+3271000006", "+3271000007", "+3271000011", "+3271000001"


GSMS = {"+32470000101": "claire"}
"""The outside numbers of people whose desk phone and GSM ring at the same moment in a group."""


async def first_rung(telephones: Telephones, caller: str, called: str, seconds: int = 5) -> str:
    """The first person that such a call rings within that time, or empty; which of her phones was first is chance."""
    before = len(telephones.ringings)
    leg = await telephones.call(caller, called, OFFICE_HOURS)
    for _ in range(seconds * 20):
        if len(telephones.ringings) > before:
            break
        await asyncio.sleep(0.05)
    await leg.hang_up()
    await asyncio.sleep(0.3)
    return "".join(GSMS.get(each.who, each.who) for each in telephones.ringings[before : before + 1])


async def test_each_call_of_a_rotary_group_begins_one_member_further(system: System) -> None:
    members = ["sophie", "tom", "claire"]
    async with system.telephones() as telephones:
        await system.stage(telephones)
        rung = [await first_rung(telephones, "+32499000001", TEAMS) for _ in range(4)]
    start = members.index(rung[0])
    assert rung == [members[(start + turn) % 3] for turn in range(4)]


async def test_a_leastrecent_group_spares_who_took_the_last_call(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("tom", "answer")
        leg = await telephones.call("+32499000001", POOL, OFFICE_HOURS)
        await leg.wait_answered(10)
        await leg.hang_up()
        await asyncio.sleep(0.5)
        assert await first_rung(telephones, "+32499000001", POOL) == "sophie"


async def test_a_random_group_rings_every_member_sooner_or_later(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        rung = {await first_rung(telephones, "+32499000001", DRAW) for _ in range(12)}
    assert len(rung) > 1


async def test_a_group_in_turn_goes_on_where_it_was_after_a_restart_of_the_service(system: System) -> None:
    members = ["sophie", "tom", "claire"]
    async with system.telephones() as telephones:
        await system.stage(telephones)
        first = await first_rung(telephones, "+32499000001", TEAMS)
        await asyncio.sleep(1)
        await asyncio.to_thread(system.stop_service)
        await asyncio.to_thread(system.start_service)
        second = await first_rung(telephones, "+32499000001", TEAMS)
    assert members.index(second) == (members.index(first) + 1) % 3


async def test_whom_we_called_is_remembered_after_a_restart_of_the_service(system: System) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        out = await telephones.dial("claire", "0471000955")
        await asyncio.sleep(1)
        await out.hang_up()
        await asyncio.to_thread(system.kill_service)
        await asyncio.to_thread(system.start_service)
        assert await first_rung(telephones, "+32471000955", CENTRAL) == "claire"


def test_a_caller_with_a_new_role_takes_the_route_of_that_role_from_the_next_call_on(system: System) -> None:
    """Somebody in the directory has become president."""
    exported = system.command("directory", "export").encode()
    assert asyncio.run(route_of(system, "+32471000299")) == "everybody else in office hours"
    row = "Nouvelle Présidente;+32 471 00 02 99;patro-jumet;president;fr;\r\n".encode()
    try:
        import_file(system.database, exported + row)
        _followed(system)
        assert asyncio.run(route_of(system, "+32471000299")) == "local leaders to their region"
    finally:
        import_file(system.database, exported)
        _followed(system)


async def test_a_colleague_with_a_new_extension_is_dialled_by_it_from_the_next_call_on(system: System) -> None:
    before: Any = dict(editing.draft(system.database))
    changed = copy.deepcopy(before)
    changed["people"]["tom"]["extension"] = "277"
    async with system.telephones() as telephones:
        await system.stage(telephones)
        try:
            await asyncio.to_thread(publish, system, changed)
            await asyncio.to_thread(live, system)
            telephones.behave("tom", "answer")
            leg = await telephones.dial("sophie", "277")
            await leg.wait_answered(5)
            await leg.hang_up()
            old = await telephones.dial("sophie", "211")
            await old.wait_ended(10)
            assert [each.who for each in telephones.ringings] == ["tom"]
        finally:
            await asyncio.to_thread(publish, system, before)
            await asyncio.to_thread(live, system)


def _followed(system: System) -> None:
    """Until a call is decided from the directory as it now is."""
    began = datetime.now(UTC)
    while f"directory={_revision(system)}" not in system.service_log():
        assert (datetime.now(UTC) - began).total_seconds() < 10
        time.sleep(0.1)


def _revision(system: System) -> int:
    with system.database.reading() as session:
        return revisions(session).directory
