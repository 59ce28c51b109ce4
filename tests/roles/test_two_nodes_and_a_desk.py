"""A publication, a message, calls and what they leave, with two Asterisks, two services, a desk and one PostgreSQL.

Told in their order: 1 who is there, 2 a publication, 3 voicemail, 4 a restart, 5 a call back, 6 a plan that is
refused, 7 a call that is asked for, 8 a wrong name, 9 the database goes and comes back.
"""

import asyncio
import contextlib
import copy
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from aiguillage.desk import provisioning
from aiguillage.desk.catching_up import SURELY_WRITTEN
from aiguillage.rehearsal import Words, play, scene_of
from aiguillage.settings import Settings
from aiguillage.store import journal
from aiguillage.store.journal import DecisionRecord
from aiguillage.store.tables import nodes
from tests.calls.days import OFFICE_HOURS, when
from tests.calls.system import System
from tests.calls.test_click_to_call import SCOUTS, Api
from tests.calls.test_memory import first_rung
from tests.calls.test_publication import route_of
from tests.roles.house import House, NodeSystem, until

pytestmark = [pytest.mark.xdist_group("roles"), pytest.mark.timeout(300)]

STRANGER, PRESIDENT, CALLED, CENTRAL = "+32499000000", "+32471000201", "+32471000955", "+3271000001"
SECONDS = 2.0
"""Within which a publication reaches every node, on a machine that has nothing else to do; tests give it more."""
BUSY = 15.0


def test_1_each_says_what_it_is(house: House) -> None:
    health = house.desk.health()
    assert set(health["parts"]) == {"database", "migrations", "nodes", "snapshot"}
    assert health["parts"]["nodes"]["reason"] == "north follows plan version 1; south follows plan version 1"
    assert health["ready"]
    for node in house.nodes:
        until(lambda node=node: node.http("/readyz")[1]["parts"]["ami"]["ok"], BUSY)
        parts = node.http("/readyz")[1]["parts"]
        assert set(parts) == {"database", "migrations", "fastagi", "ami", "sip", "provisioning", "trunks", "snapshot"}
        assert node.http("/healthz")[0] == 200
        assert node.http("/metrics")[0] == 401
        for path in ("/api/v1/plan", "/api/openapi.json", "/api/docs", "/welcome"):
            assert node.http(path)[0] == 404, path
    status, told = house.desk.api("POST", "calls", {"person": "sophie", "to": PRESIDENT})
    assert (status, "this service is a desk" in told["detail"]) == (503, True), told
    assert house.desk.api("GET", "calls/live")[0] == 503


def test_2_a_publication_over_the_desk_is_followed_by_the_next_call_on_each_node(house: House) -> None:
    took = _publish(house, ["+32499*"])
    for name, seconds in took.items():
        tell(f"{name} follows it {seconds:.2f} s after the desk has answered (meant: {SECONDS} s)")
        assert seconds < BUSY
    for node in house.nodes:
        began = datetime.now(UTC)
        assert asyncio.run(route_of(node, STRANGER)) == "nuisance", node.name
        (decision,) = node.wait_for_decisions(1, began)
        assert decision.call.startswith(f"{node.name}-"), "its id says which node has it"
    document = house.desk.home / "plan.yaml"
    document.write_text(house.desk.command("plan", "export"))
    assert "calls follow it from now on" in house.desk.command("plan", "apply", str(document), "--publish")
    version = house.desk.health()["plan_version"]
    assert [node.follows() for node in house.nodes] == [version, version], "the command has waited for both"


def test_3_a_message_stays_with_the_node_that_holds_it(house: House) -> None:
    left = {node.name: _leave_a_message(house, node) for node in (house.north, house.south)}
    # South has looked into its folder since north's came: its own has been found there.
    assert {node: _message(house, id_)["node"] for node, id_ in left.items()} == {"north": "north", "south": "south"}
    status, told = house.desk.api("GET", f"voicemail/{left['north']}/sound")
    assert status == 503
    assert "is on node north" in told["detail"]
    assert house.desk.api("DELETE", f"voicemail/{left['south']}")[0] == 503
    status, told = house.desk.api("POST", "privacy/erase", {"number": PRESIDENT})
    assert (status, "aiguillage voicemail delete" in told["detail"]) == (503, True), told
    assert house.desk.api("GET", "contacts?number=%2B32471000201")[1]["items"], "nothing is erased by half"
    assert "is deleted" in house.south.command("voicemail", "delete", left["south"])
    assert house.desk.api("GET", f"voicemail/{left['south']}")[0] == 404
    assert _message(house, left["north"])["mailbox"] == "reception@boxes"


async def test_4_a_restart_beside_ends_no_call_of_the_other_node(house: House) -> None:
    began = datetime.now(UTC)
    lost = f"south-{began.timestamp():.0f}.99999"
    async with house.north.telephones() as telephones:
        await house.north.stage(telephones)
        telephones.behave("tom", "answer")
        talk = await telephones.dial("sophie", "211")
        await talk.wait_answered(5)
        (decision,) = await asyncio.to_thread(house.north.wait_for_decisions, 1, began)
        await asyncio.to_thread(house.south.stop_service)
        _decide(house, lost)  # a call of south's, which its Asterisk does not have any more
        await asyncio.to_thread(house.south.start_service)
        seconds = SURELY_WRITTEN.total_seconds() + 30
        await asyncio.to_thread(until, lambda: "call-ended" in house.story(lost), seconds, house.south.service_log)
        assert "call-ended" not in house.story(decision.call)
        heard = talk.heard_seconds
        await asyncio.sleep(1)
        assert talk.heard_seconds > heard + 0.5, "they go on talking"
        await talk.hang_up()
    await asyncio.to_thread(until, lambda: house.story(decision.call).count("call-ended") == 1, BUSY)


async def test_5_whom_we_called_over_one_node_reaches_who_called_over_the_other(house: House) -> None:
    async with house.north.telephones() as telephones:
        await house.north.stage(telephones)
        out = await telephones.dial("claire", "0471000955")
        await asyncio.sleep(1)
        await out.hang_up()
    began = time.monotonic()
    async with house.south.telephones() as telephones:
        await house.south.stage(telephones)
        while (rung := await first_rung(telephones, CALLED, CENTRAL, 1)) != "claire":  # else the menu is heard
            assert time.monotonic() - began < BUSY, rung
            await telephones.wait_quiet(5)
    tell(f"south rings her {time.monotonic() - began:.2f} s after the call over north")


def test_6_what_an_asterisk_does_not_take_the_desk_tells_by_node(house: House) -> None:
    """A queue named `general` is no queue in Asterisk's file."""
    before = house.desk.api("GET", "plan")[1]
    changed: Any = copy.deepcopy(before)
    changed["queues"]["general"] = {"name": "Générale", "members": ["sophie"]}
    number = _published(house, changed)
    refused = [f"{node.name} follows plan version {number - 1}, and refused version {number}: " for node in house.nodes]

    def told() -> str:
        found: str = house.desk.health()["parts"]["nodes"]["reason"]
        return found

    until(lambda: all(each in told() for each in refused), BUSY * 2, told)
    assert "queue general" in told()
    health = house.desk.health()
    assert (health["ready"], health["plan_version"], health["refused_version"]) == (False, number - 1, number)
    number = _published(house, before)
    until(lambda: house.desk.health()["ready"], BUSY * 2, lambda: str(house.desk.health()))
    assert house.desk.health()["plan_version"] == number


async def test_7_a_call_that_is_asked_for_is_known_by_its_node(house: House) -> None:
    """North with an API of its own."""
    async with another(house.north, role="all") as north:
        api = Api(north)
        async with north.telephones() as telephones:
            await north.stage(telephones)
            telephones.behave("sophie", "answer after 1")
            telephones.behave(SCOUTS, "answer after 1")
            call = await api.placed("sophie", SCOUTS)
            assert call.startswith("north-")
            await api.reaches(call, "answered", BUSY)
            await telephones.called(SCOUTS).hang_up()
            assert (await api.reaches(call, "ended", BUSY))["outcome"] == "talked"
    await asyncio.to_thread(until, lambda: house.story(call).count("call-ended") == 1, BUSY)


async def test_8_an_asterisk_with_another_name_is_told_and_calls_go_on(house: House) -> None:
    phones = _phones(house)
    async with another(house.south, node="west") as west:
        await asyncio.to_thread(until, lambda: "systemname" in west.http("/readyz")[1]["parts"]["ami"]["reason"], BUSY)
        ami = west.http("/readyz")[1]["parts"]["ami"]
        assert not ami["ok"]
        assert 'Asterisk calls itself "south", and AIGUILLAGE_NODE is "west"' in ami["reason"]
        assert "write systemname = west below [options]" in ami["reason"]
        assert await _rings(west, phones, PRESIDENT)
    with house.south.database.writing() as session:  # west is no node, and would be missed for a day
        session.execute(delete(nodes).where(nodes.c.name == "west"))


async def test_9_without_the_database_both_nodes_go_on_and_their_journals_are_complete_afterwards(house: House) -> None:
    caller = "+32471000202"
    before = len(house.decisions_of(caller))
    phones = _phones(house)
    expected = [await _rings(node, phones, caller) for node in house.nodes]
    assert expected[0] == expected[1]
    await asyncio.to_thread(until, lambda: len(house.decisions_of(caller)) == before + 2, BUSY)
    for node in house.nodes:
        node.database.engine.dispose()
    house.server.crash()
    try:
        for _ in range(2):
            assert [await _rings(node, phones, caller) for node in house.nodes] == expected
        assert not house.desk.health()["parts"]["database"]["ok"]
    finally:
        await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(until, lambda: len(house.decisions_of(caller)) >= before + 6, 40)
    ours = house.decisions_of(caller)[:4]
    assert sorted(each.call.partition("-")[0] for each in ours) == ["north", "north", "south", "south"]
    await asyncio.to_thread(until, lambda: all(house.story(each.call).count("call-ended") for each in ours), 40)
    await asyncio.sleep(6)  # so that Asterisk's own files have been read once more: they tell the same calls
    assert len(house.decisions_of(caller)) == before + 6
    assert [house.story(each.call).count("call-ended") for each in ours] == [1] * 4
    await asyncio.to_thread(until, lambda: house.desk.health()["ready"], 40, lambda: str(house.desk.health()))


def tell(figure: str) -> None:
    """For whoever runs it with -s."""
    sys.stdout.write(f"{figure}\n")


# --- What is done ------------------------------------------------------------------------------------------


def _publish(house: House, nuisance: list[str]) -> Mapping[str, float]:
    """Over the desk's API: seconds from its answer until each node's calls follow."""
    document: Any = copy.deepcopy(house.desk.api("GET", "plan")[1])
    route = next(route for route in document["inbound_routes"] if route["name"] == "nuisance")
    route["from"]["numbers"] = nuisance
    number = _published(house, document)
    answered, took = time.monotonic(), dict[str, float]()
    while len(took) < len(house.nodes):
        for node in house.nodes:
            if node.name not in took and node.follows() == number:
                took[node.name] = time.monotonic() - answered
        assert time.monotonic() - answered < BUSY, took
        time.sleep(0.02)
    return took


def _published(house: House, document: Any) -> int:
    """The number of the version."""
    assert house.desk.api("PUT", "plan", document)[0] == 204
    status, published = house.desk.api("POST", "plan/publish", {"comment": "for the story"})
    assert status == 201, published
    number: int = published["number"]
    return number


@contextlib.asynccontextmanager
async def another(system: NodeSystem, **settings: str) -> AsyncIterator[NodeSystem]:
    """Within the block its service runs with other settings."""
    before = system.settings
    try:
        await asyncio.to_thread(_restart, system, before.model_copy(update=settings))
        yield system
    finally:
        await asyncio.to_thread(_restart, system, before)


def _restart(node: NodeSystem, settings: Settings) -> None:
    node.stop_service()
    node.settings = settings
    node.start_service()


def _phones(house: House) -> Mapping[str, str]:
    """Every phone's password, which is the same on both nodes."""
    return provisioning.site(house.north.settings, house.north.database, house.north.plan).passwords


def _leave_a_message(house: House, node: NodeSystem) -> str:
    """A president's, in the evening; its id, once the desk lists it."""
    before = {each["id"] for each in house.desk.api("GET", "voicemail")[1]["items"]}
    asyncio.run(_call_in_the_evening(node))
    found: list[str] = []

    def is_listed() -> bool:
        found[:] = [each["id"] for each in house.desk.api("GET", "voicemail")[1]["items"] if each["id"] not in before]
        return bool(found)

    until(is_listed, BUSY, node.service_log)
    (left,) = found
    return left


async def _call_in_the_evening(node: System) -> None:
    async with node.telephones() as telephones:
        stage = await node.stage(telephones)
        await play(stage, scene_of(node.plan, Words(PRESIDENT, "central", when("open 20:00"), "claire.desk=silent")))


def _message(house: House, id_: str) -> Any:
    status, found = house.desk.api("GET", f"voicemail/{id_}")
    assert status == 200, found
    return found


def _decide(house: House, call: str) -> None:
    """A decision about a call of which nothing else is known."""
    at = datetime.now(UTC) - timedelta(seconds=1)
    decided = DecisionRecord(uuid.uuid4().hex, call, at, "inbound", PRESIDENT, CENTRAL, None, 1, [], {})
    with house.south.database.writing() as session:
        journal.write(session, [decided], [])


async def _rings(node: System, phones: Mapping[str, str], caller: str) -> str:
    """Who is rung first, by a call in office hours; `phones` register with their passwords."""
    async with node.telephones() as telephones:
        for endpoint, password in phones.items():
            await telephones.register(endpoint, password)
        leg = await telephones.call(caller, CENTRAL, OFFICE_HOURS)
        for _ in range(100):
            if telephones.ringings:
                break
            await asyncio.sleep(0.05)
        await leg.hang_up()
        await telephones.wait_quiet(5)
        return telephones.ringings[0].who
