"""The REST API over a real database: who may come in, what the plan and explain endpoints say, and how they say no."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.admin.app import create_app
from aiguillage.desk import editing
from aiguillage.desk.parts import Health
from aiguillage.desk.snapshot import Snapshot
from aiguillage.errors import NotFound
from aiguillage.routing.document import dump
from aiguillage.text_formats import read_json, read_yaml, write_json
from tests.admin.asking import JSON, Service, problem
from tests.unit.examples import DIRECTORY, PLAN, PLAN_TEXT

NOW = datetime.now(UTC)
DOCUMENT = dump(PLAN)
EXAMPLE = write_json(DOCUMENT)
PLAN_PATH, EXPLAIN = "/api/v1/plan", "/api/v1/explain"
YAML = {"content-type": "application/yaml"}


# --- how it says no ---


def test_what_is_not_there_is_a_problem_too(client: TestClient) -> None:
    problem(client.get("/api/v1/nothing"), 404)
    problem(client.delete(PLAN_PATH), 405)


def test_the_description_documents_problems(anybody: TestClient) -> None:
    description = anybody.get("/api/openapi.json").json()
    assert description["info"]["title"] == "Aiguillage"
    for path, methods in description["paths"].items():
        for operation in methods.values():
            assert operation["operationId"]
            if path.startswith("/api"):
                assert operation["responses"]["422"] == {"$ref": "#/components/responses/Problem422"}
                assert operation["responses"]["401"] == {"$ref": "#/components/responses/Problem401"}
    assert "application/problem+json" in description["components"]["responses"]["Problem401"]["content"]


def test_a_database_that_is_not_there_is_a_problem(service: Service, tmp_path: Path) -> None:
    service.database.close()
    (tmp_path / "test.db").unlink()
    with TestClient(create_app(service.parts())) as client:
        told = problem(client.get(PLAN_PATH, headers={"authorization": "Bearer aig_x"}), 503)
    assert "aiguillage migrate" in told["detail"]


# --- the plan ---


def put(client: TestClient, content: str | bytes, headers: Mapping[str, str] = JSON) -> Any:
    return client.put(PLAN_PATH, content=content, headers=dict(headers))


def test_before_a_plan_was_put_there_is_none(client: TestClient) -> None:
    assert "no plan yet" in problem(client.get(PLAN_PATH), 404)["detail"]


@pytest.mark.parametrize("headers", [YAML, {"content-type": "Application/YAML; charset=utf-8"}])
def test_a_plan_in_yaml(client: TestClient, headers: Mapping[str, str]) -> None:
    answer = put(client, PLAN_TEXT, headers)
    assert (answer.status_code, answer.content) == (204, b"")
    found = client.get(PLAN_PATH, headers={"accept": "application/yaml"})
    assert found.headers["content-type"].startswith("application/yaml")
    assert read_yaml(found.text) == DOCUMENT
    assert found.headers["etag"] == answer.headers["etag"]


def test_a_plan_in_json(client: TestClient) -> None:
    assert put(client, EXAMPLE).status_code == 204
    found = client.get(PLAN_PATH)
    assert found.headers["content-type"] == "application/json"
    assert read_json(found.text) == DOCUMENT


def test_a_changed_plan_has_another_etag(client: TestClient) -> None:
    first = put(client, EXAMPLE).headers["etag"]
    again = {**JSON, "if-match": first}
    assert put(client, EXAMPLE, again).headers["etag"] == first
    assert put(client, EXAMPLE.replace("Claire Dubois", "Claire Dupont"), again).headers["etag"] != first


def test_a_draft_is_not_overwritten_unawares(client: TestClient) -> None:
    put(client, EXAMPLE)
    newer = EXAMPLE.replace("Claire Dubois", "Claire Dupont")
    assert "send If-Match" in problem(put(client, newer), 428)["detail"]
    assert put(client, newer, {**JSON, "if-match": "*"}).status_code == 204


def test_whoever_changes_an_older_plan_is_told_so(client: TestClient) -> None:
    stale = put(client, EXAMPLE).headers["etag"]
    newer = EXAMPLE.replace("Claire Dubois", "Claire Dupont")
    assert put(client, newer, {**JSON, "if-match": stale}).status_code == 204
    told = problem(put(client, EXAMPLE, {**JSON, "if-match": stale}), 412)
    assert "read it again" in told["detail"]
    assert "Claire Dupont" in client.get(PLAN_PATH).text


def test_an_if_match_before_there_is_a_plan_does_not_match(client: TestClient) -> None:
    problem(put(client, EXAMPLE, {**JSON, "if-match": '"x"'}), 412)


def test_of_those_who_change_the_same_plan_at_the_same_moment_one_succeeds(client: TestClient) -> None:
    headers = {**JSON, "if-match": put(client, EXAMPLE).headers["etag"]}
    texts = [EXAMPLE.replace("Claire Dubois", f"Claire {number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda text: put(client, text, headers).status_code, texts))
    assert sorted(statuses) == [204, 412, 412, 412]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-yaml", "multipart/form-data; boundary=x", ""])
def test_another_format_is_refused(client: TestClient, kind: str) -> None:
    assert "application/yaml" in problem(put(client, EXAMPLE, {"content-type": kind}), 415)["detail"]


def test_a_document_with_faults_is_refused_with_all_of_them_and_nothing_is_changed(client: TestClient) -> None:
    put(client, EXAMPLE)
    wrong = json.loads(write_json(DOCUMENT))
    wrong["dids"]["sales"]["number"] = "12"
    wrong["inbound_routes"][0]["steps"] = [{"hangup": "rudely"}]
    wrong["peeple"] = {}
    told = problem(put(client, json.dumps(wrong), {**JSON, "if-match": "*"}), 422)
    assert {each["path"] for each in told["errors"]} == {
        "dids.sales.number",
        "inbound_routes[0].steps[0].hangup",
        "peeple",
    }
    assert told["detail"] == "3 faults; nothing was changed"
    assert read_json(client.get(PLAN_PATH).text) == DOCUMENT


@pytest.mark.parametrize("headers", [JSON, YAML])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"", b"{", b"[]", b"null", b'"\\ud800"', b'{"\\ud800": 1}', b"[" * 100_000]
)
def test_what_is_no_document_is_refused(client: TestClient, headers: Mapping[str, str], content: bytes) -> None:
    assert problem(put(client, content, headers), 422)["errors"]


def test_a_text_that_is_not_utf_8_is_named(client: TestClient) -> None:
    assert "UTF-8" in problem(put(client, "é".encode("cp1252"), YAML), 422)["detail"]


# --- explain ---


@pytest.fixture
def asker(client: TestClient, service: Service) -> TestClient:
    """Somebody with a good token, while a plan is published."""
    service.snapshot = Snapshot(PLAN, 3, DIRECTORY, 1)
    return client


def test_an_explanation_at_a_time(asker: TestClient) -> None:
    question = {"from": "0471 00 02 01", "to": "central", "at": "2099-11-24T10:00"}
    found = asker.post(EXPLAIN, json=question)
    assert found.status_code == 200
    answer = found.json()
    assert answer["route"] == "local leaders to their region"
    assert answer["at"] == "2099-11-24T10:00:00+01:00"
    assert answer["caller"]["name"] == "Anne Lambert"
    assert answer["itinerary"][0]["kind"] == "ring"
    assert answer["plan_version"] == 3


def test_an_explanation_of_now(asker: TestClient) -> None:
    answer = asker.post(EXPLAIN, json={"from": "withheld", "to": "+3271000003"}).json()
    assert abs(datetime.fromisoformat(answer["at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert answer["route"] == "camps, day and night"
    assert answer["caller"]["number"] is None


@pytest.mark.parametrize(
    "change, named",
    [
        ({"from": "nobody"}, "'nobody' is no telephone number"),
        ({"to": "centrale"}, "our own numbers: central"),
        ({"at": "noon"}, "body.at"),
        ({"at": "0001-01-01T00:00"}, "no year of ours"),
        ({"when": "2026-11-24"}, "body.when"),
        ({"from": None}, "body.from"),
        ({"from": "\ud800"}, "body.from"),
        ({"to": "x" * 65}, "body.to"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(asker: TestClient, change: dict[str, Any], named: str) -> None:
    question = {"from": "0471 00 02 01", "to": "central", **change}
    told = problem(asker.post(EXPLAIN, content=json.dumps(question), headers=JSON), 422)
    assert named in told["detail"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"", b"\xff\xfe"])
def test_a_body_that_is_no_question_is_refused(asker: TestClient, content: bytes) -> None:
    problem(asker.post(EXPLAIN, content=content, headers=JSON), 422)


def test_before_publication_nothing_is_explained(client: TestClient) -> None:
    put(client, EXAMPLE)
    told = problem(client.post(EXPLAIN, json={"from": "withheld", "to": "central"}), 503)
    assert "aiguillage plan apply PLAN.yaml --publish" in told["detail"]


# --- health ---


def test_the_process_is_alive_whatever_its_parts_are(anybody: TestClient, service: Service) -> None:
    service.health = {"database": Health(ok=False, reason="away")}
    found = anybody.get("/healthz")
    assert (found.status_code, found.json()) == (200, {"alive": True})


def test_ready_when_all_parts_are(anybody: TestClient, service: Service) -> None:
    found = anybody.get("/readyz")
    assert (found.status_code, found.json()["ready"]) == (200, True)
    service.health["asterisk"] = Health(ok=False, reason="does not answer; start it")
    found = anybody.get("/readyz")
    assert found.status_code == 503
    assert found.json() == {
        "ready": False,
        "plan_version": None,
        "refused_version": None,
        "parts": {
            "database": {"ok": True, "reason": "fine"},
            "asterisk": {"ok": False, "reason": "does not answer; start it"},
        },
    }


def test_the_draft_is_what_the_desk_has(client: TestClient, service: Service) -> None:
    with pytest.raises(NotFound):
        editing.draft(service.database)
    put(client, EXAMPLE)
    assert editing.draft(service.database) == DOCUMENT


def test_a_body_that_no_plan_can_have_is_not_read_to_its_end(client: TestClient) -> None:
    problem(client.put("/api/v1/plan", content=b" " * 5_000_001, headers={"content-type": "application/json"}), 413)
