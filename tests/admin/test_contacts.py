"""Contacts over the API: found, written, imported; and what the audit does not say of them."""

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aiguillage.admin.guard import COOKIE
from aiguillage.desk import auditing, contacts, editing
from aiguillage.routing.document import dump
from tests.admin.asking import JSON, Service, problem
from tests.admin.test_sections import HOSTILE
from tests.desk.people import let_in
from tests.unit.examples import EXAMPLES, PLAN

API = "/api/v1/contacts"
ANY = {"if-match": "*"}
CSV = {"content-type": "text/csv"}
FILE = (EXAMPLES / "directory.csv").read_bytes()
NEW = {"name": "Nina Collard", "numbers": ["0470 00 01 99"], "unit": "patro-jumet", "category": "parent"}


@pytest.fixture
def admin(client: TestClient, service: Service) -> TestClient:
    """The example's plan and directory."""
    editing.apply(service.database, dump(PLAN))
    contacts.import_file(service.database, FILE)
    return client


def names(client: TestClient, **query: Any) -> list[str]:
    return [each["name"] for each in client.get(API, params=query).json()["items"]]


def test_a_contact_is_added_changed_and_taken_out(admin: TestClient, service: Service) -> None:
    made = admin.post(API, json=NEW)
    assert made.status_code == 201
    assert made.json()["numbers"] == ["+32470000199"]
    path, etag = made.headers["location"], made.headers["etag"]
    assert admin.get(path).json() == made.json()
    assert admin.get(path, headers={"if-none-match": etag}).status_code == 304
    problem(admin.patch(path, json={"note": "x"}), 428)
    changed = admin.patch(path, json={"note": "x", "unit": None}, headers={"if-match": etag})
    assert changed.json() == made.json() | {"note": "x", "unit": None}
    told = problem(admin.put(path, json=NEW, headers={"if-match": etag}), 412)
    assert "changed meanwhile by token claire: unit, note" in told["detail"]
    again = admin.put(path, json=NEW, headers={"if-match": changed.headers["etag"]})
    assert (again.json(), again.headers["etag"]) == (made.json(), etag)
    assert admin.delete(path, headers={"if-match": etag}).status_code == 204
    problem(admin.get(path), 404)
    told_all = [auditing.describe(each) for each in auditing.page(service.database, 0, 100)]
    assert [each["action"] for each in told_all if each["thing"] == path.removeprefix("/api/v1/")] == [
        *("add", "change", "change", "remove"),
    ]
    assert "Collard" not in str(told_all)
    assert "0199" not in str(told_all)


def test_contacts_are_found(admin: TestClient) -> None:
    everybody = names(admin)
    assert len(everybody) > 5
    pages: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = admin.get(API, params=query).json()
        pages += [each["name"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert pages == everybody
    someone = admin.get(API).json()["items"][0]
    assert someone["name"] in names(admin, q=someone["name"][2:6].upper())
    assert someone["name"] in names(admin, number=someone["numbers"][0][:-1])
    assert names(admin, number="+999") == []
    assert names(admin, q="100%") == []
    assert set(names(admin, category="president")) < set(everybody)
    assert names(admin, unit="patro-jumet")
    for query in ({"number": "0471"}, {"cursor": "x"}, {"q": "\0"}, {"unknown": "1"}, {"limit": 0}):
        problem(admin.get(API, params=query), 422)


def test_all_faults_are_told_at_once(admin: TestClient) -> None:
    wrong = {"name": " ", "numbers": ["12", "0470000101"], "unit": "patro-jumt", "category": "x", "language": "it"}
    told = problem(admin.post(API, json=wrong), 422)
    assert {each["pointer"] for each in told["errors"]} == {"/name", "/numbers/0", "/unit", "/category", "/language"}
    assert 'did you mean "patro-jumet"?' in str(told)
    problem(admin.post(API, json={"name": "x", "numbers": []}), 422)
    problem(admin.post(API, json={"name": "x", "numbers": ["0470000101"], "more": 1}), 422)
    path = admin.post(API, json=NEW).headers["location"]
    problem(admin.patch(path, json={"name": None}, headers=ANY), 422)


def test_what_is_hostile_is_a_plain_text_or_refused(admin: TestClient) -> None:
    path = admin.post(API, json=NEW).headers["location"]
    for name, text in product(("name", "numbers", "unit", "category", "language", "note"), HOSTILE):
        sent = NEW | {name: [text] if name == "numbers" else text}
        for answer in (
            admin.put(path, content=json.dumps(sent), headers=JSON | ANY),
            admin.patch(path, content=json.dumps({name: sent[name]}), headers=JSON | ANY),
        ):
            if answer.status_code == 200:
                assert answer.json()[name] == (text.strip() if name in {"name", "note"} else sent[name])
                assert text.isprintable()
            else:
                problem(answer, 422)


# --- import ---


def test_an_import_is_looked_at_first(admin: TestClient, service: Service) -> None:
    first = admin.get(API, params={"limit": 1}).json()["items"][0]
    content = FILE + b"Nina Collard,0470 00 01 99,patro-jumet,parent,fr,\n"
    dry = admin.post(f"{API}/import", content=content, headers=CSV)
    assert (dry.status_code, dry.json()["dry_run"], len(dry.json()["added"])) == (200, True, 1)
    assert "Nina Collard" not in names(admin)
    real = {"dry_run": "false"}
    problem(admin.post(f"{API}/import", params=real, content=content, headers=CSV), 428)
    admin.patch(f"{API}/{first['id']}", json={"note": "meanwhile"}, headers=ANY)
    told = problem(
        admin.post(f"{API}/import", params=real, content=content, headers=CSV | {"if-match": dry.headers["etag"]}), 412
    )
    assert "since the dry run" in told["detail"]
    dry = admin.post(f"{API}/import", content=content, headers=CSV)
    done = admin.post(f"{API}/import", params=real, content=content, headers=CSV | {"if-match": dry.headers["etag"]})
    assert done.json() == dry.json() | {"dry_run": False}
    assert "Nina Collard" in names(admin)
    assert admin.get(f"{API}/{first['id']}").json()["name"] == first["name"], "ids stay through imports"
    for odd in ('"x"', '"directory-"', '"directory-x"', '"directory-٣"', '"directory-99999999999999999999"'):
        answer = admin.post(
            f"{API}/import",
            params=real,
            content=content,
            headers={b"content-type": b"text/csv", b"if-match": odd.encode()},
        )
        problem(answer, 412)


def test_what_was_exported_changes_nothing(admin: TestClient) -> None:
    for kind, media in (("csv", "text/csv"), ("vcard", "text/vcard")):
        file = admin.get(f"{API}/export", params={"format": kind})
        assert file.headers["content-type"].startswith(media)
        told = admin.post(f"{API}/import", content=file.content, headers={"content-type": media}).json()
        assert (told["added"], told["changed"], told["removed"]) == ([], [], [])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a;b\n", b"BEGIN:VCARD\n", b"\0" * 1000])
def test_a_file_that_is_none_is_refused(admin: TestClient, content: bytes) -> None:
    problem(admin.post(f"{API}/import", content=content, headers=CSV), 422)
    problem(admin.post(f"{API}/import", content=FILE, headers={"content-type": "application/json"}), 415)


def test_reading_many_is_in_the_audit(admin: TestClient, service: Service) -> None:
    before = auditing.verify(service.database)[0]
    names(admin, q="dup")
    admin.get(f"{API}/export")
    told = [auditing.describe(each) for each in auditing.page(service.database, before, 100)]
    assert [(each["actor"], each["action"], each["thing"]) for each in told] == [
        *[("token claire", "read", "contacts")] * 2
    ]
    assert "dup" not in str(told)


# --- editors ---


def test_an_editor_sees_and_writes_the_contacts_of_their_units(admin: TestClient, service: Service) -> None:
    session = let_in(service.database, "marc", "editor", datetime.now(UTC), unit="hainaut")
    cookie = {"cookie": f"{COOKIE}={session}", "sec-fetch-site": "same-origin", **ANY}
    everybody = admin.get(API).json()["items"]
    elsewhere = next(each for each in everybody if each["unit"] == "patro-seraing")
    here = next(each for each in everybody if each["unit"] == "patro-jumet")
    del admin.headers["authorization"]
    units = {each["unit"] for each in admin.get(API, headers=cookie).json()["items"]}
    assert units == {each["unit"] for each in everybody} & {"hainaut", "patro-jumet"}
    assert admin.get(API, params={"unit": "patro-seraing"}, headers=cookie).json()["items"] == []
    assert admin.post(API, json=NEW, headers=cookie).status_code == 201
    problem(admin.post(API, json=NEW | {"unit": "liege"}, headers=cookie), 403)
    problem(admin.post(API, json=NEW | {"unit": None}, headers=cookie), 403)
    assert admin.get(f"{API}/{here['id']}", headers=cookie).status_code == 200
    problem(admin.patch(f"{API}/{here['id']}", json={"unit": "liege"}, headers=cookie), 403)
    assert admin.patch(f"{API}/{here['id']}", json={"note": "mine"}, headers=cookie).status_code == 200
    for method in ("GET", "DELETE"):
        problem(admin.request(method, f"{API}/{elsewhere['id']}", headers=cookie), 403)
    problem(admin.patch(f"{API}/{elsewhere['id']}", json={"unit": "patro-jumet"}, headers=cookie), 403)
    problem(admin.get(f"{API}/export", headers=cookie), 403)
    problem(admin.post(f"{API}/import", content=FILE, headers=cookie | CSV), 403)
