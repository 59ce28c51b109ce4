"""SIPp plays the callers and the desk phone."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_udp_port

from bench.system import FederationSystem

HERE = Path(__file__).parent
_TALK = 0.1
"""Seconds, as caller.xml has it."""


@dataclass(frozen=True, slots=True)
class Calls:
    """`rung`: milliseconds from INVITE to 180. `failed` calls, and SIP messages that had to be said again."""

    rung: tuple[float, ...]
    failed: int
    again: int
    seconds: float

    def quantile(self, part: float) -> float:
        ordered = sorted(self.rung)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@contextmanager
def phone(system: FederationSystem, folder: Path) -> Iterator[None]:
    """The desk phone, registered, which answers every call at once."""
    port = free_udp_port()
    system.register(port)
    words = ["-sf", str(HERE / "phone.xml"), "-i", "127.0.0.1", "-p", str(port), "-aa", "-nostdin"]
    playing = subprocess.Popen(
        [_sipp(), *words], cwd=folder, env={"TERM": "dumb"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        playing.kill()
        playing.wait()


def call(
    system: FederationSystem, folder: Path, called: str, callers: Sequence[str], per_second: float, together: int = 0
) -> Calls:
    """One call by each of `callers`; never more than `together` at once, 0: as many as come."""
    for old in folder.glob("caller_*"):
        old.unlink()
    (folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{caller};\n" for caller in callers))
    number = len(callers)
    words = [
        *("-sf", str(HERE / "caller.xml"), "-s", called, "-inf", "callers.csv", "-i", "127.0.0.1", "-nostdin"),
        *("-p", str(free_udp_port()), "-m", str(number), "-r", f"{per_second:g}", "-aa"),
        *("-trace_shortmsg", "-trace_stat", "-fd", "600", "-recv_timeout", "20000"),
        *(("-l", str(together)) if together else ()),
        *("-timeout", str(int(number / per_second) + 40)),
        f"127.0.0.1:{system.settings.sip_port}",
    ]
    began = time.monotonic()
    done = subprocess.run(
        [_sipp(), *words], cwd=folder, env={"TERM": "dumb"}, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    took = time.monotonic() - began
    rung = tuple(_rung(folder))
    last = _last_statistics(folder)
    answered = int(last.get("SuccessfulCall(C)", "0"))
    if not rung:
        raise AssertionError(f"no call to {called} rang: {done.stdout[-1500:].decode()}{done.stderr[-500:].decode()}")
    return Calls(rung, number - answered, int(last.get("Retransmissions(C)", "0")), took)


def _sipp() -> str:
    found = shutil.which("sipp")
    assert found is not None, "needs SIPp: apt-get install sip-tester"
    return found


def _rung(folder: Path) -> Iterator[float]:
    """From SIPp's log of messages, which has microseconds; its own statistics have steps of 4 ms."""
    asked: dict[str, float] = {}
    for line in next(folder.glob("caller_*_shortmessages.log")).read_text().splitlines():
        _, _, at, way, call_id, _, first_line = line.split("\t")
        if way == "S" and first_line.startswith("INVITE"):
            asked.setdefault(call_id, float(at))
        elif way == "R" and first_line.startswith("SIP/2.0 180") and call_id in asked:
            yield 1000 * (float(at) - asked.pop(call_id))


def _last_statistics(folder: Path) -> dict[str, str]:
    lines = next(folder.glob("caller_*_.csv")).read_text().splitlines()
    return dict(zip(lines[0].split(";"), lines[-1].split(";"), strict=False))
