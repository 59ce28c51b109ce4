"""The live view of a real call, from its ringing to its end, also when the service was restarted meanwhile."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
from tests.admin.asking import token_for
from tests.calls.days import OFFICE_HOURS
from tests.calls.system import System

from aiguillage.asterisk.ami import ManagerLink

PRESIDENT = "+32471000201"


def viewer(system: System) -> Callable[[], Any]:
    token = token_for(system.database, datetime.now(UTC), None, "calls:read")
    address = f"http://{system.settings.http_host}:{system.settings.http_port}/api/v1/calls/live"
    headers = {"authorization": f"Bearer {token}"}
    return lambda: httpx2.get(address, headers=headers).json()["calls"]


async def calls_of_asterisk(system: System) -> set[str]:
    """What the link asks for when it comes back."""

    async def nothing() -> None:
        pass

    settings = system.settings
    secret = settings.ami_secret.get_secret_value()
    link = ManagerLink(
        host=settings.ami_host, port=settings.ami_port, user=settings.ami_user, secret=secret, on_up=nothing
    )
    await link.start()
    try:
        await link.settled(5)
        return await link.calls()
    finally:
        await link.close()


async def until(view: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 8
    while True:
        seen = await asyncio.to_thread(view)
        if wanted(seen):
            return seen
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)


async def test_a_call_is_seen_ringing_answered_and_no_more(system: System) -> None:
    view = viewer(system)
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("claire", "answer after 2")
        assert await asyncio.to_thread(view) == [], "a service that has just begun takes its time"
        leg = await telephones.call(PRESIDENT, "+3271000001", OFFICE_HOURS)
        (ringing,) = await until(view, lambda calls: bool(calls) and calls[0]["state"] == "ringing")
        assert (ringing["caller"], ringing["rings"]) == (PRESIDENT, ["claire/desk"])
        (answered,) = await until(view, lambda calls: bool(calls) and calls[0]["state"] == "answered")
        assert (answered["person"], answered["route"]) == ("claire", "local leaders to their region")
        assert await calls_of_asterisk(system) == {answered["call"]}
        await leg.hang_up()
        await until(view, lambda calls: not calls)
        assert await calls_of_asterisk(system) == set()


async def test_a_restarted_service_shows_the_calls_that_go_on_and_no_others(system: System) -> None:
    view = viewer(system)
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("claire", "answer")
        telephones.behave("marc", "silent")
        leg = await telephones.call(PRESIDENT, "+3271000001", OFFICE_HOURS)
        await until(view, lambda calls: bool(calls) and calls[0]["state"] == "answered")
        await asyncio.to_thread(system.stop_service)
        await asyncio.to_thread(system.start_service)
        (still,) = await until(view, lambda calls: len(calls) == 1)
        assert (still["caller"], still["state"], still["person"]) == (PRESIDENT, "answered", "claire")
        await asyncio.to_thread(system.stop_service)
        await leg.hang_up()
        await asyncio.to_thread(system.start_service)
        second = await telephones.call(PRESIDENT, "+3271000001", OFFICE_HOURS)
        await until(view, lambda calls: len(calls) == 1 and calls[0]["call"] != still["call"])
        await second.hang_up()
        await until(view, lambda calls: not calls)
