"""What nodes say of themselves, and what a desk makes of it; on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aiguillage.desk import nodes as desk
from aiguillage.desk.nodes import Nodes, Reporting
from aiguillage.errors import StoreUnavailable
from aiguillage.store import nodes
from aiguillage.store.database import Database, open_database
from aiguillage.store.nodes import NodeState

NOW = datetime.now(UTC)
NORTH = NodeState("north", NOW, 7, 3)
REFUSED = NodeState("south", NOW, 6, 3, 7, "plan version 7: Asterisk did not take it")
SILENT = replace(NORTH, name="east", seen_at=NOW - timedelta(seconds=45), plan_version=2)


def write(database: Database, *states: NodeState) -> Nodes:
    with database.writing() as session:
        for state in states:
            nodes.write(session, state)
    return Nodes(database, lambda: NOW)


def states(database: Database) -> dict[str, NodeState]:
    return {each.name: each for each in Nodes(database).states()}


def test_a_desk_without_nodes_says_what_to_start(database: Database) -> None:
    health = write(database).health()
    assert not health.ok
    assert "aiguillage serve --role node" in health.reason


def test_each_node_is_named_with_the_version_that_it_follows(database: Database) -> None:
    health = write(database, NORTH, replace(NORTH, name="south", plan_version=0)).health()
    assert (health.ok, health.reason) == (True, "north follows plan version 7; south has no plan yet")


def test_who_refuses_and_who_is_silent_is_named_with_the_reason(database: Database) -> None:
    health = write(database, NORTH, REFUSED, SILENT).health()
    assert not health.ok
    assert health.reason == (
        "east is silent for 45 s: see whether its machine, its service and its network are up; north follows plan "
        "version 7; south follows plan version 6, and refused version 7: plan version 7: Asterisk did not take it"
    )


def test_a_version_is_followed_once_every_node_that_was_seen_lately_follows_it(database: Database) -> None:
    assert write(database).followed(7) == (7, 0), "there is no node to wait for"
    assert write(database, NORTH, SILENT).followed(7) == (7, 0)
    assert write(database, replace(NORTH, name="west", plan_version=5)).followed(7) == (5, 0)
    assert write(database, REFUSED).followed(7) == (5, 7)


def test_without_the_database_a_desk_says_so() -> None:
    away = Nodes(open_database("postgresql://tests@127.0.0.1:1/away"))
    assert away.followed(7) == (7, 0)
    assert "not known" in away.health().reason


async def test_a_node_says_at_once_what_has_changed_and_else_now_and_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting = Reporting(database, "north")
    await reporting.say(7, 3, 0, "")
    first = states(database)["north"]
    await reporting.say(7, 3, 0, "")
    assert states(database)["north"] == first, "nothing is new"
    await reporting.say(7, 3, 8, "refused")
    assert (states(database)["north"].refused_version, states(database)["north"].fault) == (8, "refused")
    monkeypatch.setattr(desk, "EVERY", 0.0)
    before = states(database)["north"]
    await reporting.say(7, 3, 8, "refused")
    assert states(database)["north"].seen_at > before.seen_at


async def test_who_was_not_seen_for_a_day_is_forgotten(database: Database) -> None:
    write(database, replace(NORTH, name="old", seen_at=NOW - timedelta(hours=25)), SILENT)
    await Reporting(database, "north").say(7, 3, 0, "")
    assert set(states(database)) == {"north", "east"}


async def test_the_only_node_has_no_name_and_says_nothing(database: Database) -> None:
    await Reporting(database, "").say(7, 3, 0, "")
    assert states(database) == {}


async def test_what_could_not_be_said_is_said_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    reporting = Reporting(database, "north")
    with monkeypatch.context() as patched:
        patched.setattr(nodes, "write", away)
        await reporting.say(7, 3, 0, "")
    assert states(database) == {}
    await reporting.say(7, 3, 0, "")
    assert states(database)["north"].plan_version == 7


async def test_two_services_with_one_name_both_say_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "EVERY", 0.0)
    one, other = Reporting(database, "north"), Reporting(database, "north")
    await one.say(7, 3, 0, "")
    await other.say(7, 3, 0, "")
    assert (one.namesake, other.namesake) == ("", ""), "the second may be the first, started again"
    for _ in range(2):
        await one.say(7, 3, 0, "")
        await other.say(7, 3, 0, "")
    for each in (one, other):
        assert "another service says that it is node north" in each.namesake
        assert "AIGUILLAGE_NODE" in each.namesake
    for _ in range(2):
        await other.say(7, 3, 0, "")
    assert other.namesake == "", "the other one is gone"
