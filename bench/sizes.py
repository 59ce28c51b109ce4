"""22,000 and 1,000,000 contacts: how long they take to load, what they hold of memory, how long a look-up takes.

The load and the memory are those of a service that is started on them, without an Asterisk.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert
from tests.ports import free_port

from aiguillage import text_formats
from aiguillage.asterisk.fastagi import exchange
from aiguillage.desk import editing, publishing
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.doctor import HARMLESS
from aiguillage.errors import AiguillageError
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory
from aiguillage.routing.numbers import E164
from aiguillage.store import migrate
from aiguillage.store.database import Database, open_database
from aiguillage.store.revisions import changed
from aiguillage.store.tables import contact_numbers, contacts
from bench import federation
from bench.system import cpu_seconds, resident_mb
from bench.timing import row, seconds

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
BATCH = 50_000
LOOKED_UP = 4_000
START_SECONDS = 120.0


def measure(rounds: int) -> None:
    for number in (22_000, 1_000_000):
        million = number == 1_000_000
        with tempfile.TemporaryDirectory() as folder:
            database = _filled(Path(folder), number)
            loads = [seconds(partial(load_snapshot, database)) for _ in range(rounds)]
            row(f"{number:,} contacts: load the snapshot", loads, "s")
            _look_up(number, load_snapshot(database), rounds)
            started = [_start(Path(folder), number) for _ in range(rounds)]
            row(f"{number:,} contacts: service ready", [each[0] for each in started], "s", 15 if million else None)
            row(f"{number:,} contacts: resident", [each[1] for each in started], "MB", 400 if million else None)
            row(f"{number:,} contacts: longest answer while they load anew", [each[2] for each in started], "ms", 1000)
            database.close()


def _filled(folder: Path, number: int) -> Database:
    """The example plan with that many contacts, a third of whom have two numbers."""
    url = f"sqlite:///{folder / 'aiguillage.db'}"
    migrate.upgrade(url)
    database = open_database(url)
    document = text_formats.read_yaml((EXAMPLES / "plan.yaml").read_text("utf-8"))
    editing.apply(database, document)
    units = list(document["units"])
    publishing.publish(database, datetime.now(UTC), "bench", "")
    for first in range(0, number, BATCH):
        some = range(first, min(first + BATCH, number))
        with database.writing() as session:
            session.execute(insert(contacts), [_contact(index, units[index % len(units)]) for index in some])
            session.execute(insert(contact_numbers), [each for index in some for each in _numbers(index)])
            changed(session, "directory")
    return database


def _contact(index: int, unit: str) -> dict[str, object]:
    about = {"unit": unit, "category": "animator", "language": "fr", "note": ""}
    return {"id": index + 1, "position": index + 1, "name": f"Hugo Istasse {index}", **about}


def _numbers(index: int) -> Iterator[dict[str, object]]:
    yield {"contact": index + 1, "position": 0, "number": f"+32471{index:06}"}
    if index % 3 == 0:
        yield {"contact": index + 1, "position": 1, "number": f"+3265{index // 2:06}"}


def _look_up(number: int, snapshot: Snapshot, rounds: int) -> None:
    plan, directory = snapshot.plan, snapshot.directory
    called = plan.dids["central"].number
    callers = [E164(f"+32471{index * 7919 % number:06}") for index in range(LOOKED_UP)]
    found, decided = [], []
    for _ in range(rounds):
        found.append(statistics.median(_microseconds(directory, each) for each in callers))
        calls = [Call(called, each) for each in callers]
        times = []
        for call in calls:
            began = time.perf_counter_ns()
            decide(plan, directory, {}, call, federation.AT)
            times.append((time.perf_counter_ns() - began) / 1000)
        decided.append(statistics.median(times))
    row(f"{number:,} contacts: look-up", found, "µs")
    row(f"{number:,} contacts: look-up and decision, example plan", decided, "µs", 50)
    row(f"{number:,} contacts: decisions a second", [1e6 / each for each in decided], "/s")


def _microseconds(directory: Directory, caller: E164) -> float:
    began = time.perf_counter_ns()
    directory.candidates(caller)
    return (time.perf_counter_ns() - began) / 1000


# --- A service of its own ------------------------------------------------------------------------------------


def _start(folder: Path, number: int) -> tuple[float, float, float]:
    """Seconds until it answers, megabytes once it rests, and the longest answer (ms) while all is loaded again."""
    with _service(folder) as (process, port):
        began = time.perf_counter()
        while not _answers(port):
            assert process.poll() is None, "the service ended"
            assert time.perf_counter() - began < START_SECONDS, "the service does not answer"
            time.sleep(0.02)
        ready = time.perf_counter() - began
        _until_quiet(process.pid)
        resident = resident_mb(process.pid)
        longest = _longest_answer(folder, port, process.pid)
    return ready, resident, longest


@contextmanager
def _service(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    environment = os.environ | {
        "AIGUILLAGE_STATE_DIR": str(folder),
        "AIGUILLAGE_AGI_PORT": str(port),
        "AIGUILLAGE_HTTP_PORT": str(free_port()),
        "AIGUILLAGE_AMI_PORT": str(free_port()),
        "AIGUILLAGE_LOG_LEVEL": "error",
    }
    words = [sys.executable, "-m", "aiguillage", "serve"]
    with subprocess.Popen(
        words, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process, port
        finally:
            process.terminate()


def _longest_answer(folder: Path, port: int, pid: int) -> float:
    database = open_database(f"sqlite:///{folder / 'aiguillage.db'}")
    with database.writing() as session:
        changed(session, "directory")
    database.close()
    spent, longest = cpu_seconds(pid), 0.0
    busy, deadline = False, time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        began = time.perf_counter()
        answered = _answers(port)
        longest = max(longest, 1000 * (time.perf_counter() - began)) if answered else float("inf")
        time.sleep(0.1)
        used, spent = cpu_seconds(pid) - spent, cpu_seconds(pid)
        if busy and used < 0.03:
            break
        busy = busy or used > 0.06
        if not busy and time.monotonic() > deadline - START_SECONDS + 5:
            break
    return longest


def _until_quiet(pid: int) -> None:
    quiet = 0
    while quiet < 3:
        before = cpu_seconds(pid)
        time.sleep(0.5)
        quiet = quiet + 1 if cpu_seconds(pid) - before < 0.05 else 0


def _answers(port: int) -> bool:
    try:
        asyncio.run(exchange("127.0.0.1", port, "alive", HARMLESS))
    except AiguillageError:
        return False
    return True
