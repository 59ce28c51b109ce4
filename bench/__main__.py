"""`make bench [PART…]`: figures of this machine, printed as a table and, at the end, as JSON.

    python -m bench [--json FILE] [core publication proof lists sizes calls deadlines]      no part: all of them

Quote the ratios; the figures are this machine's. `calls` and `deadlines` need an Asterisk and SIPp.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiguillage import text_formats
from aiguillage.asterisk import channel_variables
from aiguillage.desk.contacts import read_csv
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.routing.decide import Call, decide
from aiguillage.routing.directory import Contact, Directory, directory_of
from aiguillage.routing.document import dump, load
from aiguillage.routing.plan import Plan
from aiguillage.store import directory as stored_directory
from aiguillage.store import migrate, plans
from aiguillage.store.database import open_database
from bench import calls, deadlines, federation, lists, proof, publication, sizes
from bench.machine import machine
from bench.timing import FIGURES, rounds, row, sums

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
FEW = 9
ROUNDS = 5
CALLS = 4_000


def main() -> None:
    given = _arguments()
    about = machine()
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print(f"medians of {ROUNDS} rounds (least to most), unless a part says otherwise")
    for part in given.parts or PARTS:
        FIGURES.begin(part)
        PARTS[part]()
    found = json.dumps({"machine": about, "figures": FIGURES.rows}, ensure_ascii=False)
    if given.json:
        given.json.write_text(found + "\n", encoding="utf-8")
    else:
        print(f"\n{found}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Figures of this machine.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there; else it is printed")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    given = parser.parse_args()
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose of {', '.join(PARTS)}")
    return given


def _asterisk() -> Path:
    root = os.environ.get("AIGUILLAGE_ASTERISK_ROOT", "")
    assert root, "AIGUILLAGE_ASTERISK_ROOT names no folder with an Asterisk in it; make one: tools/install-asterisk"
    return Path(root)


def core() -> None:
    plan = load(federation.document())
    content = federation.contacts_csv()
    print(f"{len(plan.units)} units, {len(plan.people)} people, {federation.CONTACTS:,} contacts, all invented")
    parse = rounds(lambda: read_csv(content, plan), ROUNDS)
    contacts = read_csv(content, plan).contacts
    store, reload = store_times(plan, contacts)
    row("read the CSV", parse, "s")
    row("write it to SQLite", store, "s")
    row("load the snapshot from SQLite", reload, "s")
    row("import as a whole", sums(parse, store), "s", limit=30)
    print()

    example = load(text_formats.read_yaml((EXAMPLES / "plan.yaml").read_text("utf-8")))
    few, directory = directory_of(moved(contacts[:FEW], example)), directory_of(moved(contacts, example))
    with_few, with_many = decision_times(example, few), decision_times(example, directory)
    row(f"decide by the example plan, {FEW} contacts", [median for median, _ in with_few], "µs")
    row("decide by the example plan", [median for median, _ in with_many], "µs", limit=100)
    row("decide by the example plan, 99th percentile", [p99 for _, p99 in with_many], "µs")
    row("decide by it, then write the AGI command", command_times(example, directory), "µs")
    ratio = statistics.median(m for m, _ in with_many) / statistics.median(m for m, _ in with_few)
    print(f"{f'ratio of {federation.CONTACTS:,} contacts to {FEW}':48} {ratio:8.2f}")
    large = decision_times(plan, directory_of(contacts))
    row(f"decide by the federation's {len(plan.inbound_routes)} routes", [median for median, _ in large], "µs")
    row("  decisions a second", [1e6 / median for median, _ in large], "/s")


PARTS: Mapping[str, Callable[[], None]] = {
    "core": core,
    "publication": lambda: publication.measure(text_formats.write_yaml(federation.document()), ROUNDS),
    "proof": lambda: proof.measure(ROUNDS),
    "lists": lambda: lists.measure(ROUNDS * 4),
    "sizes": lambda: sizes.measure(ROUNDS),
    "calls": lambda: calls.measure(_asterisk(), ROUNDS),
    "deadlines": lambda: deadlines.measure(_asterisk()),
}


def moved(contacts: Sequence[Contact], plan: Plan) -> list[Contact]:
    """The same people in the units of another plan, which has the same categories."""
    units = list(plan.units)
    return [replace(contact, unit=units[index % len(units)]) for index, contact in enumerate(contacts)]


def store_times(plan: Plan, contacts: tuple[Contact, ...]) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate.upgrade(url)
        database = open_database(url)
        with database.writing() as session:
            plans.save_draft(session, plan)
            document = text_formats.write_json(dump(plan))
            plans.publish(session, document=document, at=federation.AT, by="bench", comment="", expected_latest=None)

        def write() -> None:
            with database.writing() as session:
                stored_directory.replace_all(session, contacts)

        written = rounds(write, ROUNDS)
        loaded = rounds(lambda: load_snapshot(database), ROUNDS)
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
    calls = [Call(called, numbers[index * 7919 % len(numbers)]) for index in range(CALLS)]
    taken = []
    gc.collect()
    for call in calls:
        began = time.perf_counter_ns()
        then(decide(plan, directory, {}, call, federation.AT))
        taken.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[98]


if __name__ == "__main__":  # a process that a part starts may import this again
    main()
