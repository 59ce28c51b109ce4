"""How long the answers take that an administrator waits for: the proof, a comparison, a replay, an explanation."""

import copy
import random
import statistics
import tempfile
import time
from datetime import timedelta

from aiguillage.desk import comparing, editing, explaining, publishing, replaying
from aiguillage.desk.contacts import import_file
from aiguillage.desk.replaying import PastCall
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.desk.wording import words_in
from aiguillage.routing.check import check
from aiguillage.routing.directory import Directory
from aiguillage.routing.document import load
from aiguillage.routing.plan import Plan
from aiguillage.store import migrate
from aiguillage.store.database import open_database
from bench import federation
from bench.timing import rounds, row

PAST_CALLS = 100_000
EXPLAINED = 500
YEAR = timedelta(days=366)


def measure(number: int) -> None:
    """`number` rounds of each, over twelve months, with the limits that we want to keep."""
    document = federation.document()
    changed = copy.deepcopy(document)
    changed["schedules"]["office"]["open"][1]["hours"] = "09:00-12:30 13:30-15:30"
    before, after = load(document), load(changed)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate.upgrade(url)
        database = open_database(url)
        editing.apply(database, document)
        import_file(database, federation.contacts_csv())
        published = rounds(lambda: publishing.publish(database, federation.AT, "bench", ""), number)
        snapshot = load_snapshot(database)
        words = words_in("fr")

        row("check over 12 months", rounds(lambda: check(before, federation.AT, federation.AT + YEAR), number), "s", 5)
        compared = rounds(
            lambda: list(comparing.in_words(words, comparing.compare(before, after, federation.AT))), number
        )
        row("diff of two versions, as settings and as calls", compared, "s", limit=5)
        row("publish, the proof included", published, "s", limit=3)
        calls = past_calls(snapshot.directory, before)
        replayed = rounds(lambda: replaying.replay(before, after, snapshot.directory, calls), 1)
        row(f"replay of {PAST_CALLS:,} calls", replayed, "s", limit=60)

        def explain_some() -> float:
            taken = []
            for call in calls[:EXPLAINED]:
                began = time.perf_counter_ns()
                question = explaining.Question(call.caller or "withheld", call.called, call.at)
                list(explaining.in_words(words, explaining.explain(snapshot, question), snapshot.plan))
                taken.append((time.perf_counter_ns() - began) / 1_000_000)
            return statistics.median(taken)

        row("explain a call, in words", [explain_some() for _ in range(number)], "ms", limit=5)
        database.close()


def past_calls(directory: Directory, plan: Plan) -> list[PastCall]:
    """A year of calls, most of them by people of the directory; the same at every run."""
    chance = random.Random(100)
    numbers, dids = list(directory.by_number), list(plan.dids.values())
    calls = []
    for _ in range(PAST_CALLS):
        at = federation.AT - timedelta(minutes=chance.randrange(365 * 24 * 60))
        caller = None if chance.random() < 0.05 else chance.choice(numbers)
        calls.append(PastCall(at, caller, chance.choice(dids).number))
    return sorted(calls, key=lambda call: call.at)
