"""How long something takes, and how that is printed."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence


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


def row(what: str, values: Sequence[float], unit: str, limit: float | None = None) -> None:
    median = statistics.median(values)
    wanted = "" if limit is None else f"   wanted: under {limit:g} {unit}, {'held' if median < limit else 'MISSED'}"
    print(f"{what:48} {median:8.2f} {unit:2} ({min(values):.2f} to {max(values):.2f}){wanted}")
