"""One caller's data over REST: exported, erased, and who may do so."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.desk import contacts, editing
from aiguillage.routing.document import dump
from aiguillage.settings import Settings
from tests.admin.asking import Service, problem
from tests.unit.examples import EXAMPLES, PLAN

API = "/api/v1"
DIALLO = {"number": "0471 00 02 05"}


@pytest.fixture
def admin(client: TestClient, service: Service, app: FastAPI, tmp_path: Path) -> TestClient:
    settings = Settings(state_dir=tmp_path / "state", _env_file=None)  # type: ignore[call-arg]
    app.state.parts = replace(app.state.parts, settings=settings)
    editing.apply(service.database, dump(PLAN))
    contacts.import_file(service.database, (EXAMPLES / "directory.csv").read_bytes())
    return client


def test_a_caller_is_exported_and_erased(admin: TestClient) -> None:
    exported = admin.post(f"{API}/privacy/export", json=DIALLO)
    assert exported.status_code == 200
    assert exported.headers["cache-control"] == "private, no-store"
    assert exported.json()["numbers"] == ["+32471000205"]
    (contact,) = exported.json()["contacts"]
    assert contact["name"] == "Famille Diallo"

    erased = admin.post(f"{API}/privacy/erase", json=DIALLO)
    assert erased.status_code == 200
    assert erased.json()["erased"]["contacts"] == 1
    assert erased.json()["kept"] == []
    assert admin.get(f"{API}/contacts", params={"q": "Diallo"}).json()["items"] == []
    done = admin.get(f"{API}/audit", params={"thing": "privacy"}).json()["items"]
    assert [each["action"] for each in done] == ["export", "erase"]
    assert "471" not in str([each["after"] for each in done])


def test_a_contact_is_meant_by_its_id(admin: TestClient) -> None:
    (contact,) = admin.get(f"{API}/contacts", params={"q": "Diallo"}).json()["items"]
    assert admin.post(f"{API}/privacy/erase", json={"contact": contact["id"]}).status_code == 200
    assert "no contact" in problem(admin.post(f"{API}/privacy/export", json={"contact": contact["id"]}), 404)["detail"]


def test_a_number_that_the_plan_uses_is_not_erased(admin: TestClient) -> None:
    told = problem(admin.post(f"{API}/privacy/erase", json={"number": "+3271000001"}), 409)
    assert "the draft uses this number: dids.central" in told["detail"]


@pytest.mark.parametrize("body", [{}, {"number": "0471000205", "contact": 1}, {"number": "112"}, {"number": 1}])
def test_it_must_be_said_who_is_meant(body: object, admin: TestClient) -> None:
    problem(admin.post(f"{API}/privacy/erase", json=body), 422)


def test_an_answer_is_not_kept_for_a_repetition(admin: TestClient) -> None:
    """An export that is asked for again is made again: what it says is not to be kept a day longer."""
    headers = {"idempotency-key": "once"}
    assert admin.post(f"{API}/privacy/export", json=DIALLO, headers=headers).status_code == 200
    assert admin.post(f"{API}/privacy/erase", json=DIALLO).json()["erased"]["stored_answers"] == 0
    assert admin.post(f"{API}/privacy/export", json=DIALLO, headers=headers).json()["contacts"] == []
