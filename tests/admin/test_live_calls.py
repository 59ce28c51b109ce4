"""Calls in progress: what is told of them, and the stream that follows."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin import live as endpoint
from aiguillage.desk import accounts
from aiguillage.desk.editing import NOBODY
from aiguillage.desk.live import MOST_CALLS, MOST_CHANGES, LiveCalls
from aiguillage.store.journal import DecisionRecord, EventRecord
from tests.admin.asking import Service, problem, token_for

API = "/api/v1/calls/live"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def decided(call: str = "1", kind: str = "inbound", route: str | None = "all") -> DecisionRecord:
    return DecisionRecord("d", call, NOON, kind, "+32471000201", "+3271000001", route, 1, [], {})


def happened(what: str, call: str = "1", leg: str = "a", person: str | None = "claire", **detail: str) -> EventRecord:
    return EventRecord(call, NOON + timedelta(seconds=1), what, leg, person, "desk" if person else None, detail)


def states(live: LiveCalls) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.state, each.rings) for each in live.now()[1]]


# --- what is told ---


def test_a_call_from_ringing_to_its_end() -> None:
    live = LiveCalls()
    live.told(decided())
    assert states(live) == [("routing", ())]
    live.told(happened("ringing"))
    live.told(happened("ringing", leg="b", person=None, line="+32470000101"))
    assert states(live) == [("ringing", ("claire/desk", "+32470000101"))]
    live.told(happened("leg-ended", leg="b"))
    assert states(live) == [("ringing", ("claire/desk",))]
    live.told(happened("answered"))
    assert (states(live), live.now()[1][0].person) == ([("answered", ())], "claire")
    live.told(happened("leg-ended"))
    assert states(live) == [("answered", ())]
    live.told(happened("call-ended"))
    assert states(live) == []
    told = live.since(0)
    assert told is not None
    assert [each.call.state for each in told] == ["routing", "ringing", "ringing", "ringing", "answered", "ended"]


@pytest.mark.parametrize("step", ["queue", "menu", "voicemail"])
def test_a_caller_who_waits_for_no_phone(step: str) -> None:
    live = LiveCalls()
    live.told(decided())
    live.told(happened("step", person=None, kind=step, outcome=""))
    assert states(live) == [(step, ())]
    live.told(happened("ringing"))
    assert states(live) == [("ringing", ("claire/desk",))]
    live.told(happened("leg-ended"))
    assert states(live) == [("routing", ())]


def test_a_call_that_began_before_the_service_is_seen_once_something_happens() -> None:
    live = LiveCalls()
    live.told(happened("leg-ended"))
    assert states(live) == []
    live.told(happened("ringing"))
    assert [(each.kind, each.rings) for each in live.now()[1]] == [("unknown", ("claire/desk",))]
    live.told(decided("2"))
    live.still_there({"2", "3"}, live.known())
    assert [each.call for each in live.now()[1]] == ["2"]


def test_what_is_kept_is_bounded() -> None:
    live = LiveCalls()
    for number in range(MOST_CALLS + 10):
        live.told(decided(str(number)))
    assert len(live.now()[1]) == MOST_CALLS
    for number in range(MOST_CHANGES):
        live.told(decided(route=str(number)))
    assert live.since(0) is None
    assert live.since(live.now()[0]) == []
    assert live.since(live.now()[0] + 1) is None


# --- the API ---


@pytest.fixture
def live(app: FastAPI, client: TestClient) -> Iterator[LiveCalls]:
    found = LiveCalls()
    app.state.parts = replace(app.state.parts, live=found)
    yield found
    found.closed = True


def test_calls_at_a_glance(client: TestClient, live: LiveCalls) -> None:
    live.told(decided())
    live.told(happened("ringing"))
    told = client.get(API).json()
    assert (told["number"], told["calls"][0]["rings"], told["calls"][0]["state"]) == (2, ["claire/desk"], "ringing")


def events(text: str) -> list[tuple[str, int, Any]]:
    found = []
    for block in filter(None, text.split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in lines:
            found.append((lines["event"], int(lines["id"]), json.loads(lines["data"])))
    return found


def followed(client: TestClient, live: LiveCalls, *records: Any, **headers: str) -> list[tuple[str, int, Any]]:
    """What a stream tells while that happens, one after the other; then the service stops."""

    def happen() -> None:
        for record in records:
            time.sleep(0.3)
            live.told(record)
        time.sleep(0.6)
        live.closed = True

    happening = threading.Thread(target=happen)
    happening.start()
    answer = client.get(f"{API}/events", headers=headers)
    happening.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    return events(answer.text)


def test_a_stream_tells_all_calls_and_then_each_change(client: TestClient, live: LiveCalls) -> None:
    live.told(decided())
    told = followed(client, live, happened("ringing"), happened("call-ended"))
    assert [(kind, number) for kind, number, _ in told] == [("calls", 1), ("call", 2), ("call", 3)]
    assert told[0][2]["calls"][0]["call"] == "1"
    assert [data["state"] for _, _, data in told[1:]] == ["ringing", "ended"]


def test_who_comes_back_misses_nothing(client: TestClient, live: LiveCalls) -> None:
    live.told(decided())
    live.told(happened("ringing"))
    told = followed(client, live, happened("answered"), **{"last-event-id": "1"})
    assert [(kind, number, data["state"]) for kind, number, data in told] == [
        ("call", 2, "ringing"),
        ("call", 3, "answered"),
    ]


def test_who_comes_back_from_another_service_begins_anew(client: TestClient, live: LiveCalls) -> None:
    assert [each[0] for each in followed(client, live, **{"last-event-id": "99"})] == ["calls"]
    live.closed = False
    problem(client.get(f"{API}/events", headers={"last-event-id": "x"}), 422)


def test_a_stream_ends_with_the_right_to_read(
    client: TestClient, live: LiveCalls, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "BEAT_EVERY", 0.4)
    token = token_for(service.database, datetime.now(UTC), None, "calls:read")
    ending = threading.Timer(1.0, lambda: accounts.remove_token(service.database, 2, NOBODY, datetime.now(UTC)))
    ending.start()
    answer = client.get(f"{API}/events", headers={"authorization": f"Bearer {token}"})
    ending.join()
    assert ": still here" in answer.text
    problem(client.get(API, headers={"authorization": f"Bearer {token}"}), 401)


def test_streams_are_counted(client: TestClient, live: LiveCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "_streams", threading.BoundedSemaphore(1))
    live.closed = True
    for _ in range(3):
        assert client.get(f"{API}/events").status_code == 200
    endpoint._streams.acquire()
    problem(client.get(f"{API}/events"), 503)
