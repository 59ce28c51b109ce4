"""`make bench`: how long decisions and imports take. Quote the ratios; the figures are this machine's."""

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from aiguillage import text_formats
from aiguillage.asterisk import channel_variables
from aiguillage.desk.contacts import read_csv
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Directory, directory_of
from aiguillage.routing.document import dump, load
from aiguillage.routing.hours import zone
from aiguillage.routing.plan import Plan
from aiguillage.store import directory as stored_directory
from aiguillage.store import migrate, plans
from aiguillage.store.database import open_database

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CONTACTS = 22_000
ROUNDS = 5
CALLS = 4_000


def main() -> None:
    plan = load(text_formats.read_yaml((EXAMPLES / "plan.yaml").read_text("utf-8")))
    small = directory_of(read_csv((EXAMPLES / "directory.csv").read_bytes(), plan).contacts)
    content = invented_directory(plan)
    print(f"{CONTACTS:,} invented contacts; medians of {ROUNDS} rounds (least to most)\n")

    parse = rounds(lambda: read_csv(content, plan))
    large = directory_of(read_csv(content, plan).contacts)
    store, reload = store_times(plan, content)
    row("read the CSV", parse, "s")
    row("write it to SQLite", store, "s")
    row("load the snapshot from SQLite", reload, "s")
    row("import as a whole", [sum(pair) for pair in zip(parse, store, strict=True)], "s", limit=30)
    print()

    few, many = decision_times(plan, small), decision_times(plan, large)
    row("decide, 9 contacts", [median for median, _ in few], "µs")
    row(f"decide, {CONTACTS:,} contacts", [median for median, _ in many], "µs", limit=100)
    row(f"decide, {CONTACTS:,} contacts, 99th percentile", [p99 for _, p99 in many], "µs")
    row("decide, then write the AGI command", command_times(plan, large), "µs")
    ratio = statistics.median(m for m, _ in many) / statistics.median(m for m, _ in few)
    print(f"{'ratio of 22,000 contacts to 9':48} {ratio:8.2f}")


def invented_directory(plan: Plan) -> bytes:
    """A CSV of invented people, spread over the units and categories of the plan."""
    units, categories = list(plan.units), list(plan.categories)
    rows = ["name,numbers,unit,category,language,note"]
    for index in range(CONTACTS):
        block, number = divmod(index, 10_000)
        unit, category = units[index % len(units)], categories[index % len(categories)]
        rows.append(f"Personne {index},+3247{block}00{number:04},{unit},{category},fr,")
    return "\n".join(rows).encode()


def rounds(work: Callable[[], object]) -> list[float]:
    """Seconds of each round."""
    return [seconds(work) for _ in range(ROUNDS)]


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def store_times(plan: Plan, content: bytes) -> tuple[list[float], list[float]]:
    contacts = read_csv(content, plan).contacts
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate.upgrade(url)
        database = open_database(url)
        with database.writing() as session:
            plans.save_draft(session, plan)
            at = datetime(2026, 11, 24, 10, tzinfo=zone(plan))
            document = text_formats.write_json(dump(plan))
            plans.publish(session, document=document, at=at, by="bench", comment="", expected_latest=None)

        def write() -> None:
            with database.writing() as session:
                stored_directory.replace_all(session, contacts)

        written = rounds(write)
        loaded = rounds(lambda: load_snapshot(database))
        database.close()
    return written, loaded


def decision_times(plan: Plan, directory: Directory) -> list[tuple[float, float]]:
    """Median and 99th percentile in microseconds, of each round."""
    return [_decisions(plan, directory, lambda decision: decision) for _ in range(ROUNDS)]


def command_times(plan: Plan, directory: Directory) -> list[float]:
    def write(decision: Any) -> str:
        return channel_variables.command(decision.itinerary, "0" * 32)

    return [_decisions(plan, directory, write)[0] for _ in range(ROUNDS)]


def _decisions(plan: Plan, directory: Directory, then: Callable[[Any], object]) -> tuple[float, float]:
    numbers = list(directory.by_number)
    called = plan.dids["central"].number
    now = datetime(2026, 11, 24, 10, tzinfo=zone(plan))
    calls = [Call(called, numbers[index * 7919 % len(numbers)]) for index in range(CALLS)]
    taken = []
    gc.collect()
    for call in calls:
        began = time.perf_counter_ns()
        then(decide(plan, directory, {}, call, now))
        taken.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


def row(what: str, values: list[float], unit: str, limit: float | None = None) -> None:
    median = statistics.median(values)
    wanted = "" if limit is None else f"   wanted: under {limit:g} {unit}, {'held' if median < limit else 'MISSED'}"
    print(f"{what:48} {median:8.2f} {unit:2} ({min(values):.2f} to {max(values):.2f}){wanted}")


main()
