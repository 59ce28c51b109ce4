"""The journal has every call once, whatever becomes of the service, of its link to Asterisk, and of Asterisk."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.desk import recalling
from aiguillage.desk.recalling import CallInBrief
from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal
from tests.calls.system import System
from tests.chaos.conftest import LONG, Tell
from tests.chaos.cuts import cut_every, over_a_line
from tests.chaos.load import load
from tests.chaos.test_service import PRESIDENT, killed_every

pytestmark = pytest.mark.xdist_group("chaos")
PER_SECOND = 8
"""The system of a test has RTP ports for some twenty calls at once, and a busy machine keeps calls long."""
SHOP = "+3271000002"
"""Tom answers there, whoever calls."""
SETTLED_SECONDS = 40.0
"""After the last call, on a busy machine: the link is up again, and the file is read."""


def callers(number: int) -> list[str]:
    """Each calls once, so that the journal can be compared call by call."""
    return [f"+32499{each:06d}" for each in range(number)]


def calls_since(system: System, since: datetime) -> list[CallInBrief]:
    found: list[CallInBrief] = []
    page = recalling.page(system.database, recalling.Wanted(since=since), None, None, 1000)
    found += page.calls
    while page.following:
        page = recalling.page(system.database, recalling.Wanted(since=since), None, page.following, 1000)
        found += page.calls
    return found


async def settled(system: System, since: datetime, wanted: Sequence[str]) -> list[CallInBrief]:
    """The calls of the journal, once all have come and ended, or after SETTLED_SECONDS."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        found = await asyncio.to_thread(calls_since, system, since)
        whole = {each.placed.caller for each in found} >= set(wanted)
        if (whole and all(each.seconds is not None for each in found)) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.5)


def events_of(system: System, found: Sequence[CallInBrief]) -> Counter[tuple[str, str]]:
    """How often each call was answered, and ended."""
    with system.database.reading() as session:
        told = [event for each in found for event in journal.story(session, each.placed.call)]
    return Counter((each.call, each.kind) for each in told if each.kind in {"answered", "call-ended"})


async def has_every_call_once(system: System, since: datetime, wanted: Sequence[str]) -> Counter[str]:
    """Who steered them."""
    found = await settled(system, since, wanted)
    assert Counter(each.placed.caller for each in found) == Counter(wanted)
    assert {each.placed.called for each in found} == {SHOP}
    assert Counter(each.outcome for each in found) == {"answered": len(wanted)}
    assert {each.person for each in found} == {"tom"}
    assert all(each.seconds is not None and each.seconds >= 0.3 for each in found)
    assert set(events_of(system, found).values()) == {1}
    return Counter(each.steered_by for each in found)


@pytest.mark.timeout(400)
async def test_the_link_is_cut_under_load(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    wanted, since = callers(1200 if LONG else 120), datetime.now(UTC)
    async with over_a_line(system) as line:
        async with cut_every(1.4, line):
            found = await load(system, tmp_path, wanted, office_hours, PER_SECOND, SHOP)
        assert (len(found.answered), found.failed) == (len(wanted), 0), found.said
        assert line.cuts >= (100 if LONG else 4)
        steered = await has_every_call_once(system, since, wanted)
        tell(f"cut {line.cuts} times: {found}; the journal has {len(wanted)} calls, steered by {dict(steered)}")
    assert steered == {"service": len(wanted)}


@pytest.mark.timeout(400)
async def test_the_service_is_killed_under_load(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    wanted, since = callers(800 if LONG else 120), datetime.now(UTC)
    async with killed_every(4, system) as done:
        found = await load(system, tmp_path, wanted, office_hours, PER_SECOND, SHOP)
    assert (len(found.answered), found.failed) == (len(wanted), 0), found.said
    steered = await has_every_call_once(system, since, wanted)
    tell(f"killed {done['killed']} times: {found}; the journal has {len(wanted)} calls, steered by {dict(steered)}")
    assert steered["timetable"] > 0


@pytest.mark.timeout(200)
async def test_calls_of_a_killed_asterisk_end(system: System, phones: Telephones, office_hours: str) -> None:
    """No BYE, no event, no line in its file: they are over all the same once it is there again."""
    secret = system.settings.simulator_secret.get_secret_value()
    headers, since = {"X-Aiguillage-Simulator": secret, "X-Aiguillage-At": office_hours}, datetime.now(UTC)
    legs = [await phones.call(PRESIDENT, "+3271000001", headers) for _ in range(3)]
    for leg in legs:
        await leg.wait_answered(20)
    await asyncio.sleep(1)  # Asterisk has written who answered
    assert system.asterisk._process is not None
    system.asterisk._process.kill()
    await asyncio.to_thread(system.asterisk.stop)
    await asyncio.to_thread(system.asterisk.start)
    deadline = time.monotonic() + SETTLED_SECONDS
    while (found := await asyncio.to_thread(calls_since, system, since)) and time.monotonic() < deadline:
        ends = await asyncio.to_thread(events_of, system, found)
        if sum(number for (_, kind), number in ends.items() if kind == "call-ended") == len(legs):
            break
        await asyncio.sleep(0.5)
    assert len(found) == len(legs)
    assert set(ends.values()) == {1}
    assert {(each.outcome, each.person, each.seconds) for each in found} == {("answered", "claire", None)}
    for leg in legs:
        await leg.hang_up()
