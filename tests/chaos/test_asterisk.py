"""Asterisk is killed under load, or is alive and deaf, or loses its files: it is told, and mended where we can."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguillage.simulator.telephones import Telephones
from tests.calls.system import System
from tests.calls.test_live import viewer
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load

pytestmark = pytest.mark.xdist_group("chaos")
PER_SECOND = 20
PRESIDENT = "+32471000201"
CENTRAL = "+3271000001"
FOUND_WITHIN = 30
"""Seconds after which a deaf Asterisk is told, at most."""


async def until(what: str, holds: Callable[[], bool], seconds: float) -> float:
    """The seconds that it took until that held."""
    began = time.monotonic()
    while not await asyncio.to_thread(holds):
        assert time.monotonic() - began < seconds, f"after {seconds:.0f} s: not yet {what}"
        await asyncio.sleep(0.2)
    return time.monotonic() - began


def is_well(system: System) -> bool:
    """Asterisk has its files, and has answered a test call."""
    found = system.readiness()
    return all(found[part]["ok"] for part in ("ami", "provisioning")) and "answered" in found["sip"]["reason"]


@pytest.mark.timeout(400)
async def test_calls_are_answered_again_as_soon_as_a_killed_asterisk_is_back(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    await until("well", lambda: is_well(system), 30)
    view = viewer(system)
    for round_ in range(5 if LONG else 1):
        folder = tmp_path / str(round_)
        folder.mkdir()
        calling = asyncio.create_task(load(system, folder, [PRESIDENT] * (5 * PER_SECOND), office_hours, PER_SECOND))
        await asyncio.sleep(2.5)
        system.asterisk.signal(signal.SIGKILL)
        killed = time.monotonic()
        assert await asyncio.to_thread(system.asterisk.wait_gone, 5)
        noticed = await until("told that Asterisk is gone", lambda: not system.readiness()["ami"]["ok"], 10)
        await asyncio.to_thread(system.asterisk.start)
        back = time.monotonic()
        scene = {"X-Aiguillage-Simulator": "of-the-stage", "X-Aiguillage-At": office_hours}
        leg = await phones.call(PRESIDENT, CENTRAL, scene)
        await leg.wait_answered(20)
        assert leg.state == "answered", f"the first new call ended with {leg.status}"
        first = time.monotonic() - back
        await leg.hang_up()
        found = await calling
        mended = await until("well again", lambda: is_well(system), 60)
        ghosts = await until("without ghosts", lambda: view() == [], 20)
        tell(
            f"killed at {PER_SECOND} calls a second: gone is told after {noticed:.1f} s, Asterisk back after "
            f"{back - killed:.1f} s, first new call answered {first:.2f} s later, all well {mended:.1f} s after "
            f"the load, no ghost {ghosts:.1f} s after that; of the load {found}"
        )
    assert system.readiness()["provisioning"]["ok"]
    assert {each.who for each in phones.ringings if each.outcome == "answered"} == {"claire"}


@pytest.mark.timeout(200)
async def test_a_deaf_asterisk_is_found(system: System, phones: Telephones, tell: Tell) -> None:
    await until("well", lambda: is_well(system), 30)
    system.asterisk.signal(signal.SIGSTOP)
    try:
        found = await until("told", lambda: not system.readiness()["sip"]["ok"], FOUND_WITHIN)
    finally:
        system.asterisk.signal(signal.SIGCONT)
    assert "asterisk_takes_no_calls" in system.service_log()
    back = await until("told that it is well again", lambda: is_well(system), 60)
    tell(f"deaf is told after {found:.1f} s, well again {back:.1f} s after it hears")


@pytest.mark.timeout(200)
async def test_files_that_somebody_deletes_or_alters_are_written_again(
    system: System, phones: Telephones, office_hours: str, tell: Tell
) -> None:
    await until("well", lambda: is_well(system), 30)
    generated = system.asterisk.etc / "generated"
    before = {file.name: file.read_bytes() for file in generated.iterdir() if file.suffix == ".conf"}
    (generated / "pjsip.conf").write_text("; empty\n")
    altered = await until("as before", lambda: (generated / "pjsip.conf").read_bytes() == before["pjsip.conf"], 10)
    shutil.rmtree(generated)
    lost = await until("all there", lambda: {*before} <= {file.name for file in generated.glob("*")}, 25)
    assert {name: (generated / name).read_bytes() for name in before} == before
    told = "queues.conf, manager.conf, rtp.conf had been lost or altered, and were written again"
    await until("read again", lambda: told in system.readiness()["provisioning"]["reason"], 30)
    await until("well", lambda: is_well(system), 30)
    scene = {"X-Aiguillage-Simulator": "of-the-stage", "X-Aiguillage-At": office_hours}
    leg = await phones.call(PRESIDENT, CENTRAL, scene)
    await leg.wait_answered(10)
    assert leg.state == "answered", (leg.status, system.asterisk.problems()[-10:])
    await leg.hang_up()
    tell(f"an altered file is mended after {altered:.1f} s, a lost folder after {lost:.1f} s")
