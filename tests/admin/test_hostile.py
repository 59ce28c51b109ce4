"""What is hostile, in every text of every other body and in every query that takes a text, on both databases."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.desk import contacts, editing, publishing
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.routing.document import dump
from aiguillage.store.database import open_database
from tests.admin.asking import JSON, Service, problem, token_for
from tests.admin.test_sections import HOSTILE, leaves, with_text
from tests.databases import migrated_sqlite, running_postgresql
from tests.unit.examples import EXAMPLES, PLAN

API = "/api/v1"
USER = {"full_name": "Marie Lambert", "role": "person", "person": "claire", "unit": "hainaut"}
HOOK = {"url": "https://crm.example/hook", "events": ["call.missed"]}
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/users", {"name": "marie", **USER}),
    ("PUT", "/users/tom", USER),
    ("PATCH", "/users/tom", USER),
    ("POST", "/tokens", {"name": "backup", "scopes": ["plan:read"]}),
    ("PATCH", "/tokens/1", {"name": "mine", "expires": "2030-01-01T00:00:00Z"}),
    ("POST", "/webhooks", {"key": "crm", **HOOK}),
    ("PUT", "/webhooks/own", HOOK),
    ("PATCH", "/webhooks/own", HOOK),
    ("PUT", "/presence/claire", {"state": "forwarded", "forward_to": "0470000199", "until": "2030-01-01T00:00:00Z"}),
    ("POST", f"/callbacks/{'0' * 32}/take", {"person": "claire"}),
    ("POST", "/calls", {"person": "sophie", "to": "0471000201"}),
    ("POST", "/explain", {"from": "+32471000201", "to": "central", "at": "2026-11-24T10:00:00"}),
    ("POST", "/replay", {"since": "2026-11-01", "from_plan": "live", "to_plan": "draft"}),
    ("POST", "/privacy/export", {"number": "+32471000299"}),
    ("POST", "/privacy/erase", {"number": "+32471000299"}),
    ("POST", "/plan/publish", {"comment": "x"}),
    ("POST", "/session", {"user": "marie", "password": "x", "code": "123456"}),
    ("POST", "/invitation", {"invitation": "x", "password": "geese fly south"}),
)
QUERIES = (
    *("contacts?q", "contacts?number", "contacts?unit", "contacts?category", "contacts?cursor", "calls?number"),
    *("calls?route", "calls?cursor", "calls?since", "audit?thing", "audit?cursor", "voicemail?mailbox", "people?q"),
    *("people?cursor", "people?extension", "timetable?to", "timetable?from", "timetable?plan", "plan/diff?from"),
    *("callbacks?queue", "plan/check?plan", "voicemail?cursor", "webhooks/own/deliveries?cursor", "calls?outcome"),
)
PATHS = ("people/", "contacts/", "users/", "tokens/", "calls/", "voicemail/", "presence/", "reached-by/", "webhooks/")


@pytest.fixture(params=["sqlite", "postgresql"])
def admin(request: pytest.FixtureRequest, app: FastAPI, tmp_path: Path) -> Iterator[TestClient]:
    """Somebody who may do everything, with the example federation."""
    if request.param == "sqlite":
        yield from _admin(app, Service(migrated_sqlite(tmp_path)))
        return
    with running_postgresql() as server:
        yield from _admin(app, Service(open_database(server.url(server.template))))


def _admin(app: FastAPI, service: Service) -> Iterator[TestClient]:
    now = datetime.now(UTC)
    editing.apply(service.database, dump(PLAN))
    contacts.import_file(service.database, (EXAMPLES / "directory.csv").read_bytes())
    publishing.publish(service.database, now, "tests", "")
    service.snapshot = load_snapshot(service.database)
    app.state.parts = replace(service.parts())
    client = TestClient(app, headers={"authorization": f"Bearer {token_for(service.database, now)}", "if-match": "*"})
    client.post(f"{API}/users", json={"name": "tom", **USER})
    client.post(f"{API}/webhooks", json={"key": "own", **HOOK})
    yield client
    service.database.close()


def fine(answer: Any) -> bool:
    """Done, or refused with a reason: never a fault of ours."""
    if answer.status_code < 300:
        return True
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    problem(answer, answer.status_code)
    return False


@pytest.mark.timeout(400)
def test_what_is_hostile_is_a_plain_text_or_refused(admin: TestClient) -> None:
    done = 0
    for method, path, body in BODIES:
        for place, text in product(leaves(body), HOSTILE):
            sent = json.dumps(with_text(body, place, text))
            headers = JSON | ({"idempotency-key": f"{path}-{done}"} if path == "/calls" else {})
            if fine(admin.request(method, API + path, content=sent, headers=headers)):
                done += 1
                assert text.isprintable() or place in {("password",), ("code",)}, (method, path, place, text)
    assert done > 10, "what is only odd is taken"
    for query, text in product(QUERIES, HOSTILE):
        path, _, name = query.partition("?")
        fine(admin.get(f"{API}/{path}", params={name: text.encode("utf-8", "surrogatepass")}))
    for path, text in product(PATHS, HOSTILE):
        fine(admin.get(f"{API}/{path}" + "".join(f"%{each:02X}" for each in text.encode("utf-8", "surrogatepass"))))
    assert admin.get(f"{API}/plan").status_code == 200


@pytest.mark.parametrize("query", ["sort=id;select", "sort=-name", "order=1);--", "limit=1;drop", "cursor=';--"])
def test_nothing_of_a_query_becomes_a_statement(client: TestClient, query: str) -> None:
    for path in ("calls", "contacts", "audit", "voicemail"):
        answer = client.get(f"{API}/{path}?{query}")
        assert problem(answer, 422)["detail"], path
