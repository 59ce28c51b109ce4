"""Day after day in some minutes: what the service and Asterisk hold does not grow with the calls."""

import asyncio
import contextlib
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiguillage.asterisk.fastagi import exchange
from aiguillage.simulator.telephones import Telephones
from tests.calls.system import System
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load
from tests.chaos.test_service import PRESIDENT

pytestmark = pytest.mark.xdist_group("chaos")
CALLS, DECISIONS, PER_SECOND = (10_000, 100_000, 20) if LONG else (120, 1_000, 15)
AT_ONCE = 20
LOOK_EVERY = 2.0 if LONG else 0.2
"""Seconds."""
RUDE = 10
"""One caller in so many hangs up as soon as it likes, asked or not, answered or not."""
PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1 << 20


@dataclass
class Watch:
    """What processes hold while it lasts: megabytes of memory and file descriptors, by name."""

    pids: dict[str, int]
    memory: dict[str, list[float]] = field(default_factory=dict)
    files: dict[str, list[float]] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def while_it_lasts(self) -> AsyncIterator[None]:
        async def again_and_again() -> None:
            while True:
                self.look()
                await asyncio.sleep(LOOK_EVERY)

        watching = asyncio.create_task(again_and_again())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            self.look()

    def look(self) -> None:
        for name, pid in self.pids.items():
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            self.memory.setdefault(name, []).append(pages * PAGE / MEGABYTE)
            self.files.setdefault(name, []).append(len(list(Path(f"/proc/{pid}/fd").iterdir())))

    def __str__(self) -> str:
        return "; ".join(
            f"{name}: {memory[-1]:.0f} MB, grown by {growth(memory):+.1f} % in the second half, "
            f"{self.files[name][0]:.0f} files before and {self.files[name][-1]:.0f} after"
            for name, memory in self.memory.items()
        )


def growth(samples: Sequence[float]) -> float:
    """Per cent by which the straight line through the second half rises within it."""
    half = samples[len(samples) // 2 :]
    line = statistics.linear_regression(range(len(half)), half)
    return 100 * line.slope * (len(half) - 1) / half[0]


async def decisions(system: System, number: int) -> None:
    header = {"agi_channel": "PJSIP/operator-1", "agi_callerid": PRESIDENT, "agi_context": "ask"}
    arguments = {"agi_arg_1": "+3271000001", "agi_arg_2": "", "agi_arg_3": ""}

    async def some(first: int) -> None:
        for each in range(first, number, AT_ONCE):
            who = {"agi_uniqueid": f"{time.time():.0f}.{each}"}
            await exchange("127.0.0.1", system.settings.agi_port, "inbound", header | who | arguments)

    await asyncio.gather(*(some(first) for first in range(AT_ONCE)))


async def rude_callers(phones: Telephones, number: int, per_second: float) -> None:
    chance = random.Random(number)
    for _ in range(number):
        leg = await phones.call("+32471000202", "+3271000001")
        await asyncio.sleep(chance.random() / per_second)
        await leg.hang_up()


@pytest.mark.timeout(3000)
async def test_nothing_grows_with_the_calls(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    watch = Watch({"service": system.service_pid, "Asterisk": system.asterisk_pid})
    async with watch.while_it_lasts():
        await decisions(system, DECISIONS)
    tell(f"{DECISIONS:,} decisions: {watch}")
    calls = Watch(watch.pids)
    async with calls.while_it_lasts():
        rude = asyncio.create_task(rude_callers(phones, CALLS // RUDE, PER_SECOND / RUDE))
        polite = [PRESIDENT] * (CALLS - CALLS // RUDE)
        found = await load(system, tmp_path, polite, office_hours, PER_SECOND)
        await rude
        await asyncio.sleep(5)
    tell(f"{CALLS:,} calls, {CALLS // RUDE:,} of them rude: {found}; {calls}")
    assert found.failed == 0, found.said
    for name, files in calls.files.items():
        assert files[-1] <= files[0] + 4, f"{name} keeps files open"
    if LONG:
        assert max(growth(each) for each in calls.memory.values()) < 5
    assert "0 active channels" in await asyncio.to_thread(system.asterisk.console, "core show channels count")
