"""HEAD is answered as GET is, without the body."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin import live as endpoint
from aiguillage.admin.app import description
from aiguillage.desk import editing, publishing
from aiguillage.desk.live import LiveCalls
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.routing.document import dump
from tests.admin.asking import Service, path_of, problem
from tests.unit.examples import PLAN

PAGES = ("/healthz", "/readyz", "/welcome?invitation=x", "/api/docs", "/api/openapi.json")
READ = [path for path, methods in description()["paths"].items() if "get" in methods and not path.endswith("/events")]


@pytest.fixture
def admin(app: FastAPI, client: TestClient, service: Service) -> TestClient:
    """The example's plan, and a webhook and a user with the names that `path_of` gives."""
    editing.apply(service.database, dump(PLAN))
    publishing.publish(service.database, datetime.now(UTC), "tests", "")
    service.snapshot = load_snapshot(service.database)
    app.state.parts = service.parts()
    client.post("/api/v1/webhooks", json={"key": "claire", "url": "https://x.example/", "events": ["call.missed"]})
    client.post("/api/v1/users", json={"name": "marie", "full_name": "Marie", "role": "receptionist"})
    return client


def headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


def test_every_get_answers_head_too(admin: TestClient) -> None:
    read = 0
    for path in (*PAGES, *map(path_of, READ)):
        head, get = admin.head(path), admin.get(path)
        assert head.content == b"", path
        assert (head.status_code, headers(head)) == (get.status_code, headers(get)), path
        assert int(head.headers["content-length"]) == len(get.content)
        if get.status_code == 200 and path.startswith("/api/v1"):
            read += 1
            assert head.headers["etag"], path
            again = admin.head(path, headers={"if-none-match": head.headers["etag"]})
            assert (again.status_code == 304) == (head.headers["cache-control"] != "no-store"), path
    assert read > 25


def test_who_may_not_read_may_not_ask_for_the_head(anybody: TestClient) -> None:
    assert anybody.head("/api/v1/plan").status_code == 401
    assert anybody.head("/api/v1/nothing").status_code == 404


def test_where_nothing_is_read_there_is_no_head(admin: TestClient) -> None:
    head = admin.head("/api/v1/explain")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "POST", b"")
    refused = admin.post("/api/v1/settings")
    assert problem(refused, 405)
    assert refused.headers["allow"] == "GET, HEAD"


def test_the_head_of_a_stream_ends(
    app: FastAPI, admin: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "_streams", threading.BoundedSemaphore(1))
    app.state.parts = replace(service.parts(), live=LiveCalls())
    for _ in range(3):
        head = admin.head("/api/v1/calls/live/events")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
