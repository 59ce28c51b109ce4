"""What a routed call costs over a static dialplan: the same Asterisk, the same phone, the same SIPp, by turns.

The routed call has everything: look-up among 22,000 contacts, decision, journal, manager interface. Between the two
stands a call with a bare question: what FastAGI costs whatever the answer. For the static dialplan the service is
stopped. Set-up time is from INVITE to 180: the 180 takes the same way back in all.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from bench.sipp import Calls, call, phone
from bench.system import ASKED, ROUTED, STATIC, FederationSystem, cpu_seconds, resident_mb
from bench.timing import row

SECONDS = 8
PER_SECOND = 40
RESTING = 40
"""Calls at rest, one after the other."""
WARM_UP = 80
HOLD_SECONDS = 5
LATE = 1.5
"""Seconds that SIPp may need more: to start, and for the last calls."""
FIRST_RATE, STEP = 60.0, 1.12
"""Calls a second that a search begins with, and how much more is tried next."""
KINDS = {STATIC: "static dialplan", ASKED: "a bare question", ROUTED: "routed"}


@dataclass
class Turn:
    """One kind of call in one round."""

    rest: Calls
    loaded: Calls
    asterisk_cpu: float
    """Milliseconds a call, as below."""
    service_cpu: float


@dataclass
class Bench:
    system: FederationSystem
    folder: Path
    callers: Iterator[str]
    turns: dict[str, list[Turn]] = field(default_factory=lambda: {called: [] for called in KINDS})
    held: dict[str, list[float]] = field(default_factory=lambda: {called: [] for called in KINDS})
    memory: list[float] = field(default_factory=list)

    def some(self, number: int) -> list[str]:
        return list(islice(self.callers, number))

    def turn(self, called: str) -> None:
        rest = call(self.system, self.folder, called, self.some(RESTING), 8, together=1)
        before = self._cpu(called)
        loaded = call(self.system, self.folder, called, self.some(SECONDS * PER_SECOND), PER_SECOND)
        time.sleep(1.0)  # the journal is written behind the calls
        spent = [
            1000 * (now - was) / (SECONDS * PER_SECOND) for now, was in zip(self._cpu(called), before, strict=True)
        ]
        self.turns[called].append(Turn(rest, loaded, *spent))

    def hold(self, called: str) -> None:
        """The greatest rate that is held; a rate that fails once is given another try."""
        rate = self.held[called][0] / STEP**3 if self.held[called] else FIRST_RATE
        best = 0.0
        while self._holds(called, rate) or self._holds(called, rate):
            best, rate = rate, rate * STEP
        self.held[called].append(best)

    def _holds(self, called: str, rate: float) -> bool:
        """For HOLD_SECONDS without a failure, a SIP message that had to be said again, or callers who queue up."""
        done = call(self.system, self.folder, called, self.some(int(rate * HOLD_SECONDS)), rate)
        time.sleep(0.5)
        return not done.failed and not done.again and done.seconds < HOLD_SECONDS + LATE

    def _cpu(self, called: str) -> tuple[float, float]:
        service = cpu_seconds(self.system.service_pid) if called != STATIC else 0.0
        return cpu_seconds(self.system.asterisk_pid), service


def measure(root: Path, rounds: int, *, hold: bool = True) -> None:
    with tempfile.TemporaryDirectory() as folder, FederationSystem(root) as system:
        system.add_static_dialplan()
        with phone(system, Path(folder)):
            bench = Bench(system, Path(folder), cycle([each.numbers[0] for each in system.leaders()]))
            _rounds(bench, rounds, bench.turn)
            if hold:
                _rounds(bench, rounds, bench.hold)
            bench.memory.append(resident_mb(system.service_pid))
        problems = system.asterisk.problems()
    _tell(bench)
    if problems:
        print(f"  Asterisk's log has {len(problems)} warnings, the last: {problems[-1]}")


def _rounds(bench: Bench, rounds: int, measured: Callable[[str], None]) -> None:
    """Each kind once a round, the service being there for its own calls alone."""
    running = True
    for number in range(rounds):
        for called in KINDS if number % 2 == 0 else reversed(KINDS):
            wanted = called != STATIC
            if wanted and not running:
                bench.system.start_service()
            elif running and not wanted:
                bench.system.stop_service()
            if wanted:
                bench.system.wait_until_quiet()
            running = wanted
            call(bench.system, bench.folder, called, bench.some(WARM_UP), PER_SECOND)
            measured(called)
    if not running:
        bench.system.start_service()


def _tell(bench: Bench) -> None:
    for when, calls in (("at rest", _rest), (f"at {PER_SECOND} calls/s", _loaded)):
        for what, part, limit in (("median", 0.5, 1.0), ("95th percentile", 0.95, 2.0)):
            took = {called: [calls(turn).quantile(part) for turn in turns] for called, turns in bench.turns.items()}
            for called, each in took.items():
                row(f"set-up {when}, {KINDS[called]}, {what}", each, "ms")
                if called != STATIC:
                    over = [mine - theirs for mine, theirs in zip(each, took[STATIC], strict=True)]
                    wanted = limit if called == ROUTED and calls is _loaded else None
                    row(f"  over the static dialplan, {what}", over, "ms", wanted)
    for called, turns in bench.turns.items():
        row(f"CPU of Asterisk, {KINDS[called]}", [each.asterisk_cpu for each in turns], "ms")
    for called in (ASKED, ROUTED):
        limit = 0.8 if called == ROUTED else None
        row(f"CPU of the service, {KINDS[called]}", [each.service_cpu for each in bench.turns[called]], "ms", limit)
    failed = sum(turn.loaded.failed + turn.rest.failed for turns in bench.turns.values() for turn in turns)
    row("calls that failed", [float(failed)], "", 0)
    if bench.held[STATIC]:
        for called, held in bench.held.items():
            row(f"calls/s held, {KINDS[called]}", held, "/s")
            if called != STATIC:
                ratio = statistics.median(held) / statistics.median(bench.held[STATIC])
                row("  of the static dialplan's", [ratio], "", least=0.78 if called == ROUTED else None)
    row("memory of the service afterwards", bench.memory, "MB")


def _rest(turn: Turn) -> Calls:
    return turn.rest


def _loaded(turn: Turn) -> Calls:
    return turn.loaded
