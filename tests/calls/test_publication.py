"""What is published is followed by the next call, and by Asterisk, without a restart."""

import asyncio
import copy
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.calls.system import System

from aiguillage.desk import editing, provisioning, publishing
from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import Refused
from aiguillage.rehearsal import Words, play, scene_of
from aiguillage.routing.plan import Plan

STRANGER = "+32499000000"


def publish(system: System, document: Any) -> Plan:
    """As another process would: the running service finds it in the database."""
    editing.apply(system.database, document)
    publishing.publish(system.database, datetime.now(UTC), "tests", "changed")
    return published_plan(system.database)


def test_the_next_call_and_a_new_phone_follow_a_publication(system: System) -> None:
    before = dict(editing.draft(system.database))
    changed: Any = copy.deepcopy(before)
    changed["inbound_routes"][0]["from"]["numbers"] = ["+32499*"]
    changed["people"]["nina"] = {"name": "Nina Claes", "phones": {"desk": {"kind": "fixed", "endpoint": "nina"}}}
    try:
        plan = publish(system, changed)
        passwords = provisioning.site(system.settings, system.database, plan).passwords
        asyncio.run(_register("nina", passwords["nina"], system))
        assert asyncio.run(_status(system, STRANGER)) == 403
    finally:
        publish(system, before)
    with pytest.raises(Refused):
        asyncio.run(_stays_registered("nina", passwords["nina"], system))


async def _register(endpoint: str, password: str, system: System, seconds: float = 8.0) -> None:
    """Asterisk knows the phone within some seconds of the publication."""
    deadline = time.monotonic() + seconds
    async with system.telephones() as telephones:
        while True:
            try:
                return await telephones.register(endpoint, password)
            except Refused:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.3)


async def _stays_registered(endpoint: str, password: str, system: System) -> None:
    """Raises Refused as soon as Asterisk no longer knows the phone."""
    for _ in range(30):
        async with system.telephones() as telephones:
            await telephones.register(endpoint, password)
        await asyncio.sleep(0.3)


async def _status(system: System, caller: str) -> int | None:
    async with system.telephones() as telephones:
        stage = await system.stage(telephones)
        scene = scene_of(system.plan, Words(caller, "central", "2026-11-24 10:00", "claire.desk=silent"))
        return (await play(stage, scene)).status
