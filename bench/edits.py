"""Fifty clients edit the plan at once over HTTP, each two hundred times: nothing may be lost, nothing done twice.

    python -m bench.edits [DATABASE_URL] [CLIENTS EDITS]      an empty database; default: SQLite in a temporary folder

Most edits are of a client's own thing, every fifth of one of ten that all share. Every tenth answer is thrown away as
if the connection had been lost, and the request is sent again: a POST with its Idempotency-Key, a PUT with the ETag
that was read. Takes some minutes, so `make bench` leaves it out.
"""

import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import uvicorn
from tests.ports import free_port

from aiguillage import text_formats
from aiguillage.admin.app import create_app
from aiguillage.desk import accounts, auditing, editing, items
from aiguillage.desk.parts import Parts
from aiguillage.store import migrate
from aiguillage.store.database import Database, open_database

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "plan.yaml"
SHARED = 10


PORT = free_port()


def main() -> None:
    given = sys.argv[1:]
    clients, edits = (int(each) for each in given[1:3] or (50, 200))
    with tempfile.TemporaryDirectory() as folder:
        url = given[0] if given else f"sqlite:///{folder}/edits.db"
        migrate.upgrade(url)
        database = open_database(url)
        editing.apply(database, text_formats.read_yaml(EXAMPLE.read_text("utf-8")))
        token = accounts.create_token(database, accounts.NewToken("bench"), datetime.now(UTC))[1]
        before = auditing.verify(database)[0]
        server = uvicorn.Server(
            uvicorn.Config(create_app(Parts(database, lambda: None, dict)), port=PORT, log_config=None)
        )
        serving = threading.Thread(target=server.run)
        serving.start()
        while not server.started:
            time.sleep(0.05)
        began = time.perf_counter()
        together = threading.Barrier(clients)
        with ThreadPoolExecutor(clients) as pool:
            told = sum(pool.map(lambda number: _Client(token, number, together).work(edits), range(clients)), Counter())
        took = time.perf_counter() - began
        server.should_exit = True
        serving.join()
        _verify(database, clients, edits, before)
        done = clients * edits
        print(
            f"{database.name}: {clients} clients x {edits} edits = {done:,} in {took:.0f} s, {done / took:.0f} a second"
        )
        print(f"  {dict(told)}; none lost, none twice, the audit verifies")
        database.close()


class _Client:
    """One of those who edit."""

    def __init__(self, token: str, number: int, together: threading.Barrier) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{PORT}/api/v1", headers=headers, timeout=120)
        self._number, self._together = number, together
        self._chance = random.Random(number)
        self._told: Counter[str] = Counter()

    def work(self, edits: int) -> Counter[str]:
        own = f"own-{self._number}"
        self._create(own)
        self._create(f"shared-{self._number % SHARED}")
        self._together.wait()
        for number in range(edits):
            self._count(
                f"shared-{self._chance.randrange(SHARED)}" if number % 5 == 0 else own, f"{self._number}.{number}"
            )
        return self._told

    def _create(self, key: str) -> None:
        body = {"key": key, "name": "0 -"}
        headers = {"idempotency-key": f"create-{key}"}
        for _ in range(1 + self._lost()):
            answer = self._http.post("/categories", json=body, headers=headers)
            while answer.status_code == 503 or "at this moment" in answer.json().get("detail", ""):
                time.sleep(0.1)
                answer = self._http.post("/categories", json=body, headers=headers)
            assert answer.status_code == 201, answer.text

    def _count(self, key: str, mark: str) -> None:
        """One more in the name of a thing, which also says who counted last."""
        while True:
            read = self._http.get(f"/categories/{key}")
            assert read.status_code == 200, read.text
            count, _, last = read.json()["name"].partition(" ")
            if last == mark:  # done, though the answer was lost
                self._told["found done"] += 1
                return
            wanted = {"name": f"{int(count) + 1} {mark}"}
            answer = self._http.put(f"/categories/{key}", json=wanted, headers={"if-match": read.headers["etag"]})
            if answer.status_code == 503:
                self._told["asked to wait"] += 1
                time.sleep(self._chance.random())
                continue
            if answer.status_code == 412:
                self._told["somebody was faster"] += 1
                continue
            assert answer.status_code == 200, answer.text
            if self._lost():
                again = answer
                while again.status_code in {200, 503}:
                    again = self._http.put(
                        f"/categories/{key}", json=wanted, headers={"if-match": read.headers["etag"]}
                    )
                assert again.status_code == 412, again.text
                self._told["sent again"] += 1
            return

    def _lost(self) -> bool:
        return self._chance.random() < 0.1


def _verify(database: Database, clients: int, edits: int, before: int) -> None:
    counts = {
        each.key: int(each.body["name"].split(" ")[0])
        for each in items.items(database, "categories")
        if "-" in each.key
    }
    own = [counts[f"own-{number}"] for number in range(clients)]
    shared = sum(counts.get(f"shared-{number}", 0) for number in range(SHARED))
    each_shared = len(range(0, edits, 5))
    assert own == [edits - each_shared] * clients, own
    assert shared == clients * each_shared, shared
    number, _, fault = auditing.verify(database)
    assert fault is None, fault
    made = clients + min(clients, SHARED)
    assert number - before == made + clients * edits, json.dumps([number, before, made])


if __name__ == "__main__":
    main()
