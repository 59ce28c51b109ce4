"""Asterisk asks about a call: one command back, and one record for the journal."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk.announcing import Announcing
from aiguillage.desk.answering import Answering
from aiguillage.desk.journalling import Journalling
from aiguillage.desk.memory import Memory
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import Unavailable
from aiguillage.routing.itinerary import Itinerary
from aiguillage.routing.plan import Plan
from aiguillage.store.database import Database
from aiguillage.store.journal import DecisionRecord
from tests.unit.examples import DIRECTORY, PLAN

SNAPSHOT = Snapshot(PLAN, 3, DIRECTORY, 1)
RUSH = "2026-11-24T15:30:00"


class FakeJournalling:
    def __init__(self) -> None:
        self.decisions: list[DecisionRecord] = []

    def decided(self, decision: DecisionRecord) -> None:
        self.decisions.append(decision)

    def decided_so(self, decision: DecisionRecord, describe: Callable[[], DecisionRecord]) -> None:
        self.decided(describe())


class SilentAnnouncing:
    def sounds_for(self, itinerary: Itinerary, plan: Plan, decision: str = "") -> str:
        return ""


def answering_with(
    journal: FakeJournalling, *, snapshot: Snapshot | None = SNAPSHOT, simulation: bool = False
) -> Answering:
    journalling = cast("Journalling", journal)
    return Answering(
        snapshot=lambda: snapshot,
        database=cast("Database", None),
        journalling=journalling,
        memory=Memory(journalling),
        announcing=cast("Announcing", SilentAnnouncing()),
        presence_changed=lambda person, presence: None,
        daily_calls=100,
        simulation=simulation,
    )


def header(caller: str = "+32471000201", *args: str) -> AgiHeader:
    """What Asterisk tells of a call; `args` are the number dialled and the time that a simulated call brings."""
    return AgiHeader(
        script="inbound",
        uniqueid="1796000000.1",
        channel="PJSIP/operator-00000001",
        caller=caller,
        caller_name="",
        called="s",
        context="from-trunk",
        language="en",
        args=args or ("+3271000001",),
    )


async def asked(question: AgiHeader, *, simulation: bool = False) -> tuple[str, DecisionRecord]:
    """The command, and the one record that the journal got."""
    journal = FakeJournalling()
    answering = answering_with(journal, simulation=simulation)
    command = answering.inbound(question)
    (record,) = journal.decisions
    return command, record


async def test_one_command_carries_the_whole_itinerary_and_the_decisions_id() -> None:
    command, record = await asked(header())
    assert re.fullmatch(r'EXEC MSet "[^"\n]*,ROUTE_OK=1"', command)
    assert f"DECISION={record.id}" in command
    assert (record.call, record.kind, record.caller, record.called, record.plan_version) == (
        "1796000000.1",
        "inbound",
        "+32471000201",
        "+3271000001",
        3,
    )
    assert record.at.tzinfo is not None
    assert record.trace["caller"]["name"] == "Anne Lambert"
    assert record.itinerary[-1]["kind"] == "voicemail"  # what comes before depends on the time of day


async def test_a_simulated_call_brings_its_time_where_simulation_is_on() -> None:
    command, record = await asked(header("+32499000001", "+3271000001", RUSH), simulation=True)
    assert (record.kind, record.route) == ("simulated", "rush hour")
    assert record.trace["at"] == "2026-11-24T15:30:00+01:00"
    assert "STEP_1_PROMPT=welcome" in command


async def test_the_time_that_a_call_brings_is_not_honoured_in_earnest() -> None:
    _, record = await asked(header("+32499000001", "+3271000001", RUSH))
    assert record.kind == "inbound"
    assert not record.trace["at"].startswith("2026-11-24T15:30")


@pytest.mark.parametrize(
    "time_of_day", ["", "tomorrow", "2026-11-24", "2026-11-24T15:30+01:00", "2026-02-30T10:00", "2026-11-24T25:00"]
)
async def test_a_time_that_is_none_is_now(time_of_day: str) -> None:
    _, record = await asked(header("+32499000001", "+3271000001", time_of_day), simulation=True)
    assert record.kind == "inbound"


@pytest.mark.parametrize("time_of_day", ["0000-01-01T00:00", "0001-01-01T00:00", "9999-12-31T23:59"])
async def test_a_time_at_the_end_of_the_calendar_still_has_an_answer(time_of_day: str) -> None:
    command, _ = await asked(header("+32499000001", "+3271000001", time_of_day), simulation=True)
    assert command.endswith(',ROUTE_OK=1"')


@pytest.mark.parametrize("spelling", ["+32471000201", "0032471000201", "0471000201", "32471000201", "471000201"])
async def test_a_caller_is_known_in_every_spelling_of_the_operators(spelling: str) -> None:
    _, record = await asked(header(spelling))
    assert record.caller == "+32471000201"
    assert record.trace["caller"]["name"] == "Anne Lambert"


@pytest.mark.parametrize("caller", ["", "anonymous", "Restricted", "1;drop", "é" * 400, "+" + "9" * 40])
async def test_a_caller_without_a_number_is_one_who_withholds_it(caller: str) -> None:
    _, record = await asked(header(caller))
    assert record.caller is None


@pytest.mark.parametrize("called", ["+3271000002", "003271000002", "071000002", "3271000002"])
async def test_our_number_is_known_in_every_spelling_too(called: str) -> None:
    _, record = await asked(header("+32499000001", called, "2026-11-24T10:00"), simulation=True)
    assert (record.called, record.route) == ("+3271000002", "shop")


async def test_a_number_that_is_none_of_ours_still_has_an_answer() -> None:
    command, record = await asked(header("+32499000001", "s"))
    assert record.called == "s"
    assert "ROUTE_OK=1" in command


async def test_a_question_without_arguments_still_has_an_answer() -> None:
    command, record = await asked(replace(header(), args=()))
    assert record.called == ""
    assert "ROUTE_OK=1" in command


async def test_without_a_plan_in_memory_asterisk_is_told_so_and_nothing_is_journalled() -> None:
    journal = FakeJournalling()
    answering = answering_with(journal, snapshot=None)
    for ask in (answering.inbound, answering.alive):
        with pytest.raises(Unavailable, match="no plan in memory yet"):
            ask(header())
    assert journal.decisions == []


async def test_a_health_check_decides_nothing() -> None:
    journal = FakeJournalling()
    answering = answering_with(journal)
    assert answering.alive(header()) == "NOOP"
    assert journal.decisions == []
