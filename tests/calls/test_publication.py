"""What is published is followed by the next call, and by Asterisk, without a restart."""

import asyncio
import copy
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.calls.days import OFFICE_HOURS, when
from tests.calls.system import System

from aiguillage import text_formats
from aiguillage.cli.following import until_followed
from aiguillage.desk import editing, provisioning, publishing
from aiguillage.desk.snapshot import published_plan
from aiguillage.errors import Refused
from aiguillage.rehearsal import Words, play, scene_of
from aiguillage.routing.plan import Plan
from aiguillage.simulator.telephones import Telephones
from aiguillage.store.revisions import revisions

STRANGER = "+32499000000"


def publish(system: System, document: Any) -> Plan:
    """As another process would: the running service finds it in the database."""
    editing.apply(system.database, document)
    publishing.publish(system.database, datetime.now(UTC), "tests", "changed")
    return published_plan(system.database)


def test_the_next_call_and_a_new_phone_follow_a_publication(system: System) -> None:
    before = dict(editing.draft(system.database))
    changed: Any = copy.deepcopy(before)
    _nuisance(changed)["from"]["numbers"] = ["+32499*"]
    changed["people"]["nina"] = {"name": "Nina Claes", "phones": {"desk": {"kind": "fixed", "endpoint": "nina"}}}
    try:
        plan = publish(system, changed)
        passwords = provisioning.site(system.settings, system.database, plan).passwords
        asyncio.run(_register("nina", passwords["nina"], system))
        live(system)
        assert asyncio.run(_status(system, STRANGER)) == 403
    finally:
        publish(system, before)
    with pytest.raises(Refused):
        asyncio.run(_stays_registered("nina", passwords["nina"], system))


def test_what_asterisk_does_not_take_is_put_back_and_calls_follow_the_version_before(system: System) -> None:
    """A queue named `general` is no queue in Asterisk's file; a reload says that all is well."""
    before = dict(editing.draft(system.database))
    changed: Any = copy.deepcopy(before)
    _nuisance(changed)["from"]["numbers"] = ["+32499*"]
    changed["queues"]["general"] = {"name": "Générale", "members": ["sophie"]}
    generated = system.settings.asterisk_dir / "generated" if system.settings.asterisk_dir else None
    assert generated is not None
    files = {file.name: file.read_text() for file in generated.glob("*.conf")}
    try:
        publish(system, changed)
        told = _provisioning(system, "queue general")
        assert "the files before are back" in told
        with system.database.reading() as session:
            number = revisions(session).plan
        well, said = until_followed(system.settings, number)
        assert not well
        assert f"Asterisk did not take it, and calls still follow version {number - 1}: " in said
        assert {file.name: file.read_text() for file in generated.glob("*.conf")} == files
        route = asyncio.run(route_of(system, STRANGER))
        assert route == "everybody else in office hours", "calls follow the plan before"
    finally:
        publish(system, before)
        live(system)


async def test_the_very_next_call_follows_a_publication_and_its_undoing_while_another_goes_on(system: System) -> None:
    def with_strangers_turned_away(document: Any) -> None:
        _nuisance(document)["from"]["numbers"] = ["+32499*"]

    def deed(*words: str) -> str:
        return system.command("plan", *words, "--lang", "en")

    changed: Any = copy.deepcopy(dict(editing.draft(system.database)))
    with_strangers_turned_away(changed)
    file = system.home / "changed.yaml"
    file.write_text(text_formats.write_yaml(changed))
    with system.database.reading() as session:
        number = revisions(session).plan
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("tom", "answer")
        talk = await telephones.dial("sophie", "211")
        await talk.wait_answered(5)
        try:
            said = await asyncio.to_thread(deed, "apply", str(file), "--publish", "--comment", "no strangers")
            assert f"Published as version {number + 1}; calls follow it from now on." in said
            assert await route_of(system, STRANGER, telephones) == "nuisance"
        finally:
            said = await asyncio.to_thread(deed, "restore", str(number), "--publish")
        assert f"Published as version {number + 2}; calls follow it from now on." in said
        assert await route_of(system, STRANGER, telephones) == "everybody else in office hours"
        heard = talk.heard_seconds
        await asyncio.sleep(1)
        assert talk.heard_seconds > heard + 0.5, "they go on talking"
        await talk.hang_up()


async def test_a_change_of_one_phone_disturbs_no_other_and_no_call(system: System) -> None:
    before = dict(editing.draft(system.database))
    changed: Any = copy.deepcopy(before)
    changed["people"]["claire"]["phones"]["desk"]["endpoint"] = "claire-new"
    async with system.telephones() as telephones:
        await system.stage(telephones)
        telephones.behave("tom", "answer")
        talk = await telephones.dial("sophie", "211")
        await talk.wait_answered(5)
        try:
            plan = await asyncio.to_thread(publish, system, changed)
            passwords = provisioning.site(system.settings, system.database, plan).passwords
            await _register("claire-new", passwords["claire-new"], system, telephones=telephones)
            heard = talk.heard_seconds
            await asyncio.sleep(1)
            assert talk.heard_seconds > heard + 0.5, "they go on talking"
            call = await telephones.dial("claire-new", "202")
            await asyncio.sleep(1)
            assert "marc" in [each.who for each in telephones.ringings], "Marc's phone needed not register again"
            await call.hang_up()
            await talk.hang_up()
        finally:
            await asyncio.to_thread(publish, system, before)
            await asyncio.to_thread(live, system)


def live(system: System) -> None:
    """Until Asterisk has what was published last."""
    with system.database.reading() as session:
        number = revisions(session).plan
    _provisioning(system, f"Asterisk has plan version {number}")


async def route_of(system: System, caller: str, telephones: Telephones | None = None) -> str | None:
    """The route that takes a call now."""
    if telephones is None:
        async with system.telephones() as own:
            return await route_of(system, caller, own)
    began = datetime.now(UTC)
    leg = await telephones.call(caller, "+3271000001", OFFICE_HOURS)
    (decision,) = await asyncio.to_thread(system.wait_for_decisions, 1, began)
    await leg.hang_up()
    return decision.route


def _provisioning(system: System, wanted: str) -> str:
    """What /readyz says of it, once it says that."""
    deadline = time.monotonic() + 10
    while True:
        told: str = system.readiness()["provisioning"]["reason"]
        if wanted in told:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.3)


def _nuisance(document: Any) -> Any:
    return next(route for route in document["inbound_routes"] if route["name"] == "nuisance")


async def _register(endpoint: str, password: str, system: System, telephones: Telephones | None = None) -> None:
    """Asterisk knows the phone within some seconds of the publication."""
    if telephones is None:
        async with system.telephones() as own:
            return await _register(endpoint, password, system, own)
    deadline = time.monotonic() + 8
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
        scene = scene_of(system.plan, Words(caller, "central", when("open 10:00"), "claire.desk=silent"))
        return (await play(stage, scene)).status
