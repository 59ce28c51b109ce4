"""Callers by the thousand, played by SIPp; every one wants to be answered, and it is measured when."""

import asyncio
import shutil
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.calls.system import System
from tests.ports import free_port
from tests.required import missing

SCENARIO = Path(__file__).with_name("talk.xml")


@dataclass(frozen=True, slots=True)
class Load:
    """How it went: `answered` are milliseconds from INVITE to 200, in order of the answers; `failed` were not."""

    answered: tuple[float, ...]
    failed: int
    said: str

    def quantile(self, part: float) -> float:
        ordered = sorted(self.answered)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        if not self.answered:
            return f"no call was answered, {self.failed} failed"
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        return (
            f"{len(self.answered)} calls answered, {self.failed} not; "
            f"median {p50:.0f} ms, p99 {p99:.0f} ms, longest {max(self.answered):.0f} ms"
        )


async def load(
    system: System, folder: Path, callers: Sequence[str], at: str, per_second: int, called: str = "+3271000001"
) -> Load:
    """One call by each of `callers` to the central number; `at` is the simulated wall clock, empty = now."""
    if shutil.which("sipp") is None:
        missing("needs SIPp: apt-get install sip-tester")
    secret = system.settings.simulator_secret.get_secret_value()
    lines = "".join(f"{caller};{at};{secret};\n" for caller in callers)
    (folder / "callers.csv").write_text("SEQUENTIAL\n" + lines)
    words = [
        *("-sf", str(SCENARIO), "-s", called, "-inf", "callers.csv"),
        *("-trace_rtt", "-rtt_freq", "1", "-trace_err", "-error_file", "errors.log"),
        *("-i", "127.0.0.1", "-p", str(free_port(socket.SOCK_DGRAM)), "-m", str(len(callers)), "-r", str(per_second)),
        *("-timeout", str(len(callers) // per_second + 60), "-nostdin", "-recv_timeout", "20000"),
        f"127.0.0.1:{system.settings.sip_port}",
    ]
    process = await asyncio.create_subprocess_exec(
        "sipp",
        *words,
        cwd=folder,
        env={"TERM": "dumb"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    times = tuple(_times(folder))
    errors = folder / "errors.log"
    said = printed.decode(errors="replace") + (errors.read_text(errors="replace") if errors.exists() else "")
    return Load(times, len(callers) - len(times), said[-2000:])


def _times(folder: Path) -> Iterator[float]:
    for file in folder.glob("talk_*_rtt.csv"):
        yield from (float(line.split(";")[1]) for line in file.read_text().splitlines()[1:] if ";" in line)
