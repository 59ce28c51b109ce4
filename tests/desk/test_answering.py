import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aiguillage.asterisk.fastagi import AgiHeader
from aiguillage.desk.answering import Answering
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import Unavailable
from aiguillage.store.journal import DecisionRecord
from tests.published import empty, publish_example


class FakeJournalling:
    def __init__(self) -> None:
        self.decisions: list[DecisionRecord] = []

    def decided(self, decision: DecisionRecord) -> None:
        self.decisions.append(decision)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    database = empty(tmp_path)
    publish_example(database)
    snapshot = load_snapshot(database)
    database.close()
    return snapshot


def answering(snapshot: Snapshot | None, *, simulation: bool = True) -> tuple[Answering, FakeJournalling]:
    journalling: Any = FakeJournalling()
    return Answering(lambda: snapshot, journalling, simulation), journalling


def question(caller: str, *args: str) -> AgiHeader:
    return AgiHeader("inbound", "1.1", "PJSIP/x-1", caller, "", "s", "inbound", "fr", args)


async def test_the_answer_is_one_command_with_the_whole_itinerary(snapshot: Snapshot) -> None:
    deed, journal = answering(snapshot)
    command = await deed.inbound(question("+32471000201", "+3271000001", "2026-11-24T10:00:00"))
    assert command.startswith('EXEC MSet "DECISION=')
    assert "STEP_1_LEGS=claire@PJSIP/claire," in command
    assert command.endswith(',ROUTE_OK=1"')
    assert len(journal.decisions) == 1
    assert journal.decisions[0].route == "local leaders to their region"
    assert journal.decisions[0].kind == "simulated"
    assert journal.decisions[0].id in command


@pytest.mark.parametrize("caller", ["+32471000201", "0032471000201", "0471000201", "32471000201"])
async def test_operators_may_write_the_number_as_they_like(snapshot: Snapshot, caller: str) -> None:
    deed, journal = answering(snapshot)
    await deed.inbound(question(caller, "071000001", "2026-11-24T10:00:00"))
    assert (journal.decisions[0].caller, journal.decisions[0].called) == ("+32471000201", "+3271000001")


@pytest.mark.parametrize("asked", ["", "tomorrow", "2026-13-01T10:00", "2026-11-24T10:00;x"])
async def test_a_time_of_day_that_is_none_is_not_honoured(snapshot: Snapshot, asked: str) -> None:
    deed, journal = answering(snapshot)
    await deed.inbound(question("+32471000201", "+3271000001", asked))
    assert journal.decisions[0].kind == "inbound"


async def test_no_time_of_day_is_honoured_without_the_setting(snapshot: Snapshot) -> None:
    deed, journal = answering(snapshot, simulation=False)
    await deed.inbound(question("+32471000201", "+3271000001", "2001-01-01T10:00:00"))
    asked = datetime.fromisoformat(journal.decisions[0].trace["at"])
    assert abs((asked - journal.decisions[0].at).total_seconds()) < 1


@pytest.mark.parametrize("caller", ["", "anonymous", "x" * 40, "+32471\n000201", "'; --"])
async def test_an_odd_caller_is_one_who_withholds_the_number(snapshot: Snapshot, caller: str) -> None:
    deed, journal = answering(snapshot)
    command = await deed.inbound(question(caller, "+3271000001", "2026-11-24T10:00:00"))
    assert journal.decisions[0].caller is None
    assert not re.search(r"[\r\n\0]", command)


async def test_without_a_plan_asterisk_takes_its_own_timetable() -> None:
    deed, journal = answering(None)
    with pytest.raises(Unavailable):
        await deed.inbound(question("+32471000201", "+3271000001"))
    with pytest.raises(Unavailable):
        await deed.alive(question("", ""))
    assert journal.decisions == []
