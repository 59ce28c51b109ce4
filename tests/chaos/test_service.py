"""An operator kills the service at rush hour, or it freezes; no caller notices."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aiguillage.simulator.telephones import Telephones
from tests.calls.system import System
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load

pytestmark = pytest.mark.xdist_group("chaos")
PER_SECOND = 20
LONGEST = 1700 if LONG else 6000
"""Milliseconds that a caller waits for us at most, whatever we do; more beside all other tests, on a busy machine."""
PRESIDENT = "+32471000201"
"""Of a group in Hainaut: Claire answers for her, with the service and without it."""


@contextlib.asynccontextmanager
async def killed_every(seconds: float, system: System) -> AsyncIterator[Counter[str]]:
    """With SIGKILL, and started again."""
    done = Counter[str]()

    async def again_and_again() -> None:
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(system.kill_service)
            done["killed"] += 1
            await asyncio.to_thread(system.start_service)

    task = asyncio.create_task(again_and_again())
    try:
        yield done
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)


@pytest.mark.timeout(400)
async def test_no_caller_notices_that_the_service_is_killed(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    number = 2000 if LONG else 240
    async with killed_every(5, system) as done:
        found = await load(system, tmp_path, [PRESIDENT] * number, office_hours, PER_SECOND)
    tell(f"killed {done['killed']} times: {found}")
    assert done["killed"] >= number // PER_SECOND // 10
    assert (len(found.answered), found.failed) == (number, 0), found.said
    assert max(found.answered) <= LONGEST
    assert {each.who for each in phones.ringings} == {"claire"}


@pytest.mark.timeout(400)
async def test_a_frozen_service_costs_a_caller_its_deadline_and_no_more(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    seconds = 60 if LONG else 8
    system.freeze_service()
    try:
        found = await load(system, tmp_path, [PRESIDENT] * (seconds * PER_SECOND), office_hours, PER_SECOND)
    finally:
        system.thaw_service()
    tell(f"frozen for {seconds} s: {found}")
    assert found.failed == 0, found.said
    assert max(found.answered) <= LONGEST
    assert {each.who for each in phones.ringings} == {"claire"}
