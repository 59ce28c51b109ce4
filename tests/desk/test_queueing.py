"""Asterisk's queues follow people: who is away is paused, who did not answer rests."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from aiguillage.asterisk.queues import NotAnswered
from aiguillage.desk import queueing as queueing_module
from aiguillage.desk.queueing import Queueing
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import AsteriskUnavailable
from aiguillage.routing import plan as p
from aiguillage.routing.numbers import E164
from aiguillage.routing.presence import AVAILABLE, Presence
from tests.unit.builders import keyed, person, small_plan
from tests.unit.examples import CENTRAL

PLAN = small_plan(
    people=[person("tom"), person("ann"), person("bob")],
    queues=keyed(
        p.Queue("desk", "Desk", ("tom", "ann"), "leastrecent"),
        p.Queue("shop", "Shop", ("tom",), "ringall"),
    ),
)
AWAY = Presence("away")
ALL_FREE = ["desk tom on", "desk ann on", "shop tom on"]


class FakeManager:
    """Tells in words the actions that change something; `down`: does not answer. `calls` are in progress."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.forwards: dict[str, str] = {}
        self.down = False
        self.calls = 0

    async def action(self, name: str, **fields: str) -> Mapping[str, str]:
        await asyncio.sleep(0)
        if self.down:
            raise AsteriskUnavailable("down")
        if name == "QueuePause":
            member = fields["Interface"].removeprefix("Local/").removesuffix("@member/n")
            state = f"off: {fields['Reason']}" if fields["Paused"] == "true" else "on"
            self.told.append(f"{fields['Queue']} {member} {state}")
        elif name == "DBPut" and self.forwards.get(fields["Key"], "") != fields["Val"]:
            self.forwards[fields["Key"]] = fields["Val"]
            self.told.append(f"{fields['Key']} -> {fields['Val']}")
        elif name == "Setvar":
            self.told.append(f"{fields['Variable'].removeprefix('DEVICE_STATE(Custom:')[:-1]} {fields['Value']}")
        return {"CoreCurrentCalls": str(self.calls)}

    def news(self) -> list[str]:
        """What was told since the last look."""
        told, self.told = self.told, []
        return told


def with_states(**states: Presence) -> Snapshot:
    return Snapshot(PLAN, 1, presences=states)


@pytest.fixture
def manager() -> FakeManager:
    return FakeManager()


@pytest.fixture
async def queueing(manager: FakeManager) -> Queueing:
    """Everybody is known to be free."""
    started = Queueing(manager)
    await started.follow(with_states())
    assert manager.news() == ALL_FREE
    return started


# --- pauses ---


async def test_who_is_away_is_paused_once_in_each_queue_and_nobody_else(
    queueing: Queueing, manager: FakeManager
) -> None:
    for _ in range(3):
        await queueing.follow(with_states(tom=AWAY, bob=AWAY))
    assert manager.news() == ["desk tom off: away", "shop tom off: away"]


@pytest.mark.parametrize("state", ["away", "do not disturb"])
async def test_whoever_cannot_be_rung_is_paused_with_the_reason(
    queueing: Queueing, manager: FakeManager, state: Literal["away", "do not disturb"]
) -> None:
    await queueing.follow(with_states(ann=Presence(state)))
    assert manager.news() == [f"desk ann off: {state}"]


async def test_the_calls_of_who_forwards_ring_there_once_told_and_back_again(
    queueing: Queueing, manager: FakeManager
) -> None:
    forwarded = with_states(ann=Presence("forwarded", forward_to=E164("+32470000199")))
    await queueing.follow(forwarded)
    await queueing.follow(forwarded)
    assert manager.news() == ["ann -> Local/+32470000199*operator*ann*fr@gsm/n"]
    await queueing.follow(with_states())
    assert manager.news() == ["ann -> "]


async def test_who_forwards_to_a_number_that_cannot_be_rung_is_paused(queueing: Queueing, manager: FakeManager) -> None:
    await queueing.follow(with_states(ann=Presence("forwarded", forward_to=CENTRAL)))
    assert manager.news() == ["desk ann off: forwarded"]


async def test_who_is_available_again_is_rung_again(queueing: Queueing, manager: FakeManager) -> None:
    await queueing.follow(with_states(ann=AWAY))
    await queueing.follow(with_states(ann=AVAILABLE))
    await queueing.follow(with_states())
    assert manager.news() == ["desk ann off: away", "desk ann on"]


async def test_a_pause_ends_when_its_time_is_over(queueing: Queueing, manager: FakeManager) -> None:
    brief = with_states(ann=Presence("away", datetime.now(UTC) + timedelta(milliseconds=50)))
    await queueing.follow(brief)
    assert manager.news() == ["desk ann off: away"]
    await asyncio.sleep(0.06)
    await queueing.follow(brief)
    assert manager.news() == ["desk ann on"]


async def test_a_pause_that_asterisk_did_not_take_is_told_again(queueing: Queueing, manager: FakeManager) -> None:
    manager.down = True
    await queueing.follow(with_states(ann=AWAY))
    manager.down = False
    await queueing.follow(with_states(ann=AWAY))
    await queueing.follow(with_states(ann=AWAY))
    assert manager.news() == ["desk ann off: away"]


async def test_after_the_queues_were_read_again_everybody_is_told_once_more(
    queueing: Queueing, manager: FakeManager
) -> None:
    """Nobody knows which pauses Asterisk has kept."""
    await queueing.follow(with_states(ann=AWAY, tom=AWAY))
    manager.news()
    await queueing.reloaded(with_states(tom=AWAY))
    assert manager.news() == ["desk tom off: away", "desk ann on", "shop tom off: away"]
    await queueing.follow(with_states(tom=AWAY))
    assert manager.news() == []


async def test_a_service_that_starts_beside_a_running_asterisk_ends_pauses_of_a_time_before(
    manager: FakeManager,
) -> None:
    manager.calls = 1
    await Queueing(manager).start_afresh(with_states(tom=AWAY))
    assert manager.news() == [
        "rest-ann NOT_INUSE",
        "rest-tom NOT_INUSE",
        "desk tom off: away",
        "desk ann on",
        "shop tom off: away",
    ]


async def test_no_gsm_is_in_use_where_asterisk_has_no_call(manager: FakeManager) -> None:
    await Queueing(manager).start_afresh(with_states())
    reset = ["rest-ann NOT_INUSE", "gsm-ann NOT_INUSE", "rest-tom NOT_INUSE", "gsm-tom NOT_INUSE"]
    assert manager.news() == [*reset, *ALL_FREE]


async def test_an_asterisk_that_goes_away_again_harms_nobody(manager: FakeManager) -> None:
    manager.down = True
    await Queueing(manager).start_afresh(with_states(tom=AWAY))
    assert manager.news() == []


# --- rests ---


async def rested(queueing: Queueing) -> None:
    """After the rests that have begun."""
    await asyncio.gather(*queueing._resting.values())


@pytest.fixture
def brief_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queueing_module, "REST_SECONDS", 0.02)


@pytest.mark.usefixtures("brief_rests")
async def test_who_did_not_answer_rests_for_a_moment(queueing: Queueing, manager: FakeManager) -> None:
    queueing.not_answered(NotAnswered("desk", "tom"), with_states())
    await rested(queueing)
    assert manager.news() == ["rest-tom INUSE", "rest-tom NOT_INUSE"]


@pytest.mark.parametrize("strategy", [each for each in p.STRATEGIES if each != "leastrecent"])
async def test_nobody_rests_where_the_queue_rings_others_anyway(
    queueing: Queueing, manager: FakeManager, strategy: p.Strategy
) -> None:
    desk = replace(PLAN.queues["desk"], strategy=strategy)
    queueing.not_answered(NotAnswered("desk", "tom"), Snapshot(replace(PLAN, queues=keyed(desk)), 1))
    assert not queueing._resting
    assert manager.news() == []


@pytest.mark.parametrize("queue, member", [("gone", "tom"), ("desk", "bob"), ("desk", ""), ("", "")])
async def test_nobody_rests_whom_the_plan_has_not_in_that_queue(queueing: Queueing, queue: str, member: str) -> None:
    queueing.not_answered(NotAnswered(queue, member), with_states())
    assert not queueing._resting


@pytest.mark.usefixtures("brief_rests")
async def test_a_rest_that_asterisk_does_not_take_harms_nobody(queueing: Queueing, manager: FakeManager) -> None:
    manager.down = True
    queueing.not_answered(NotAnswered("desk", "tom"), with_states())
    await rested(queueing)
    assert manager.news() == []
