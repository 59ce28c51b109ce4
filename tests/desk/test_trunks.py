"""Operators that go and come back; one that never answers what it is asked is none that went."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from aiguillage.asterisk import trunks as asterisk
from aiguillage.asterisk.trunks import TrunkStatus
from aiguillage.desk import auditing, editing, webhooks
from aiguillage.desk.editing import Editor
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.receivers import PUBLIC
from aiguillage.desk.trunk_passwords import set_password
from aiguillage.desk.trunks import Trunks
from aiguillage.desk.webhooks import Event, Wish
from aiguillage.errors import AsteriskUnavailable, NotFound, Refused
from aiguillage.routing.document import dump
from aiguillage.store import trunk_passwords
from aiguillage.store.database import Database
from tests.unit.examples import PLAN

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
UP, DOWN = TrunkStatus("operator", answers=True), TrunkStatus("operator", answers=False)


class FakeManager:
    """`states`: those of devices; None: Asterisk is away."""

    def __init__(self, states: Mapping[str, str] | None) -> None:
        self.states = states

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        if self.states is None:
            raise AsteriskUnavailable("away")
        device = fields["Variable"].removeprefix("DEVICE_STATE(PJSIP/").removesuffix(")")
        return {"Value": self.states[device]}


async def told(database: Database, *heard: TrunkStatus, manager: FakeManager | None = None) -> list[str]:
    """The kinds of what webhooks are told, after a login and what was heard since."""
    webhooks.add(database, PUBLIC, "crm", Wish("https://crm.example/", get_args(Event)), Editor("tests"))
    journalling = Journalling(database)
    trunks = Trunks(journalling)
    if manager is not None:
        await trunks.look(manager, ["operator", "second"], NOON)
    for each in heard:
        trunks.heard(each, NOON)
        await journalling.close()
    found = webhooks.deliveries(database, "crm", 10)
    assert all(json.loads(each.payload)["data"] == {"trunk": "operator"} for each in found)
    return sorted(each.type for each in found)


@pytest.mark.parametrize(
    "heard, wanted",
    [
        ([UP], []),
        ([UP, UP], []),
        ([DOWN, DOWN], []),
        ([DOWN, UP], []),
        ([UP, DOWN], ["trunk.down"]),
        ([UP, DOWN, DOWN], ["trunk.down"]),
        ([UP, DOWN, UP], ["trunk.down", "trunk.up"]),
        ([UP, DOWN, UP, DOWN], ["trunk.down", "trunk.down", "trunk.up"]),
        ([UP, TrunkStatus("second", answers=False)], []),
    ],
)
async def test_only_what_changes_is_told(database: Database, heard: list[TrunkStatus], wanted: list[str]) -> None:
    assert await told(database, *heard) == wanted


async def test_who_answered_before_the_login_can_go_down_after_it(database: Database) -> None:
    asked = FakeManager({"watch_operator": "NOT_INUSE", "watch_second": "UNAVAILABLE"})
    assert await told(database, DOWN, TrunkStatus("second", answers=False), manager=asked) == ["trunk.down"]


async def test_a_login_to_an_asterisk_that_is_gone_again_does_no_harm(database: Database) -> None:
    assert await told(database, UP, manager=FakeManager(None)) == []


@pytest.mark.parametrize(
    "change, wanted",
    [
        ({}, DOWN),
        ({"ContactStatus": "Reachable"}, UP),
        ({"ContactStatus": "NonQualified"}, None),
        ({"ContactStatus": "Removed"}, None),
        ({"EndpointName": "operator"}, None),
        ({"EndpointName": "claire"}, None),
        ({"Event": "PeerStatus"}, None),
    ],
)
def test_what_an_event_says(change: Mapping[str, str], wanted: TrunkStatus | None) -> None:
    event = {"Event": "ContactStatus", "EndpointName": "watch_operator", "ContactStatus": "Unreachable"}
    assert asterisk.heard({**event, **change}) == wanted


class FakeLister:
    """`status` is what Asterisk says of the trunk that registers; empty: it has none."""

    def __init__(self) -> None:
        self.status = ""

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        raise AssertionError(name)

    async def listed(self, name: str) -> list[Mapping[str, str]]:
        assert name == "PJSIPShowRegistrationsOutbound"
        return [{"ObjectName": "operator", "Status": self.status}] if self.status else []


@pytest.mark.parametrize(
    "statuses, wanted, well",
    [
        (["Registered"], [], True),
        (["Unregistered", "Registered"], [], True),
        (["Rejected"], ["trunk.down"], False),
        (["Registered", "Rejected", "Rejected"], ["trunk.down"], False),
        (["Rejected", "Registered"], ["trunk.down", "trunk.up"], True),
        (["late", "Unregistered"], ["trunk.down"], False),
        (["late", ""], ["trunk.down"], False),
    ],
)
async def test_an_operator_that_does_not_let_us_register_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch, statuses: list[str], wanted: list[str], well: bool
) -> None:
    webhooks.add(database, PUBLIC, "crm", Wish("https://crm.example/", get_args(Event)), Editor("tests"))
    operator = replace(PLAN.trunks["operator"], registers_as="patro")
    plan = replace(PLAN, trunks={"operator": operator})
    monkeypatch.setattr("aiguillage.desk.trunks.LOOK_EVERY", -1)
    journalling, manager = Journalling(database), FakeLister()
    trunks = Trunks(journalling)
    for status in statuses:
        if status == "late":
            monkeypatch.setattr("aiguillage.desk.trunks.PATIENCE", -1)
            continue
        manager.status = status
        await trunks.follow(manager, plan, NOON)
    assert trunks.health.ok == well
    assert well or "operator" in trunks.health.reason
    await journalling.close()
    assert sorted(each.type for each in webhooks.deliveries(database, "crm", 10)) == wanted


def test_the_password_of_a_trunk_is_kept_and_in_no_plan_and_no_audit(database: Database) -> None:
    editing.apply(database, dump(PLAN))
    set_password(database, "operator", "not-a-secret", Editor("tests"), NOON)
    with database.reading() as session:
        assert trunk_passwords.kept(session, {"operator"}) == {"operator": "not-a-secret"}
    (entry,) = auditing.latest(database, 10, "trunks/operator")
    assert (entry.action, entry.before, entry.after) == ("set-password", None, None)
    assert "not-a-secret" not in str(editing.draft(database))
    for wrong in ("two words", "a;b", "line\nend", "é"):
        with pytest.raises(Refused):
            set_password(database, "operator", wrong, Editor("tests"), NOON)
    with pytest.raises(NotFound):
        set_password(database, "no-trunk", "secret", Editor("tests"), NOON)
    set_password(database, "operator", "", Editor("tests"), NOON)
    with database.reading() as session:
        assert trunk_passwords.kept(session, {"operator"}) == {}
