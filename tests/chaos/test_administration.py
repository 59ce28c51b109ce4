"""Whatever administrators do in the same process, Asterisk has its answer in time."""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal
from aiguillage.store.once import RECOVERED
from tests.admin.asking import token_for
from tests.calls.system import System
from tests.chaos.administering import administer
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load
from tests.chaos.test_service import LONGEST, PRESIDENT

pytestmark = pytest.mark.xdist_group("chaos")
SECONDS = 60 if LONG else 8
PER_SECOND = 10


@pytest.mark.timeout(600)
async def test_administration_delays_no_call(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    """A directory of 22,000 is imported, the plan is proved, and twenty people a second sign in, all at once."""
    began = datetime.now(UTC)
    base = f"http://127.0.0.1:{system.settings.http_port}/api/v1"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        administrators = asyncio.get_running_loop().run_in_executor(
            pool, administer, base, token_for(system.database, began), SECONDS
        )
        found = await load(system, tmp_path, [PRESIDENT] * (SECONDS * PER_SECOND), office_hours, PER_SECOND)
        done = await administrators
    decided = _decided(system, len(found.answered), began)
    tell(f"beside {dict(done)}: {found}; {decided} decided by the service, the others by Asterisk's timetable")
    assert found.failed == 0, found.said
    assert max(found.answered) <= LONGEST
    assert {each.who for each in phones.ringings} == {"claire"}
    assert min(done["import 200"], done["proof 200"], done["login 401"]) > 0, done
    if LONG:
        assert decided == len(found.answered), [line for line in system.service_log().splitlines() if "agi_" in line]


def _decided(system: System, number: int, since: datetime) -> int:
    """How many of the calls the service has answered, once the journal has written them."""
    for _ in range(50):
        with system.database.reading() as session:
            recent = [each for each in journal.recent(session, number * 2) if each.at >= since]
        found = len({each.call for each in recent if RECOVERED not in each.trace})
        if found >= number:
            break
        time.sleep(0.2)
    return found
