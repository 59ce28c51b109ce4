"""Voicemail over the API: everybody sees their own messages, a receptionist those of shared boxes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin.guard import COOKIE
from aiguillage.settings import Settings
from aiguillage.store import messages
from aiguillage.store.messages import StoredMessage
from tests.admin.asking import Service, problem
from tests.desk.people import let_in

API = "/api/v1/voicemail"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAILBOXES = ("claire@people", "tom@people", "reception@boxes")


@pytest.fixture
def admin(client: TestClient, app: FastAPI, service: Service, tmp_path: Path) -> TestClient:
    with service.database.writing() as session:
        messages.add(
            session,
            [
                StoredMessage(
                    f"{number}-0000000{number}.{mailbox}",
                    mailbox,
                    "INBOX",
                    "+32471000201",
                    "Anne",
                    NOON + timedelta(minutes=number),
                    7,
                    False,
                    "x",
                )
                for number, mailbox in enumerate(MAILBOXES)
            ],
        )
    settings = Settings(voicemail_dir=tmp_path / "spool", ami_port=1, _env_file=None)  # type: ignore[call-arg]
    app.state.parts = replace(app.state.parts, settings=settings)
    return client


def seen(ask: Callable[..., Any]) -> list[str]:
    return [each["mailbox"] for each in ask("GET", "").json()["items"]]


def as_role(client: TestClient, service: Service, role: str, **of: str) -> Callable[..., Any]:
    session = let_in(service.database, role, role, datetime.now(UTC), **of)
    client.headers.pop("authorization", None)
    headers = {"cookie": f"{COOKIE}={session}", "sec-fetch-site": "same-origin", "if-match": "*"}
    return lambda method, path: client.request(method, API + path, headers=headers)


def test_messages_are_listed_page_by_page(admin: TestClient) -> None:
    first = admin.get(API, params={"limit": 2}).json()
    second = admin.get(API, params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["mailbox"] for each in (*first["items"], *second["items"])] == list(MAILBOXES)
    assert second["next"] is None
    assert len(admin.get(API, params={"mailbox": "tom@people"}).json()["items"]) == 1
    problem(admin.get(API, params={"mailbox": "tom@elsewhere"}), 422)
    one = first["items"][0]
    assert admin.get(f"{API}/{one['id']}").json() == one
    for odd in ("x", "1-00000001.claire@people/../x", "9-00000009.%00@people"):
        assert admin.get(f"{API}/{odd}").status_code in {404, 422}


@pytest.mark.parametrize(
    "role, of, theirs",
    [
        ("person", {"person": "claire"}, ["claire@people"]),
        ("receptionist", {"person": "tom"}, ["tom@people", "reception@boxes"]),
        ("receptionist", {}, ["reception@boxes"]),
        ("administrator", {}, list(MAILBOXES)),
    ],
)
def test_everybody_opens_their_own_boxes(
    admin: TestClient, service: Service, role: str, of: dict[str, str], theirs: list[str]
) -> None:
    ask = as_role(admin, service, role, **of)
    assert seen(ask) == theirs
    for number, mailbox in enumerate(MAILBOXES):
        path = f"/{number}-0000000{number}.{mailbox}"
        if mailbox in theirs:
            assert ask("GET", path).status_code == 200
            problem(ask("GET", f"{path}/sound"), 404)  # the folder has none
            problem(ask("DELETE", path), 503)  # Asterisk is not there
            problem(ask("POST", f"{path}/listened"), 503)
        else:
            for method, more in (("GET", ""), ("GET", "/sound"), ("DELETE", ""), ("POST", "/listened")):
                problem(ask(method, path + more), 403)


def test_a_message_that_changed_is_not_deleted(admin: TestClient, service: Service) -> None:
    path = f"{API}/0-00000000.claire@people"
    etag = admin.get(path).headers["etag"]
    problem(admin.delete(path), 428)
    with service.database.writing() as session:
        messages.moved(session, "0-00000000.claire@people", "Old", "x", listened=True)
    problem(admin.delete(path, headers={"if-match": etag}), 412)
    assert admin.get(path).headers["etag"] != etag


def test_settings_are_shown_without_their_secrets(admin: TestClient, app: FastAPI) -> None:
    settings = Settings(
        ami_secret="hidden-1",  # type: ignore[arg-type]
        database_url="postgresql+psycopg://me:hidden-2@db/aiguillage",
        _env_file=None,  # type: ignore[call-arg]
    )
    app.state.parts = replace(app.state.parts, settings=settings)
    answer = admin.get("/api/v1/settings")
    told = {each["variable"]: (each["value"], each["is_set"]) for each in answer.json()["settings"]}
    assert told["AIGUILLAGE_HTTP_PORT"] == (8080, True)
    assert told["AIGUILLAGE_AMI_SECRET"] == (None, True)
    assert told["AIGUILLAGE_SMTP_PASSWORD"] == (None, False)
    assert told["AIGUILLAGE_DATABASE_URL"] == ("postgresql+psycopg://me:***@db/aiguillage", True)
    assert "hidden" not in answer.text
