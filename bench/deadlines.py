"""Whether calls get their answers in time while the same process imports, proves and hashes.

The question is Asterisk's own, over TCP, twenty times a second; the service gives up at 1.0 s, Asterisk at 1.5 s.
"""

import asyncio
import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from aiguillage.asterisk.fastagi import ANSWER_SECONDS, exchange
from aiguillage.desk import accounts, passwords
from aiguillage.errors import AiguillageError
from aiguillage.store import accounts as stored_accounts
from aiguillage.store.accounts import StoredUser
from bench import federation
from bench.system import ROUTED, FederationSystem
from bench.timing import row

PER_SECOND = 20
LOGINS = 20
SECONDS = 12
PASSWORD = "a sentence for the bench"


@dataclass(frozen=True, slots=True)
class Asked:
    """Milliseconds of each answer; how many had none in time."""

    answered: Sequence[float]
    late: int

    def quantile(self, part: float) -> float:
        ordered = sorted(self.answered) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def measure(root: Path, seconds: float = SECONDS) -> None:
    with FederationSystem(root) as system:
        system.wait_until_quiet()
        now = datetime.now(UTC)
        token = accounts.create_token(system.database, accounts.NewToken("bench"), now)[1]
        _add_users(system, now)
        url = f"http://127.0.0.1:{system.settings.http_port}/api/v1"
        for what, loads in _loads(url, token, federation.contacts_csv()):
            asked, done = asyncio.run(_ask_under(system, loads, seconds))
            told = ", ".join(f"{number} {name}" for name, number in sorted(done.items()))
            print(f"AGI answers while {what}  ({told or 'nothing else was asked'})")
            for name, part in (("median", 0.5), ("99th percentile", 0.99), ("longest", 1.0)):
                row(f"  {what}: {name}", [asked.quantile(part)], "ms", limit=1000 * ANSWER_SECONDS)
            row(f"  {what}: without an answer", [asked.late], "")


def _loads(url: str, token: str, content: bytes) -> Iterator[tuple[str, list[Callable[[float], Counter[str]]]]]:
    importing, proving, signing_in = Importing(url, token, content), Proving(url, token), SigningIn(url)
    yield "nothing else is done", []
    yield "22,000 contacts are imported", [importing]
    yield "a plan is proved", [proving]
    yield "20 people a second sign in", [signing_in]
    yield "all three at once", [importing, proving, signing_in]


async def _ask_under(
    system: FederationSystem, loads: list[Callable[[float], Counter[str]]], seconds: float
) -> tuple[Asked, Counter[str]]:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(max(1, len(loads))) as pool:
        working = [loop.run_in_executor(pool, load, seconds) for load in loads]
        if working:
            await asyncio.sleep(1.0)  # until the other processes have begun
        asked = await _ask(system, seconds)
        done = sum(await asyncio.gather(*working), Counter[str]())
    await asyncio.to_thread(system.wait_until_quiet)
    return asked, done


async def _ask(system: FederationSystem, seconds: float) -> Asked:
    callers = itertools.cycle([each.numbers[0] for each in system.leaders()[::97]])
    answered: list[float] = []
    late = Counter[str]()

    async def ask(caller: str) -> None:
        began = time.perf_counter()
        header = {
            "agi_channel": "PJSIP/operator-00000001",
            "agi_uniqueid": f"bench.{time.time_ns()}",
            "agi_callerid": caller,
            "agi_context": "ask",
            "agi_arg_1": ROUTED,
            "agi_arg_2": "",
            "agi_arg_3": str(int(time.time())),
        }
        try:
            await exchange("127.0.0.1", system.settings.agi_port, "inbound", header)
        except AiguillageError as wrong:
            late[type(wrong).__name__] += 1
        else:
            answered.append(1000 * (time.perf_counter() - began))

    asking = []
    first = time.perf_counter()
    for number in range(int(seconds * PER_SECOND)):
        await asyncio.sleep(max(0.0, first + number / PER_SECOND - time.perf_counter()))
        asking.append(asyncio.create_task(ask(next(callers))))
    await asyncio.gather(*asking)
    return Asked(answered, late.total())


def _add_users(system: FederationSystem, now: datetime) -> None:
    hashed = passwords.hash_password("somebody", PASSWORD)
    with system.database.writing() as session:
        for number in range(LOGINS):
            stored_accounts.add_user(session, StoredUser(f"user-{number}", "", "receptionist", None, None, False, now))
            stored_accounts.change_user(session, f"user-{number}", password=hashed)


# --- In processes of their own -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Importing:
    """The whole directory, again and again, each time with other names."""

    url: str
    token: str
    content: bytes

    def __call__(self, seconds: float) -> Counter[str]:
        done, deadline = Counter[str](), time.monotonic() + seconds
        headers = {"authorization": f"Bearer {self.token}", "content-type": "text/csv", "if-match": "*"}
        with httpx2.Client(base_url=self.url, headers=headers, timeout=300) as client:
            while time.monotonic() < deadline:
                mark = f" {done.total()}x{os.getpid()}".encode()
                content = self.content.replace(b" Claessens", b" Claessens" + mark)
                answer = client.post("/contacts/import", params={"dry_run": "false"}, content=content)
                done["imports" if answer.status_code == 200 else f"imports refused ({answer.status_code})"] += 1
        return done


@dataclass(frozen=True)
class Proving:
    url: str
    token: str

    def __call__(self, seconds: float) -> Counter[str]:
        done, deadline = Counter[str](), time.monotonic() + seconds
        with httpx2.Client(base_url=self.url, headers={"authorization": f"Bearer {self.token}"}, timeout=300) as client:
            while time.monotonic() < deadline:
                answer = client.get("/plan/check")
                done["proofs" if answer.status_code == 200 else f"proofs refused ({answer.status_code})"] += 1
        return done


@dataclass(frozen=True)
class SigningIn:
    url: str

    def __call__(self, seconds: float) -> Counter[str]:
        done = Counter[str]()
        with ExitStack() as opened, ThreadPoolExecutor(2 * LOGINS) as pool:
            clients = [opened.enter_context(self._client(number)) for number in range(LOGINS)]

            def sign_in(number: int) -> None:
                given = {"user": f"user-{number % LOGINS}", "password": PASSWORD}
                try:
                    status = clients[number % LOGINS].post("/session", json=given).status_code
                except httpx2.HTTPError as wrong:
                    done[f"logins lost ({type(wrong).__name__})"] += 1
                else:
                    done["logins" if status == 201 else f"logins refused ({status})"] += 1

            first = time.monotonic()
            for number in range(int(seconds * LOGINS)):
                time.sleep(max(0.0, first + number / LOGINS - time.monotonic()))
                pool.submit(sign_in, number)
        return done

    def _client(self, number: int) -> httpx2.Client:
        """Each from an address of its own: more than a few attempts at once from one are refused."""
        transport = httpx2.HTTPTransport(local_address=f"127.0.1.{number + 1}")
        return httpx2.Client(base_url=self.url, timeout=60, transport=transport)
