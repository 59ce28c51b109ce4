"""Lists of the REST API over a large journal and a large directory: the whole answer, as a client gets it."""

import functools
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from aiguillage.admin.app import create_app
from aiguillage.desk import accounts, contacts, editing
from aiguillage.desk.parts import Parts
from aiguillage.store import journal, migrate
from aiguillage.store.database import Database, open_database
from aiguillage.store.journal import DecisionRecord, EventRecord
from bench import federation
from bench.timing import rounds, row

CALLS = 1_000_000
BATCH = 20_000
SECONDS_BETWEEN = 40
"""So that the journal spans a good year."""
LIMIT = 50.0


def measure(number: int) -> None:
    """Prints the median of `number` rounds for each list."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate.upgrade(url)
        database = open_database(url)
        _fill(database)
        now = datetime.now(UTC)
        token = accounts.create_token(database, accounts.NewToken("bench"), now)[1]
        client = TestClient(create_app(Parts(database, lambda: None, dict)))
        client.headers["authorization"] = f"Bearer {token}"
        print(f"lists over REST, {CALLS:,} calls in the journal, {federation.CONTACTS:,} contacts")
        for what, path in _lists(client):
            took = rounds(functools.partial(_get, client, path), number)
            row(f"  {what}", [each * 1000 for each in took], "ms", LIMIT)
        database.close()


def _get(client: TestClient, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _lists(client: TestClient) -> Sequence[tuple[str, str]]:
    caller = _caller(4711)
    middle = (_BEGAN + timedelta(seconds=CALLS * SECONDS_BETWEEN / 2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    following = _get(client, "calls")["next"]
    late = _get(client, f"calls?until={middle}")["next"]
    contact = _get(client, "contacts?limit=500")
    return (
        ("calls, the first page", "calls"),
        ("calls, the second page", f"calls?cursor={following}"),
        ("calls, a page half a year ago", f"calls?until={middle}"),
        ("calls, the page after that", f"calls?cursor={late}"),
        ("calls of one number", f"calls?number=%2B{caller[1:]}"),
        ("calls of numbers that begin so (a few)", f"calls?number=%2B{caller[1:-2]}"),
        ("calls of numbers that begin so (most)", "calls?number=%2B324"),
        ("calls of a number that never called", "calls?number=%2B4930123456"),
        ("calls of a route", "calls?route=shop"),
        ("calls that were missed", "calls?outcome=missed"),
        ("calls with an outcome that none has", "calls?outcome=voicemail"),
        ("contacts, the first page", "contacts"),
        ("contacts, a page further on", f"contacts?cursor={contact['next']}"),
        ("contacts by a part of the name", "contacts?q=Lam"),
        ("contacts by a part of no name", "contacts?q=xyzzy"),
        ("contacts by the beginning of a number", f"contacts?number=%2B{contact['items'][0]['numbers'][0][1:8]}"),
        ("contacts by a whole number", f"contacts?number=%2B{contact['items'][-1]['numbers'][0][1:]}"),
    )


# --- What is there -----------------------------------------------------------------------------------------

_BEGAN = datetime(2025, 9, 1, tzinfo=UTC)


def _caller(number: int) -> str:
    return f"+324{70 + number % 7}{number * 7919 % 1_000_000:06}"


def _fill(database: Database) -> None:
    editing.apply(database, federation.document())
    contacts.import_file(database, federation.contacts_csv())
    for first in range(0, CALLS, BATCH):
        with database.writing() as session:
            journal.write(session, list(_decisions(first)), list(_events(first)))


def _decisions(first: int) -> Iterator[DecisionRecord]:
    for number in range(first, first + BATCH):
        at = _BEGAN + timedelta(seconds=number * SECONDS_BETWEEN)
        route = "shop" if number % 5 == 0 else "local leaders"
        yield DecisionRecord(
            f"{number:032x}", f"1756.{number}", at, "inbound", _caller(number % 30_000), "+3271000001", route, 1, [], {}
        )


def _events(first: int) -> Iterator[EventRecord]:
    for number in range(first, first + BATCH):
        at, call = _BEGAN + timedelta(seconds=number * SECONDS_BETWEEN), f"1756.{number}"
        if number % 3:
            yield EventRecord(call, at + timedelta(seconds=7), "answered", "a", "claire", "desk")
        yield EventRecord(call, at + timedelta(seconds=99), "call-ended", "a")
