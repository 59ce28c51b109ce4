"""Webhooks over the API: added, changed, taken out, tried; the secret is shown once."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.desk import auditing, webhooks
from aiguillage.desk.delivering import Delivering
from aiguillage.desk.posting import Poster
from aiguillage.desk.receivers import PUBLIC
from tests.admin.asking import JSON, Service, problem

HOOKS = "/api/v1/webhooks"
CRM: dict[str, Any] = {"key": "crm", "url": "https://crm.example/hook", "events": ["call.missed", "voicemail.left"]}
BODY = {name: value for name, value in CRM.items() if name != "key"}
ANY = {"if-match": "*"}


@pytest.fixture
def crm(client: TestClient) -> str:
    """Where it is."""
    made = client.post(HOOKS, json=CRM)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


def test_the_secret_is_shown_when_it_is_made_and_never_again(client: TestClient, service: Service) -> None:
    made = client.post(HOOKS, json=CRM)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    found = client.get(made.headers["location"])
    assert found.headers["etag"] == made.headers["etag"]
    assert found.json() == {name: value for name, value in made.json().items() if name != "secret"}
    assert found.json() == CRM | {"enabled": True, "created": found.json()["created"]}
    replaced = client.put(f"{HOOKS}/crm", json=BODY | {"enabled": False}, headers=ANY)
    client.put(f"{HOOKS}/crm", json=BODY, headers=ANY)
    tested = client.post(f"{HOOKS}/crm/test")
    answers = [found, replaced, tested, client.get(HOOKS), client.get(f"{HOOKS}/crm/deliveries")]
    answers.append(client.get("/api/v1/audit"))
    for each in answers:
        assert each.status_code in {200, 202}, each.text
        assert secret not in each.text
        assert "whsec_" not in each.text
    assert webhooks.one(service.database, "crm").secret == secret


def test_two_webhooks_have_two_secrets_and_a_list(client: TestClient, crm: str) -> None:
    other = client.post(HOOKS, json=CRM | {"key": "a-help-desk"})
    keys = [each["key"] for each in client.get(HOOKS).json()["items"]]
    assert keys == ["a-help-desk", "crm"]
    assert other.json()["secret"]
    told = problem(client.post(HOOKS, json=CRM), 409)
    assert 'a webhook "crm" already' in told["detail"]


def test_nobody_overwrites_unawares(client: TestClient, crm: str) -> None:
    etag = client.get(crm).headers["etag"]
    problem(client.put(crm, json=BODY), 428)
    problem(client.delete(crm), 428)
    changed = client.put(crm, json=BODY | {"events": ["call.missed"]}, headers={"if-match": etag})
    assert changed.status_code == 200
    assert changed.json()["events"] == ["call.missed"]
    problem(client.put(crm, json=BODY, headers={"if-match": etag}), 412)
    problem(client.delete(crm, headers={"if-match": etag}), 412)
    again = client.get(crm, headers={"if-none-match": changed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.delete(crm, headers={"if-match": changed.headers["etag"]}).status_code == 204
    for answer in (client.get(crm), client.delete(crm, headers=ANY), client.put(crm, json=BODY, headers=ANY)):
        assert 'no webhook "crm"' in problem(answer, 404)["detail"]


def test_a_patch_changes_what_it_names(client: TestClient, service: Service, crm: str) -> None:
    before = client.get(crm)
    problem(client.patch(crm, json={"enabled": False}), 428)
    headers = {"if-match": before.headers["etag"], "content-type": "application/merge-patch+json"}
    changed = client.patch(crm, content=b'{"enabled": false}', headers=headers)
    assert changed.json() == before.json() | {"enabled": False}
    assert changed.headers["etag"] == client.get(crm).headers["etag"]
    problem(client.patch(crm, json={"enabled": True}, headers={"if-match": before.headers["etag"]}), 412)
    events = ["voicemail.left", "call.missed", "voicemail.left"]
    assert client.patch(crm, json={"events": events}, headers=ANY).json() == changed.json()
    assert client.patch(crm, json={}, headers=ANY).json() == changed.json()
    moved = client.patch(crm, json={"url": "https://crm.example/?password=hush"}, headers=ANY)
    assert moved.json() == changed.json() | {"url": "https://crm.example/?password=hush"}
    problem(client.patch(f"{HOOKS}/nobody", json={}, headers=ANY), 404)
    entries = auditing.page(service.database, 0, 10, "webhooks/crm")
    assert [each.action for each in entries] == ["add", "change", "change"]
    assert "hush" not in str(entries)
    assert webhooks.one(service.database, "crm").secret not in str(entries)


@pytest.mark.parametrize(
    "change, path",
    [
        ({"url": None}, "body.url"),
        ({"url": "http://crm.example/"}, "url"),
        ({"events": None}, "body.events"),
        ({"events": []}, "body.events"),
        ({"enabled": None}, "body.enabled"),
        ({"key": "other"}, "body.key"),
        ({"secret": "whsec_bWluZQ=="}, "body.secret"),
    ],
)
def test_a_patch_that_cannot_be_is_refused(client: TestClient, crm: str, change: dict[str, Any], path: str) -> None:
    before = client.get(crm)
    told = problem(client.patch(crm, json=change, headers=ANY), 422)
    assert [each["path"] for each in told["errors"]] == [path]
    assert client.get(crm).json() == before.json()


def test_who_did_what_is_in_the_audit(client: TestClient, service: Service, crm: str) -> None:
    client.delete(crm, headers=ANY | {"x-request-id": "my-request"})
    first, last = auditing.page(service.database, 0, 10, "webhooks/crm")
    assert (first.action, first.actor) == ("add", "token claire")
    assert (last.action, last.actor, last.request) == ("remove", "token claire", "my-request")


@pytest.mark.parametrize(
    "change, path",
    [
        ({"url": "http://crm.example/"}, "url"),
        ({"url": "https://claire:x@crm.example/"}, "url"),
        ({"url": "https://crm.example/\u0000"}, "url"),
        ({"url": "x" * 2001}, "body.url"),
        ({"url": None}, "body.url"),
        ({"events": []}, "body.events"),
        ({"events": ["call.answered"]}, "body.events.0"),
        ({"events": "call.missed"}, "body.events"),
        ({"events": ["call.missed"] * 21}, "body.events"),
        ({"enabled": "perhaps"}, "body.enabled"),
        ({"secret": "whsec_bWluZQ=="}, "body.secret"),
        ({"key": "CRM"}, "body.key"),
        ({"key": "../x"}, "body.key"),
        ({"key": ""}, "body.key"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, change: dict[str, Any], path: str) -> None:
    told = problem(client.post(HOOKS, json=CRM | change), 422)
    assert [each["path"] for each in told["errors"]] == [path]
    assert client.get(HOOKS).json() == {"items": []}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_webhook_is_refused(client: TestClient, body: bytes) -> None:
    problem(client.post(HOOKS, content=body, headers=JSON), 422)


def test_what_is_posted_again_with_its_key_is_done_once(client: TestClient) -> None:
    key = {"idempotency-key": str(uuid.uuid4())}
    first, again = (client.post(HOOKS, json=CRM, headers=key) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json() | {"secret": None})
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_test_and_how_it_went(client: TestClient, service: Service) -> None:
    client.post(HOOKS, json=CRM | {"url": "https://127.0.0.1:5038/"})
    waiting = client.post(f"{HOOKS}/crm/test")
    assert waiting.status_code == 202
    assert (waiting.json()["type"], waiting.json()["state"], waiting.json()["tries"]) == ("ping", "waiting", 0)
    await Delivering(service.database, Poster(PUBLIC)).deliver_one("crm")
    (delivery,) = client.get(f"{HOOKS}/crm/deliveries").json()["items"]
    assert (delivery["id"], delivery["tries"], delivery["state"]) == (waiting.json()["id"], 1, "waiting")
    assert "AIGUILLAGE_WEBHOOKS_MAY_REACH" in delivery["last_error"]
    assert delivery["payload"] == {
        "type": "ping",
        "timestamp": delivery["payload"]["timestamp"],
        "data": {"webhook": "crm"},
    }
    client.put(f"{HOOKS}/crm", json=BODY | {"enabled": False}, headers=ANY)
    (delivery,) = client.get(f"{HOOKS}/crm/deliveries").json()["items"]
    assert (delivery["state"], delivery["last_error"]) == ("given-up", "the webhook was disabled")
    assert "enable it first" in problem(client.post(f"{HOOKS}/crm/test"), 409)["detail"]
    problem(client.post(f"{HOOKS}/nobody/test"), 404)


def test_pages_of_deliveries(client: TestClient, crm: str) -> None:
    made = [client.post(f"{crm}/test").json()["id"] for _ in range(5)]
    client.post(HOOKS, json=CRM | {"key": "other"})
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get(f"{crm}/deliveries", params=query).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == made[::-1]
    for odd in ("limit=0", "limit=501", "cursor=x", "state=waiting"):
        problem(client.get(f"{crm}/deliveries?{odd}"), 422)
    problem(client.get(f"{crm}/deliveries?cursor=msg_{0:032x}"), 404)
    problem(client.get(f"{HOOKS}/other/deliveries?cursor={made[0]}"), 404)
    problem(client.get(f"{HOOKS}/nobody/deliveries"), 404)


def test_a_new_secret_is_shown_once(client: TestClient, service: Service) -> None:
    first = client.post(HOOKS, json=CRM)
    key = {"idempotency-key": "renewed"}
    renewed, again = (client.post(f"{HOOKS}/crm/secret", headers=key) for _ in range(2))
    assert (renewed.status_code, renewed.headers["cache-control"]) == (201, "no-store")
    secret = renewed.json()["secret"]
    assert secret.startswith("whsec_")
    assert secret != first.json()["secret"]
    lasts = datetime.fromisoformat(renewed.json()["earlier_until"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < lasts <= timedelta(hours=24)
    assert again.json() == renewed.json() | {"secret": None}
    assert webhooks.one(service.database, "crm").secret == secret
    assert client.get(f"{HOOKS}/crm").headers["etag"] == first.headers["etag"]
    for each in (client.get(HOOKS), client.get(f"{HOOKS}/crm"), client.get("/api/v1/audit")):
        assert "whsec_" not in each.text
    entry = auditing.latest(service.database, 1)[0]
    assert (entry.action, entry.thing, entry.actor) == ("renew the secret", "webhooks/crm", "token claire")
    problem(client.post(f"{HOOKS}/nobody/secret"), 404)


def test_a_delivery_that_is_over_is_told_again(client: TestClient, service: Service, crm: str) -> None:
    made = client.post(f"{crm}/test").json()
    again = f"{crm}/deliveries/{made['id']}/retry"
    assert "not over yet" in problem(client.post(again), 409)["detail"]
    client.patch(crm, json={"enabled": False}, headers=ANY)
    assert "enable it first" in problem(client.post(again), 409)["detail"]
    client.patch(crm, json={"enabled": True}, headers=ANY)
    answer = client.post(again)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["id"], told["state"], told["tries"], told["given_up_at"]) == (made["id"], "waiting", 0, None)
    assert (told["payload"], told["created"]) == (made["payload"], made["created"])
    entry = auditing.latest(service.database, 1)[0]
    assert (entry.action, entry.thing) == ("retry", "webhooks/crm")
    client.post(HOOKS, json=CRM | {"key": "other"})
    problem(client.post(f"{HOOKS}/other/deliveries/{made['id']}/retry"), 404)
    problem(client.post(f"{crm}/deliveries/msg_{0:032x}/retry"), 404)
    problem(client.post(f"{crm}/deliveries/x/retry"), 422)
