from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.published import empty, publish_example

from aiguillage import text_formats
from aiguillage.admin.app import create_app
from aiguillage.desk import editing, tokens
from aiguillage.desk.parts import Health, Parts
from aiguillage.desk.snapshot import Snapshot, load_snapshot
from aiguillage.errors import NotFound
from aiguillage.store.database import Database

PROBLEM = "application/problem+json"


class House:
    """The API over a real database; `well` is how the parts are."""

    def __init__(self, database: Database) -> None:
        self.database, self.well = database, True
        self.client = TestClient(create_app(Parts(database, self._snapshot, self._health)))
        token = tokens.create(database, "tests", datetime.now(UTC))
        self.client.headers["Authorization"] = f"Bearer {token}"

    def _snapshot(self) -> Snapshot | None:
        try:
            return load_snapshot(self.database)
        except NotFound:
            return None

    def _health(self) -> dict[str, Health]:
        return {"ami": Health(self.well, "logged in" if self.well else "connection refused")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = empty(tmp_path)
    house = House(database)
    with house.client:
        yield house
    database.close()


@pytest.fixture
def published(house: House) -> House:
    publish_example(house.database)
    return house


def guarded_routes(client: TestClient) -> list[tuple[str, str]]:
    paths: dict[str, dict[str, Any]] = client.get("/api/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if path.startswith("/api")]


def test_every_route_under_api_asks_for_a_token(published: House) -> None:
    database = published.database
    expired = tokens.create(database, "old", datetime.now(UTC) - timedelta(days=2), timedelta(days=1))
    routes = guarded_routes(published.client)
    assert ("PUT", "/api/v1/plan") in routes
    for method, path in routes:
        for header in (None, "Bearer wrong", f"Bearer {expired}", "Basic eDp5"):
            headers = {"Authorization": header} if header else {}
            published.client.headers.pop("Authorization", None)
            answer = published.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), (method, path, header)


def test_the_plan_is_given_and_taken_in_json_and_yaml(published: House) -> None:
    as_json = published.client.get("/api/v1/plan")
    as_yaml = published.client.get("/api/v1/plan", headers={"Accept": "application/yaml"})
    assert text_formats.read_yaml(as_yaml.text) == as_json.json()
    assert as_yaml.headers["etag"] == as_json.headers["etag"]
    changed = as_json.json() | {"never_dial": []}
    for text, kind in ((text_formats.write_json(changed), "json"), (text_formats.write_yaml(changed), "yaml")):
        answer = published.client.put(
            "/api/v1/plan", content=text, headers={"Content-Type": f"application/{kind}; charset=utf-8"}
        )
        assert answer.status_code == 204, answer.text
        assert "never_dial" not in published.client.get("/api/v1/plan").json()


def test_a_change_on_an_old_draft_is_refused(published: House) -> None:
    first = published.client.get("/api/v1/plan")
    headers = {"If-Match": first.headers["etag"]}
    changed = first.json() | {"never_dial": []}
    assert published.client.put("/api/v1/plan", json=changed, headers=headers).status_code == 204
    answer = published.client.put("/api/v1/plan", json=first.json(), headers=headers)
    assert answer.status_code == 412
    assert "changed meanwhile" in answer.json()["detail"]


def test_a_faulty_plan_is_refused_with_every_fault_and_changes_nothing(published: House) -> None:
    before = published.client.get("/api/v1/plan")
    wrong = before.json()
    wrong["inbound_routes"][3]["steps"][1]["ring"] = "group:shoop"
    wrong["colour"] = "blue"
    answer = published.client.put("/api/v1/plan", json=wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert {error["path"] for error in answer.json()["errors"]} == {"inbound_routes[3].steps[1].ring", "colour"}
    assert published.client.get("/api/v1/plan").headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize(
    "content, kind, status",
    [
        (b"name,numbers", "text/csv", 415),
        (b"\xff\xfe", "application/json", 422),
        (b"{", "application/json", 422),
        (b"a: &x [*x]", "application/yaml", 422),
        (b"[]", "application/json", 422),
        (b" " * 5_000_001, "application/json", 413),
    ],
)
def test_a_body_that_is_no_document_is_refused(published: House, content: bytes, kind: str, status: int) -> None:
    answer = published.client.put("/api/v1/plan", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


def test_a_call_is_explained_without_being_placed(published: House) -> None:
    question = {"from": "0471 00 02 01", "to": "central", "at": "2026-11-24T10:00"}
    answer = published.client.post("/api/v1/explain", json=question).json()
    assert answer["route"] == "local leaders to their region"
    assert answer["caller"]["name"] == "Anne Lambert"
    assert answer["itinerary"][0]["legs"][0]["phone"] == "desk"
    assert published.client.post("/api/v1/explain", json={"from": "withheld", "to": "camps"}).status_code == 200


@pytest.mark.parametrize(
    "question",
    [{"from": "nobody", "to": "central"}, {"from": "withheld", "to": "moon"}, {"from": "withheld"}, {"frm": 1}],
)
def test_a_question_that_makes_no_sense_is_refused(published: House, question: dict[str, Any]) -> None:
    answer = published.client.post("/api/v1/explain", json=question)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


def test_before_the_first_publication_there_is_nothing_to_explain(house: House) -> None:
    assert house.client.post("/api/v1/explain", json={"from": "withheld", "to": "central"}).status_code == 503
    assert house.client.get("/api/v1/plan").status_code == 404
    publish_example(house.database)
    assert editing.draft(house.database)["format"] == 1


def test_health_says_how_each_part_is(house: House) -> None:
    assert house.client.get("/healthz").json() == {"alive": True}
    assert house.client.get("/readyz").status_code == 200
    house.well = False
    answer = house.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["ami"] == {"ok": False, "reason": "connection refused"}
