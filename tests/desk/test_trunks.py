"""Operators that go and come back; one that never answers what it is asked is none that went."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

import pytest

from aiguillage.asterisk import trunks as asterisk
from aiguillage.asterisk.trunks import TrunkStatus
from aiguillage.desk import webhooks
from aiguillage.desk.editing import Editor
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.receivers import PUBLIC
from aiguillage.desk.trunks import Trunks
from aiguillage.desk.webhooks import Event, Wish
from aiguillage.errors import AsteriskUnavailable
from aiguillage.store.database import Database

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
