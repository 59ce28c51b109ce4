"""Signing in: one-time links, passwords, authenticators, sessions, and those who try."""

import functools
import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from aiguillage.admin import live
from aiguillage.admin.guard import COOKIE
from aiguillage.desk import accounts, auditing, editing, passwords, signing_in
from aiguillage.desk.accounts import User, first_invitation
from aiguillage.desk.editing import NOBODY
from aiguillage.desk.signing_in import SESSION as SESSION_LASTS
from aiguillage.desk.signing_in import UNUSED
from aiguillage.errors import Unavailable
from aiguillage.routing.document import dump
from aiguillage.store import accounts as stored
from tests.admin.asking import Service, problem, token_for
from tests.desk.people import let_in
from tests.unit.examples import PLAN

SESSION, INVITATION = "/api/v1/session", "/api/v1/invitation"
PASSWORD = "geese fly south in autumn"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OURS = {"sec-fetch-site": "same-origin"}


def invited(service: Service, name: str = "marie", role: str = "receptionist") -> str:
    return accounts.add_user(service.database, User(name, name.title(), role), NOBODY, datetime.now(UTC))[1]


def sign_in(client: TestClient, name: str = "marie", password: str = PASSWORD, **more: str) -> Any:
    return client.post(SESSION, json={"user": name, "password": password, **more})


@pytest.fixture
def marie(anybody: TestClient, service: Service) -> TestClient:
    """A receptionist who has chosen her password, and is not signed in."""
    answer = anybody.post(INVITATION, json={"invitation": invited(service), "password": PASSWORD})
    assert answer.status_code == 204
    return anybody


# --- links ---


def test_the_first_start_has_a_link_and_no_password(anybody: TestClient, service: Service) -> None:
    now = datetime.now(UTC)
    old = first_invitation(service.database, now)
    link = first_invitation(service.database, now)
    assert old is not None
    assert link is not None
    problem(sign_in(anybody, "admin", ""), 401)
    problem(anybody.post(INVITATION, json={"invitation": old, "password": PASSWORD}), 401)
    assert anybody.post(INVITATION, json={"invitation": link, "password": PASSWORD}).status_code == 204
    problem(anybody.post(INVITATION, json={"invitation": link, "password": PASSWORD}), 401)
    assert first_invitation(service.database, now) is None
    told = sign_in(anybody, "admin").json()
    assert (told["user"], told["scopes"], told["needs_authenticator"]) == ("admin", {}, True)


def test_a_link_is_good_for_a_day(anybody: TestClient, service: Service) -> None:
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    old = accounts.add_user(service.database, User("marie", "Marie", "receptionist"), NOBODY, yesterday)[1]
    told = problem(anybody.post(INVITATION, json={"invitation": old, "password": PASSWORD}), 401)
    assert "ask an administrator for a new one" in told["detail"]


@pytest.mark.parametrize("password", ["", "short", "aaaaaaaaaaaaaaaa", "marie-marie", "mariemarie12", "x" * 201])
def test_a_password_that_is_easily_guessed_is_refused(anybody: TestClient, service: Service, password: str) -> None:
    secret = invited(service)
    problem(anybody.post(INVITATION, json={"invitation": secret, "password": password}), 422)
    assert anybody.post(INVITATION, json={"invitation": secret, "password": PASSWORD}).status_code == 204


def test_the_page_behind_the_link(anybody: TestClient, service: Service) -> None:
    secret = invited(service)
    page = anybody.get("/welcome", params={"invitation": secret})
    assert f'value="{secret}"' in page.text
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"

    def send(**fields: str) -> Any:
        return anybody.post("/welcome", data={"invitation": secret, "password": PASSWORD, "again": PASSWORD, **fields})

    assert "not the same" in send(again="other").text
    assert "12 to 200 characters" in send(password="x", again="x").text
    assert "was used already" in send(invitation="<script>").text
    assert "<script>" not in send(invitation="<script>").text
    assert "You sign in as <strong>marie</strong>" in send().text
    assert "was used already" in send().text
    for odd in (b"", b"\xff=\xfe", b"&" * 100_000, b"password=%ff&again=%ff", b"a=b&" * 1000):
        assert anybody.post("/welcome", content=odd).status_code == 422
    assert sign_in(anybody).status_code == 201


# --- sessions ---


def test_somebody_signs_in_and_out(marie: TestClient) -> None:
    answer = sign_in(marie)
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    told = marie.get(SESSION).json()
    assert (told["name"], told["scopes"]["contacts:write"], told["scopes"]["voicemail:read"]) == (
        "user marie",
        "all",
        "shared",
    )
    secret = marie.cookies[COOKIE]
    assert marie.delete(SESSION, headers=OURS).status_code == 204
    problem(marie.get(SESSION, headers={"cookie": f"{COOKIE}={secret}"}), 401)


def expires(service: Service, secret: str, now: datetime) -> datetime | None:
    with service.database.reading() as session:
        kept = stored.session_of(session, secret, now)
    return kept.expires if kept else None


def test_a_session_without_use_is_over_before_its_time(service: Service) -> None:
    secret = let_in(service.database, "tom", "auditor", NOON)
    used = functools.partial(signing_in.by_session, service.database, secret, is_use=True)
    assert expires(service, secret, NOON) == NOON + UNUSED
    assert used(NOON + 4 * MINUTE)
    assert expires(service, secret, NOON) == NOON + UNUSED, "not every request is a write"
    assert used(NOON + 5 * MINUTE)
    assert expires(service, secret, NOON) == NOON + UNUSED + 5 * MINUTE
    assert signing_in.by_session(service.database, secret, NOON + UNUSED)
    assert used(NOON + UNUSED + 5 * MINUTE) is None


def test_a_session_in_use_ends_at_its_time(service: Service) -> None:
    secret = let_in(service.database, "tom", "auditor", NOON)
    now = NOON
    while signing_in.by_session(service.database, secret, now, is_use=True):
        now += 7 * MINUTE
        assert (expires(service, secret, now) or NOON) <= NOON + SESSION_LASTS
    assert now - 7 * MINUTE < NOON + SESSION_LASTS <= now


def test_a_request_is_a_use_and_a_stream_that_stays_open_is_none(anybody: TestClient, service: Service) -> None:
    now = datetime.now(UTC)
    secret = let_in(service.database, "tom", "receptionist", now - timedelta(hours=1))
    request = Request({"type": "http", "method": "GET", "headers": [(b"cookie", f"{COOKIE}={secret}".encode())]})
    assert live._still_may(request, service.parts())
    assert expires(service, secret, now) == now + timedelta(hours=7)
    assert anybody.get(SESSION, headers={"cookie": f"{COOKIE}={secret}"}).status_code == 200
    assert (expires(service, secret, now) or now) > now + timedelta(hours=7, minutes=59)


def test_a_cookie_over_tls_is_for_tls_only(marie: TestClient) -> None:
    marie.base_url = "https://testserver"
    assert "Secure" in sign_in(marie).headers["set-cookie"]


def test_it_is_not_said_what_was_wrong(marie: TestClient, service: Service) -> None:
    invited(service, "tom")
    told = {
        problem(sign_in(marie, name, password), 401)["detail"]
        for name, password in (("marie", "wrong"), ("nobody", PASSWORD), ("tom", PASSWORD), ("marie", "x" * 999))
    }
    assert len(told) == 1


@pytest.mark.parametrize("name", ["", "\0", "\ud800", "a\nb", "é" * 64, "' or 1=1 --"])
def test_odd_names_are_nobodys(marie: TestClient, name: str) -> None:
    body = json.dumps({"user": name, "password": PASSWORD})
    answer = marie.post(SESSION, content=body, headers={"content-type": "application/json"})
    assert problem(answer, answer.status_code)["status"] in {401, 422}


def test_whoever_is_disabled_is_out_at_once(marie: TestClient, service: Service) -> None:
    sign_in(marie)
    now = datetime.now(UTC)
    accounts.change_user(service.database, "marie", {"disabled": True}, None, NOBODY, now)
    problem(marie.get(SESSION), 401)
    problem(sign_in(marie), 401)


def test_a_new_password_ends_all_sessions(marie: TestClient) -> None:
    sign_in(marie)
    problem(marie.put(f"{SESSION}/password", json={"old": "x", "new": "another good one"}, headers=OURS), 401)
    change = {"old": PASSWORD, "new": "another good one"}
    assert marie.put(f"{SESSION}/password", json=change, headers=OURS).status_code == 204
    problem(marie.get(SESSION), 401)
    problem(sign_in(marie), 401)
    assert sign_in(marie, password="another good one").status_code == 201


# --- attempts ---


def test_five_attempts_a_minute_for_an_account(marie: TestClient, service: Service) -> None:
    for _ in range(5):
        problem(sign_in(marie, password="wrong"), 401)
    answer = sign_in(marie)
    assert "wait a minute" in problem(answer, 429)["detail"]
    assert answer.headers["retry-after"] == "60"
    with closing(sqlite3.connect(service.database.engine.url.database or "")) as file:
        file.execute("UPDATE login_failures SET at = datetime('now', '-61 seconds')")
        file.commit()
    assert sign_in(marie).status_code == 201


def test_five_attempts_a_minute_from_an_address(marie: TestClient) -> None:
    for number in range(5):
        problem(sign_in(marie, f"user-{number}"), 401)
    problem(sign_in(marie), 429)


def test_many_attempts_at_once_are_counted_too(marie: TestClient) -> None:
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _: sign_in(marie, password="wrong").status_code, range(20)))
    assert sorted(set(told)) == [401, 429]
    assert told.count(401) == 5


def test_who_signs_in_often_is_not_refused(marie: TestClient) -> None:
    assert {sign_in(marie).status_code for _ in range(7)} == {201}


def test_passwords_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    hashed = passwords.hash_password("marie", PASSWORD)

    def asks(_: int) -> bool | None:
        try:
            return passwords.is_password(hashed, PASSWORD)
        except Unavailable:
            return None

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(asks, range(8)))
    assert set(told) == {True, None}
    assert hashed.startswith("$argon2id$")


# --- administrators ---


def test_an_administrator_needs_an_authenticator(anybody: TestClient, service: Service) -> None:
    link = invited(service, "boss", "administrator")
    assert anybody.post(INVITATION, json={"invitation": link, "password": PASSWORD}).status_code == 204
    assert sign_in(anybody, "boss").json()["needs_authenticator"]
    told = problem(anybody.get("/api/v1/users"), 403)
    assert told["detail"].startswith("administrators need an authenticator")

    made = anybody.put(f"{SESSION}/authenticator", headers=OURS).json()
    assert made["uri"].startswith("otpauth://totp/")
    problem(anybody.post(f"{SESSION}/authenticator/confirm", json={"code": "000000"}, headers=OURS), 422)
    totp = pyotp.TOTP(made["secret"])
    code = totp.now()
    assert anybody.post(f"{SESSION}/authenticator/confirm", json={"code": code}, headers=OURS).status_code == 204
    problem(anybody.put(f"{SESSION}/authenticator", headers=OURS), 409)
    assert anybody.get("/api/v1/users").status_code == 200

    problem(sign_in(anybody, "boss"), 401)
    problem(sign_in(anybody, "boss", code=code), 401)  # it was used to confirm
    later = totp.at(datetime.now(UTC) + timedelta(seconds=30))
    assert sign_in(anybody, "boss", code=later).status_code == 201
    problem(sign_in(anybody, "boss", code=later), 401)  # nobody who looked on can use it


def test_a_new_link_takes_the_authenticator_away(anybody: TestClient, service: Service) -> None:
    let_in(service.database, "boss", "administrator", datetime.now(UTC))
    link = accounts.invite(service.database, "boss", NOBODY, datetime.now(UTC))
    assert anybody.post(INVITATION, json={"invitation": link, "password": PASSWORD}).status_code == 204
    assert sign_in(anybody, "boss").json()["needs_authenticator"]


def test_a_token_has_no_password_to_change(client: TestClient) -> None:
    problem(client.put(f"{SESSION}/authenticator"), 403)
    problem(client.put(f"{SESSION}/password", json={"old": "x", "new": PASSWORD}), 403)


# --- pages of others ---


@pytest.mark.parametrize(
    "headers, is_ours",
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"origin": "http://testserver"}, True),
        ({}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"origin": "http://[bad"}, False),
        ({"origin": ""}, False),
    ],
)
def test_only_our_own_pages_use_a_session(marie: TestClient, headers: dict[str, str], is_ours: bool) -> None:
    assert sign_in(marie).status_code == 201
    answer = marie.post("/api/v1/callbacks/" + "0" * 32 + "/done", headers=headers)
    assert answer.status_code == (404 if is_ours else 403)
    assert marie.get(SESSION, headers=headers).status_code == 200
    other = (
        sign_in(marie)
        if not headers
        else marie.post(SESSION, json={"user": "marie", "password": PASSWORD}, headers=headers)
    )
    assert other.status_code == (201 if is_ours or not headers else 403)


# --- what is kept ---


def test_no_secret_is_kept_in_clear(client: TestClient, service: Service, tmp_path: Path) -> None:
    key = {"idempotency-key": "once"}
    user = {"name": "marie", "full_name": "Marie", "role": "receptionist"}
    link = client.post("/api/v1/users", json=user, headers=key)
    again = client.post("/api/v1/users", json=user, headers=key)
    assert again.json() == link.json() | {"invitation": link.json()["invitation"] | {"link": None}}
    secret = link.json()["invitation"]["link"].partition("=")[2]
    token = client.post("/api/v1/tokens", json={"name": "t", "scopes": ["plan:read"]}, headers={"idempotency-key": "2"})
    assert client.post("/api/v1/invitation", json={"invitation": secret, "password": PASSWORD}).status_code == 204
    session = sign_in(client).cookies[COOKIE]
    number, _, fault = auditing.verify(service.database)
    assert (number, fault) == (5, None)
    found = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert b"marie" in found
    for clear in (secret, token.json()["token"], PASSWORD, session):
        assert clear.encode() not in found
        assert re.sub(r"^aig_", "", clear).encode() not in found


def test_users_are_changed_as_everything_else(client: TestClient, service: Service) -> None:
    path = "/api/v1/users/marie"
    body = {"full_name": "Marie", "role": "receptionist"}
    made = client.post("/api/v1/users", json={"name": "marie", **body})
    etag = made.headers["etag"]
    assert client.get(path).headers["etag"] == etag
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    problem(client.put(path, json=body), 428)
    changed = client.put(path, json=body | {"full_name": "Marie L."}, headers={"if-match": etag})
    assert (changed.status_code, changed.json()["full_name"]) == (200, "Marie L.")
    told = problem(client.put(path, json=body, headers={"if-match": etag}), 412)
    assert "token claire" in told["detail"]
    problem(client.delete(path, headers={"if-match": etag}), 412)
    problem(client.post("/api/v1/users", json={"name": "marie", **body}), 409)
    problem(client.get("/api/v1/users/mari"), 404)
    told = problem(client.post("/api/v1/users", json={"name": "x", "full_name": "X", "role": "person"}), 422)
    assert [each["pointer"] for each in told["errors"]] == ["/person"]
    client.post("/api/v1/users", json={"name": "boss", "full_name": "B", "role": "administrator"})
    problem(client.delete("/api/v1/users/boss", headers={"if-match": "*"}), 409)
    assert client.delete(path, headers={"if-match": changed.headers["etag"]}).status_code == 204
    assert [each["name"] for each in client.get("/api/v1/users").json()["users"]] == ["boss"]


MARIE = "/api/v1/users/marie"


@pytest.fixture
def receptionist(client: TestClient) -> str:
    """Her ETag."""
    made = client.post("/api/v1/users", json={"name": "marie", "full_name": "Marie", "role": "receptionist"})
    return str(made.headers["etag"])


def test_a_patch_changes_of_a_user_what_it_names(client: TestClient, service: Service, receptionist: str) -> None:
    before = client.get(MARIE).json()
    problem(client.patch(MARIE, json={"full_name": "Marie L."}), 428)
    headers = {"if-match": receptionist, "content-type": "application/merge-patch+json"}
    changed = client.patch(MARIE, content=json.dumps({"full_name": "Marie L."}), headers=headers)
    assert changed.json() == before | {"full_name": "Marie L."}
    assert changed.headers["etag"] == client.get(MARIE).headers["etag"]
    assert "token claire" in problem(client.patch(MARIE, json={}, headers=headers), 412)["detail"]
    same = client.patch(MARIE, json={"disabled": False}, headers={"if-match": changed.headers["etag"]})
    assert (same.status_code, same.headers["etag"]) == (200, changed.headers["etag"])
    entries = auditing.page(service.database, 0, 100, "users/marie")
    assert [each.action for each in entries] == ["add", "change"]
    assert json.loads(entries[-1].after or "")["full_name"] == "Marie L."
    problem(client.patch("/api/v1/users/tom", json={}, headers={"if-match": "*"}), 404)


@pytest.mark.parametrize(
    "change, path",
    [
        ({"full_name": None}, "body.full_name"),
        ({"role": None}, "body.role"),
        ({"disabled": None}, "body.disabled"),
        ({"role": "queen"}, "body.role"),
        ({"name": "tom"}, "body.name"),
        ({"password": PASSWORD}, "body.password"),
        ({"role": "person"}, "person"),
        ({"role": "editor", "unit": None}, "unit"),
    ],
)
def test_a_patch_of_a_user_that_cannot_be_is_refused(
    client: TestClient, receptionist: str, change: dict[str, Any], path: str
) -> None:
    told = problem(client.patch(MARIE, json=change, headers={"if-match": "*"}), 422)
    assert [each["path"] for each in told["errors"]] == [path]
    assert client.get(MARIE).headers["etag"] == receptionist


def test_a_patch_leaves_an_administrator(client: TestClient) -> None:
    client.post("/api/v1/users", json={"name": "boss", "full_name": "B", "role": "administrator"})
    for change in ({"role": "auditor"}, {"disabled": True}):
        problem(client.patch("/api/v1/users/boss", json=change, headers={"if-match": "*"}), 409)


def test_whoever_a_patch_disables_is_out_at_once(marie: TestClient, service: Service) -> None:
    sign_in(marie)
    token = {"authorization": f"Bearer {token_for(service.database, datetime.now(UTC))}"}
    disabled = marie.patch(MARIE, json={"disabled": True}, headers={"if-match": "*"} | token)
    assert (disabled.status_code, disabled.json()["role"]) == (200, "receptionist")
    problem(marie.get(SESSION), 401)


def test_whoever_left_the_plan_can_be_disabled(client: TestClient, service: Service) -> None:
    editing.apply(service.database, dump(PLAN))
    sophie = {"name": "sophie", "full_name": "Sophie", "role": "person", "person": "sophie"}
    assert client.post("/api/v1/users", json=sophie).status_code == 201
    with service.database.writing() as session:
        stored.change_user(session, "sophie", person="gone")
    path, headers = "/api/v1/users/sophie", {"if-match": "*"}
    assert client.patch(path, json={"disabled": True}, headers=headers).json()["person"] == "gone"
    told = problem(client.patch(path, json={"person": "left"}, headers=headers), 422)
    assert [each["path"] for each in told["errors"]] == ["person"]


# --- tokens ---


@pytest.fixture
def backup(client: TestClient) -> Any:
    """The answer to who made it."""
    return client.post("/api/v1/tokens", json={"name": "backup", "scopes": ["plan:read"], "days": 1})


def test_a_patch_changes_of_a_token_what_it_names(client: TestClient, service: Service, backup: Any) -> None:
    path, secret = backup.headers["location"], backup.json()["token"]
    before = client.get(path)
    assert before.headers["etag"] == backup.headers["etag"]
    problem(client.patch(path, json={"name": "nightly"}), 428)
    changed = client.patch(path, json={"name": "nightly"}, headers={"if-match": backup.headers["etag"]})
    assert changed.json() == before.json() | {"name": "nightly"}
    problem(client.patch(path, json={"name": "x"}, headers={"if-match": backup.headers["etag"]}), 412)
    later = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    headers = {"if-match": changed.headers["etag"]}
    moved = client.patch(path, json={"expires": later.astimezone(timezone(MINUTE)).isoformat()}, headers=headers)
    assert moved.json() == changed.json() | {"expires": later.isoformat().replace("+00:00", "Z")}
    assert moved.headers["etag"] == client.get(path).headers["etag"]
    bearer = {"authorization": f"Bearer {secret}"}
    assert client.get(SESSION, headers=bearer).json()["name"] == "token nightly"
    entries = auditing.page(service.database, 0, 100, path.removeprefix("/api/v1/"))
    assert [each.action for each in entries] == ["add", "change", "change"]
    assert json.loads(entries[-1].after or "") == {"name": "nightly", "expires": later.isoformat()}
    assert secret not in str(entries)


@pytest.mark.parametrize(
    "change, path",
    [
        ({"name": None}, "body.name"),
        ({"expires": None}, "body.expires"),
        ({"expires": "2030-01-01T00:00:00"}, "body.expires"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"expires": "9999-12-31T23:59:59-23:59"}, "expires"),
        ({"expires": "0001-01-01T00:00:00+23:59"}, "expires"),
        ({"scopes": ["plan:write"]}, "body.scopes"),
        ({"token": "aig_x"}, "body.token"),
        ({"name": " "}, "name"),
    ],
)
def test_a_patch_of_a_token_that_cannot_be_is_refused(
    client: TestClient, backup: Any, change: dict[str, Any], path: str
) -> None:
    told = problem(client.patch(backup.headers["location"], json=change, headers={"if-match": "*"}), 422)
    assert [each["path"] for each in told["errors"]] == [path]
    assert client.get(backup.headers["location"]).headers["etag"] == backup.headers["etag"]
