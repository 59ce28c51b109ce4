"""How long something takes, and how that is printed."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rounds(work: Callable[[], object], number: int) -> list[float]:
    """Seconds of each round."""
    return [seconds(work) for _ in range(number)]


def sums(*parts: Sequence[float]) -> list[float]:
    """Round by round."""
    return [sum(each) for each in zip(*parts, strict=True)]


@dataclass
class Figures:
    """What was measured so far: each row is printed at once, and kept for the JSON."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    part: str = ""

    def begin(self, part: str) -> None:
        """`part` of the run begins: its rows stand below it."""
        self.part = part
        print(f"\n{part}")

    def row(
        self, what: str, values: Sequence[float], unit: str, limit: float | None = None, least: float | None = None
    ) -> None:
        """The median of `values` and their spread; `limit` is wanted at most, `least` at least."""
        median = statistics.median(values)
        wanted, held = "", None
        if limit is not None:
            held = median <= limit
            wanted = f"   wanted: at most {limit:g} {unit}, {'held' if held else 'MISSED'}"
        if least is not None:
            held = median >= least
            wanted = f"   wanted: at least {least:g} {unit}, {'held' if held else 'MISSED'}"
        spread = f"({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
        print(f"{what:56} {median:10.2f} {unit:4} {spread}{wanted}", flush=True)
        self.rows.append(
            {
                "part": self.part,
                "what": " ".join(what.split()),
                "unit": unit,
                "median": median,
                "rounds": list(values),
                "at_most": limit,
                "at_least": least,
                "held": held,
            }
        )


FIGURES = Figures()
"""Of this run."""
row = FIGURES.row
