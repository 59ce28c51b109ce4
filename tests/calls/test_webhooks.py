"""Webhooks of the running service, for calls on a real Asterisk."""

import asyncio
import json
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import pytest
import standardwebhooks
from tests.calls.days import OFFICE_HOURS, when
from tests.calls.system import System
from tests.desk.receiving import Receiver, receiver

from aiguillage.desk import webhooks
from aiguillage.desk.editing import Editor
from aiguillage.desk.receivers import Receivers
from aiguillage.desk.webhooks import Wish
from aiguillage.rehearsal import Words, play, scene_of

CENTRAL, ANNE = "+3271000001", "+32471000201"
TESTS = Editor("tests")
SECONDS = 10.0


@pytest.fixture
async def crm(system: System) -> AsyncIterator[Receiver]:
    """Who is told of missed calls and messages; it believes only what is signed."""
    loopback = Receivers((ip_network("127.0.0.1/32"),), http=True)
    async with receiver() as there:
        wish = Wish(f"http://127.0.0.1:{there.port}/", ("call.missed", "voicemail.left"))
        secret = webhooks.add(system.database, loopback, "crm", wish, TESTS).secret
        try:
            yield there
        finally:
            webhooks.remove(system.database, "crm", None, TESTS)
        for each in there.requests:
            standardwebhooks.Webhook(secret).verify(each.body, each.headers)


async def told(crm: Receiver) -> dict[str, Any]:
    """The one event that it was told."""
    async with asyncio.timeout(SECONDS):
        while not crm.requests:  # noqa: ASYNC110  it wakes nobody
            await asyncio.sleep(0.05)
    (request,) = crm.requests
    found: dict[str, Any] = json.loads(request.body)
    return found


async def test_a_caller_who_gives_up_while_it_rings(system: System, crm: Receiver) -> None:
    async with system.telephones() as telephones:
        await system.stage(telephones)
        leg = await telephones.call(ANNE, CENTRAL, OFFICE_HOURS)
        async with asyncio.timeout(SECONDS):
            while not telephones.ringings:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        await leg.hang_up()
        event = await told(crm)
    assert event["type"] == "call.missed"
    data = event["data"]
    assert (data["caller"], data["called"], data["rang"]) == (ANNE, CENTRAL, ["claire"])
    assert data["caller_name"].startswith("Anne Lambert")
    assert data["began"] < data["ended"]


@pytest.mark.parametrize("answers", ["claire.desk=answer", "claire.desk=busy claire.gsm=press 1"])
async def test_a_call_that_claire_takes_is_not_missed(system: System, crm: Receiver, answers: str) -> None:
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        await play(stage, scene_of(system.plan, Words(ANNE, "central", when("open 10:00"), answers)))
    await asyncio.sleep(3)
    assert crm.requests == []


async def test_a_message(system: System, crm: Receiver) -> None:
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        await play(stage, scene_of(system.plan, Words(ANNE, "central", when("open 20:00"), "claire.desk=silent")))
        event = await told(crm)
    assert event["type"] == "voicemail.left"
    assert (event["data"]["mailbox"], event["data"]["caller"]) == ("reception@boxes", ANNE)
