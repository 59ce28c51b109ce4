"""/presence and /callbacks of the REST API over a real database."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.admin.app import create_app
from aiguillage.desk import auditing
from aiguillage.desk.snapshot import load_snapshot
from aiguillage.store import callbacks as stored
from aiguillage.store.callbacks import CallbackRequest
from tests.admin.asking import JSON, Service, problem, token_for
from tests.databases import migrated_sqlite, published_sqlite

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST, SECOND, NOBODY = f"{1:032x}", f"{2:032x}", "0" * 32
PRESENCE, CALLBACKS = "/api/v1/presence", "/api/v1/callbacks"
IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    database = published_sqlite(tmp_path)
    yield Service(database, load_snapshot(database))
    database.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Somebody with a good token, while the example plan is published."""
    with TestClient(create_app(service.parts()), raise_server_exceptions=False) as client:
        client.headers["authorization"] = f"Bearer {token_for(service.database, NOON)}"
        yield client


def say(client: TestClient, who: str, **state: Any) -> Any:
    return client.put(f"{PRESENCE}/{who}", content=json.dumps(state), headers=JSON | {"if-match": "*"})


# --- presence ---


def test_everybody_is_available_until_they_say_otherwise(client: TestClient) -> None:
    assert client.get(PRESENCE).json() == {"presences": []}
    found = client.get(f"{PRESENCE}/claire")
    assert found.status_code == 200
    assert found.json() == {"person": "claire", "state": "available", "until": None, "forward_to": None}


def test_a_state_is_set_and_read_again(client: TestClient) -> None:
    answer = say(client, "claire", state="forwarded", forward_to="0470 00 01 99", until=IN_AN_HOUR.isoformat())
    assert answer.status_code == 200
    told = answer.json()
    assert (told["person"], told["state"], told["forward_to"]) == ("claire", "forwarded", "+32470000199")
    assert datetime.fromisoformat(told["until"]) == IN_AN_HOUR
    assert client.get(f"{PRESENCE}/claire").json() == told
    assert client.get(PRESENCE).json() == {"presences": [told]}
    assert say(client, "claire", state="available").status_code == 200
    assert client.get(PRESENCE).json() == {"presences": []}


def test_who_says_it_has_read_it(client: TestClient, service: Service) -> None:
    path, away = f"{PRESENCE}/claire", {"state": "away"}
    problem(client.put(path, json=away), 428)
    etag = client.get(path).headers["etag"]
    said = client.put(path, json=away, headers={"if-match": etag})
    assert said.headers["etag"] == client.get(path).headers["etag"] != etag
    told = problem(client.put(path, json={"state": "available"}, headers={"if-match": etag}), 412)
    assert "claire is away by now" in told["detail"]
    entry = auditing.latest(service.database, 1)[0]
    assert (entry.actor, entry.thing) == ("token claire", "presence/claire")


@pytest.mark.parametrize("state", ["away", "do-not-disturb"])
def test_a_state_may_have_no_end(client: TestClient, state: str) -> None:
    assert say(client, "tom", state=state).json() == {
        "person": "tom",
        "state": state,
        "until": None,
        "forward_to": None,
    }


def test_a_time_without_an_offset_is_on_the_organisations_clock(client: TestClient) -> None:
    summer, winter = (f"{datetime.now(UTC).year + 1}-{day}T14:00:00" for day in ("07-01", "12-01"))
    for wall, offset in ((summer, 2), (winter, 1)):
        told = say(client, "tom", state="away", until=wall).json()
        assert datetime.fromisoformat(told["until"]).astimezone(UTC).hour == 14 - offset


@pytest.mark.parametrize("method", ["get", "put"])
def test_the_state_of_somebody_who_is_not_in_the_plan_is_not_there(client: TestClient, method: str) -> None:
    answer = client.request(method, f"{PRESENCE}/toto", json={"state": "away"}, headers={"if-match": "*"})
    assert 'person "toto" is not in the plan' in problem(answer, 404)["detail"]


@pytest.mark.parametrize(
    "body, named",
    [
        ({}, "body.state"),
        ({"state": "gone"}, "body.state"),
        ({"state": "do not disturb"}, "body.state"),
        ({"state": "away", "untill": "2026-11-24"}, "body.untill"),
        ({"state": "away", "person": "tom"}, "body.person"),
        ({"state": "away", "until": "noon"}, "body.until"),
        ({"state": "away", "until": "2020-01-01T00:00:00Z"}, "is past"),
        ({"state": "away", "until": "9999-12-31T23:59:59-23:59"}, "no year of ours"),
        ({"state": "away", "until": "0001-01-01T00:00:00+23:59"}, "is past"),
        ({"state": "available", "until": "2100-01-01T00:00:00Z"}, "available has no end"),
        ({"state": "away", "forward_to": "0470000199"}, "a number goes with forwarded"),
        ({"state": "forwarded"}, "a number goes with forwarded"),
        ({"state": "forwarded", "forward_to": "201"}, "has not the length of a telephone number"),
        ({"state": "forwarded", "forward_to": "\ud800"}, ""),
        ({"state": "forwarded", "forward_to": "0" * 41}, "body.forward_to"),
        ({"state": "forwarded", "forward_to": "0031201234567"}, "cannot be forwarded there"),
        ({"state": "forwarded", "forward_to": "090312345"}, "never dialled"),
        ({"state": "forwarded", "forward_to": "071000001"}, "one of our own numbers"),
    ],
)
def test_a_state_that_cannot_be_is_refused_and_nothing_is_changed(
    client: TestClient, body: dict[str, Any], named: str
) -> None:
    told = problem(say(client, "claire", **body), 422)
    assert named in told["detail"]
    assert client.get(PRESENCE).json() == {"presences": []}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"away"'])
def test_a_body_that_is_no_state_is_refused(client: TestClient, content: bytes) -> None:
    problem(client.put(f"{PRESENCE}/claire", content=content, headers=JSON | {"if-match": "*"}), 422)


def test_a_name_that_no_person_can_have_is_refused(client: TestClient) -> None:
    problem(client.get(f"{PRESENCE}/{'x' * 65}"), 422)
    problem(client.get(f"{PRESENCE}/%00"), 404)


# --- call-backs ---


@pytest.fixture
def waiting(service: Service) -> None:
    """Two callers wait: the one who is kept second entered the queue first."""
    for key, number, minutes in ((SECOND, "+32470000102", 1), (FIRST, "+32470000101", 0)):
        entered = NOON + timedelta(minutes=minutes)
        with service.database.writing() as session:
            stored.add(session, CallbackRequest(key, "front-desk", number, "Anne", "call", entered, entered))


def listed(client: TestClient, **query: str) -> list[Mapping[str, Any]]:
    answer = client.get(CALLBACKS, params=query)
    assert answer.status_code == 200
    found: list[Mapping[str, Any]] = answer.json()["callbacks"]
    return found


@pytest.mark.usefixtures("waiting")
def test_callers_are_listed_in_the_order_in_which_they_entered_the_queue(client: TestClient) -> None:
    assert [each["id"] for each in listed(client)] == [FIRST, SECOND]
    assert [each["id"] for each in listed(client, queue="front-desk")] == [FIRST, SECOND]
    assert listed(client, queue="shop") == []
    first = listed(client)[0]
    assert (first["number"], first["name"], first["taken_by"]) == ("+32470000101", "Anne", None)
    assert datetime.fromisoformat(first["waiting_since"]) == NOON


@pytest.mark.usefixtures("waiting")
def test_a_caller_is_taken_once_and_done(client: TestClient) -> None:
    taken = client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "tom"})
    assert (taken.status_code, taken.json()["taken_by"]) == (200, "tom")
    told = problem(client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "sophie"}), 409)
    assert "was taken by tom" in told["detail"]
    assert client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "tom"}).json() == taken.json()
    done = client.post(f"{CALLBACKS}/{FIRST}/done")
    assert done.status_code == 200
    assert done.json()["done_at"]
    assert [each["id"] for each in listed(client)] == [SECOND]
    assert "is done" in problem(client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "tom"}), 409)["detail"]


@pytest.mark.usefixtures("waiting")
def test_who_or_what_is_not_there_cannot_be_taken(client: TestClient) -> None:
    told = problem(client.post(f"{CALLBACKS}/{NOBODY}/take", json={"person": "tom"}), 404)
    assert NOBODY in told["detail"]
    problem(client.post(f"{CALLBACKS}/{NOBODY}/done"), 404)
    told = problem(client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "toto"}), 404)
    assert 'person "toto" is not in the plan' in told["detail"]


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "body, named",
    [
        ({}, "body.person"),
        ({"person": None}, "body.person"),
        ({"person": "x" * 65}, "body.person"),
        ({"person": "tom", "at": "now"}, "body.at"),
        ([], "body"),
    ],
)
def test_a_taker_who_is_none_is_refused(client: TestClient, body: Any, named: str) -> None:
    told = problem(client.post(f"{CALLBACKS}/{FIRST}/take", json=body), 422)
    assert named in told["detail"]
    assert listed(client)[0]["taken_by"] is None


@pytest.mark.parametrize("key", ["1", "x" * 32, "A" * 32, "0" * 33, f"{FIRST}%0A", "%00"])
@pytest.mark.parametrize("deed", ["take", "done"])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str, deed: str) -> None:
    problem(client.post(f"{CALLBACKS}/{key}/{deed}", json={"person": "tom"}), 422)


@pytest.mark.parametrize("queue", ["\0", "x" * 65, "front desk", "é", ""])
def test_a_queue_that_no_plan_can_have_is_refused(client: TestClient, queue: str) -> None:
    assert "query.queue" in problem(client.get(CALLBACKS, params={"queue": queue}), 422)["detail"]


# --- before there is a plan ---


def test_before_publication_nobody_has_a_state_and_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    service = Service(migrated_sqlite(tmp_path / "empty"))
    with TestClient(create_app(service.parts())) as client:
        client.headers["authorization"] = f"Bearer {token_for(service.database, NOON)}"
        assert client.get(PRESENCE).json() == {"presences": []}
        assert client.get(CALLBACKS).json() == {"callbacks": []}
        for answer in (client.get(f"{PRESENCE}/claire"), say(client, "claire", state="away")):
            assert "no plan has been published yet" in problem(answer, 503)["detail"]
        problem(client.post(f"{CALLBACKS}/{FIRST}/take", json={"person": "tom"}), 404)
    service.database.close()
