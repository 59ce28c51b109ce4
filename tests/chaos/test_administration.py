"""Whatever administrators do in the same process, Asterisk has its answer in time."""

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from aiguillage.simulator.telephones import Telephones
from aiguillage.store import journal
from tests.admin.asking import token_for
from tests.calls.system import System
from tests.chaos.conftest import LONG, Tell
from tests.chaos.load import load
from tests.chaos.test_service import LONGEST, PRESIDENT

pytestmark = pytest.mark.xdist_group("chaos")
SECONDS = 60 if LONG else 8
PER_SECOND = 10
CONTACTS = 22_000
LOGINS_PER_SECOND = 20
Deed = Callable[[], Awaitable[httpx2.Response]]


def callers_csv() -> str:
    """A directory of invented people, a president in seven."""
    chance = random.Random(22)
    rows = (
        f"Personne {number},+32499{number:06},patro-jumet,{chance.choice(['president', *['parent'] * 6])},fr,"
        for number in range(CONTACTS)
    )
    return "name,numbers,unit,category,language,note\n" + "\n".join(rows)


@contextlib.asynccontextmanager
async def doing(name: str, deed: Deed, done: Counter[str], pause: float = 0) -> AsyncIterator[None]:
    """Again and again; with `pause`, in seconds, at that pace and without waiting for the one before."""
    running = set[asyncio.Task[None]]()

    async def once() -> None:
        answer = await deed()
        done[f"{name} {answer.status_code}"] += 1

    async def again_and_again() -> None:
        while True:
            task = asyncio.create_task(once())
            running.add(task)
            task.add_done_callback(running.discard)
            await (asyncio.sleep(pause) if pause else asyncio.wait({task}))

    work = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(*running, work, return_exceptions=True)


@pytest.mark.timeout(600)
async def test_administration_delays_no_call(
    system: System, phones: Telephones, office_hours: str, tmp_path: Path, tell: Tell
) -> None:
    """A directory of 22,000 is imported, the plan is proved, and twenty people a second sign in, all at once."""
    began = datetime.now(UTC)
    base = f"http://127.0.0.1:{system.settings.http_port}/api/v1"
    csv, numbers, done = callers_csv(), itertools.count(), Counter[str]()
    headers = {"Authorization": f"Bearer {token_for(system.database, began)}"}
    async with httpx2.AsyncClient(timeout=60, headers=headers) as client:

        async def imports() -> httpx2.Response:
            more = {"Content-Type": "text/csv", "If-Match": "*"}
            return await client.post(f"{base}/contacts/import?mode=add&dry_run=false", content=csv, headers=more)

        async def proves() -> httpx2.Response:
            return await client.get(f"{base}/plan/check")

        async def signs_in() -> httpx2.Response:
            """Each from an address of its own: who tries often is refused before anything is hashed."""
            number = next(numbers)
            address = f"127.0.{number // 250}.{number % 250 + 1}"
            transport = httpx2.AsyncHTTPTransport(local_address=address, verify=False)
            guess = {"user": f"nobody-{number}", "password": "a guess of theirs"}
            async with httpx2.AsyncClient(transport=transport, timeout=60) as stranger:
                return await stranger.post(f"{base}/session", json=guess)

        async with (
            doing("import", imports, done),
            doing("proof", proves, done),
            doing("login", signs_in, done, 1 / LOGINS_PER_SECOND),
        ):
            found = await load(system, tmp_path, [PRESIDENT] * (SECONDS * PER_SECOND), office_hours, PER_SECOND)
    decided = _decided(system, len(found.answered), began)
    tell(f"beside {dict(done)}: {found}; {decided} decided by the service, the others by Asterisk's timetable")
    assert found.failed == 0, found.said
    assert max(found.answered) <= LONGEST
    assert {each.who for each in phones.ringings} == {"claire"}
    assert min(done["import 200"], done["proof 200"], done["login 401"]) > 0, done
    if LONG:
        assert decided == len(found.answered)


def _decided(system: System, number: int, since: datetime) -> int:
    """How many of the calls the service has answered, once the journal has written them."""
    for _ in range(50):
        with system.database.reading() as session:
            found = len({each.call for each in journal.recent(session, number * 2) if each.at >= since})
        if found >= number:
            break
        time.sleep(0.2)
    return found
