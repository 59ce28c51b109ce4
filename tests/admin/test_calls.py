"""/calls of the REST API: a call is placed once for each key, and followed to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.admin import calls as api
from aiguillage.admin.app import create_app
from aiguillage.desk.calling import PlacedCall
from aiguillage.errors import AsteriskUnavailable, Conflict, NotFound, Refused
from tests.admin.asking import Service, problem, token_for
from tests.databases import migrated_sqlite

CALLS = "/api/v1/calls"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ASKED = PlacedCall("0" * 31 + "1", "sophie", "+32471000201", "+3271000001", NOON, "token claire")
TALK = (
    ASKED,
    replace(ASKED, state="ringing-colleague", revision=1),
    replace(ASKED, state="colleague-answered", revision=2, colleague_answered_at=NOON),
    replace(ASKED, state="ended", revision=3, ended_at=NOON, outcome="busy", cause=17, cause_text="User busy"),
)
WANTED = {"person": "sophie", "to": "0471 00 02 01"}


class FakeCalls:
    """Places calls that ring nobody. `wrong`: what the next one meets; `history`: what becomes of each."""

    def __init__(self) -> None:
        self.placed: list[tuple[str, str, str]] = []
        self.wrong: Exception | None = None
        self.history: tuple[PlacedCall, ...] = TALK

    def place(self, person: str, to: str, by: str) -> PlacedCall:
        if self.wrong is not None:
            raise self.wrong
        self.placed.append((person, to, by))
        return replace(ASKED, id=f"{len(self.placed):032x}")

    def get(self, call: str) -> PlacedCall:
        if call != ASKED.id:
            raise NotFound(f"no call {call} was placed in the last minutes")
        return self.history[-1]

    async def follow(self, call: str, after: int = -1) -> AsyncIterator[PlacedCall]:
        for each in self.history[after + 1 :]:
            yield each


@pytest.fixture
def calls() -> FakeCalls:
    return FakeCalls()


@pytest.fixture
def client(tmp_path: Path, calls: FakeCalls) -> Iterator[TestClient]:
    service = Service(migrated_sqlite(tmp_path), calls=calls)
    with TestClient(create_app(service.parts()), raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {token_for(service.database, datetime.now(UTC))}"
        yield client
    service.database.close()


def place(client: TestClient, key: str = "a key", **body: Any) -> Any:
    return client.post(CALLS, json=body or WANTED, headers={"idempotency-key": key})


def events(text: str) -> list[Mapping[str, str]]:
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]


# --- placing ---


def test_a_call_is_placed_and_says_where_it_is_followed(client: TestClient, calls: FakeCalls) -> None:
    answer = place(client)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{CALLS}/placed/{ASKED.id}"
    assert calls.placed == [("sophie", "0471 00 02 01", "token claire")]
    told = answer.json()
    assert (told["id"], told["state"], told["to"], told["shows"]) == (ASKED.id, "asked", ASKED.to, "+3271000001")
    assert (told["revision"], told["outcome"], told["cause"], told["ended_at"]) == (0, None, None, None)


def test_the_same_key_never_places_a_second_call(client: TestClient, calls: FakeCalls) -> None:
    first, again, another = place(client), place(client), place(client, "another key")
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert another.json()["id"] != first.json()["id"]
    assert len(calls.placed) == 2
    told = problem(place(client, person="tom", to="210"), 422)
    assert "was used for another request" in told["detail"]


def test_without_a_key_no_call_is_placed(client: TestClient, calls: FakeCalls) -> None:
    told = problem(client.post(CALLS, json=WANTED), 422)
    assert "header.Idempotency-Key: is missing; send a text of your own" in told["detail"]
    assert [each["path"] for each in told["errors"]] == ["header.Idempotency-Key"]
    assert calls.placed == []


@pytest.mark.parametrize(
    "wrong, status",
    [
        (NotFound('person "toto" is not in the plan'), 404),
        (Refused("112 is an emergency number"), 422),
        (Conflict("no phone of Sophie can be rung now"), 409),
        (AsteriskUnavailable("the manager interface is not there"), 503),
    ],
)
def test_what_is_refused_says_why_and_may_be_tried_again_with_the_same_key(
    client: TestClient, calls: FakeCalls, wrong: Exception, status: int
) -> None:
    calls.wrong = wrong
    assert problem(place(client), status)["detail"] == str(wrong)
    calls.wrong = None
    assert place(client).status_code == 202
    assert len(calls.placed) == 1


@pytest.mark.parametrize(
    "body, named",
    [
        ({"person": "sophie"}, "body.to"),
        ({"to": "210"}, "body.person"),
        ({"person": "sophie", "to": 210}, "body.to"),
        ({"person": "sophie", "to": "0" * 41}, "body.to"),
        ({"person": "x" * 65, "to": "210"}, "body.person"),
        ({"person": "sophie", "to": "210", "trunk": "operator"}, "body.trunk"),
        ({"person": None, "to": "210"}, "body.person"),
    ],
)
def test_a_body_that_is_no_call_is_refused(
    client: TestClient, calls: FakeCalls, body: dict[str, Any], named: str
) -> None:
    assert named in problem(place(client, **body), 422)["detail"]
    assert calls.placed == []


def test_without_an_asterisk_no_call_is_placed(tmp_path: Path) -> None:
    service = Service(migrated_sqlite(tmp_path))
    with TestClient(create_app(service.parts())) as client:
        client.headers["authorization"] = f"Bearer {token_for(service.database, datetime.now(UTC))}"
        assert "which has no Asterisk" in problem(place(client), 503)["detail"]
        problem(client.get(f"{CALLS}/placed/{ASKED.id}"), 404)
        problem(client.get(f"{CALLS}/placed/{ASKED.id}/events"), 404)
    service.database.close()


# --- following ---


def test_a_call_is_read_as_it_stands(client: TestClient) -> None:
    told = client.get(f"{CALLS}/placed/{ASKED.id}").json()
    assert (told["state"], told["outcome"], told["cause"], told["cause_text"]) == ("ended", "busy", 17, "User busy")
    assert datetime.fromisoformat(told["asked_at"]) == NOON
    problem(client.get(f"{CALLS}/placed/{'f' * 32}"), 404)
    for odd in ("1", "A" * 32, "0" * 33, "%00"):
        problem(client.get(f"{CALLS}/placed/{odd}"), 422)


def test_its_events_are_all_of_its_states_and_close_at_its_end(client: TestClient) -> None:
    answer = client.get(f"{CALLS}/placed/{ASKED.id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    told = events(answer.text)
    assert [(each["id"], each["event"]) for each in told] == [
        ("0", "state"),
        ("1", "state"),
        ("2", "state"),
        ("3", "ended"),
    ]
    assert json.loads(told[-1]["data"]) == client.get(f"{CALLS}/placed/{ASKED.id}").json()
    problem(client.get(f"{CALLS}/placed/{'f' * 32}/events"), 404)


def test_whoever_comes_back_is_told_what_was_missed_and_nothing_twice(client: TestClient) -> None:
    path = f"{CALLS}/placed/{ASKED.id}/events"
    answer = client.get(path, headers={"last-event-id": "1"})
    assert [each["id"] for each in events(answer.text)] == ["2", "3"]
    assert client.get(path, headers={"last-event-id": "3"}).status_code == 204
    for odd in ("x", "-1", "9" * 10, ""):
        problem(client.get(path, headers={"last-event-id": odd}), 422)


async def test_a_long_talk_gives_signs_of_life_and_a_client_who_leaves_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "ALIVE_SECONDS", 0.01)
    ended = []

    async def talk() -> AsyncIterator[PlacedCall]:
        yield ASKED
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    stream = api._events(talk())
    assert (await anext(stream)).startswith("id: 0\nevent: state\ndata: {")
    assert [await anext(stream) for _ in range(2)] == [": the call goes on\n\n"] * 2
    await stream.aclose()
    await asyncio.sleep(0)
    assert ended == [True]


def test_the_api_describes_what_it_needs(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()["paths"]
    post = described[CALLS]["post"]
    assert {"name": "Idempotency-Key", "in": "header"}.items() <= next(iter(post["parameters"])).items()
    assert "202" in post["responses"]
    follow = described[CALLS + "/placed/{id}/events"]["get"]
    assert "text/event-stream" in follow["responses"]["200"]["content"]
    assert "204" in follow["responses"]
