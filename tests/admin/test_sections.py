"""Every section of the plan as a collection: read, written, refused, and how two who edit at once fare."""

import itertools
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from fastapi.testclient import TestClient

from aiguillage.admin.app import create_app
from aiguillage.admin.sections import COLLECTIONS, Section
from aiguillage.desk import auditing, editing
from aiguillage.routing.document import dump
from tests.admin.asking import JSON, Service, problem, token_for
from tests.databases import running_postgresql
from tests.unit.examples import PLAN
from tests.unit.rich_plans import rich_plan

API = "/api/v1"
ANY = {"if-match": "*"}
DOCUMENT = dump(PLAN)
NINA = {"key": "nina", "name": "Nina Collard", "phones": {"gsm": {"kind": "gsm", "number": "+32470000104"}}}


@pytest.fixture
def admin(client: TestClient, service: Service) -> TestClient:
    """Somebody with a good token, and the example as the draft."""
    editing.apply(service.database, DOCUMENT)
    return client


@pytest.fixture(params=COLLECTIONS, ids=lambda each: each.name)
def section(request: pytest.FixtureRequest) -> Section:
    found: Section = request.param
    return found


def things(client: TestClient, section: Section) -> list[dict[str, Any]]:
    answer = client.get(API + section.path, params={"limit": 500})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def key_of(thing: dict[str, Any]) -> str:
    return str(thing.get("key", thing.get("name")))


def path_of(section: Section, thing: dict[str, Any]) -> str:
    return f"{API}{section.path}/{quote(key_of(thing), safe='')}"


def validator(client: TestClient, name: str) -> jsonschema.Draft202012Validator:
    """Of a schema of the API's description."""
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    text = json.dumps({**schemas[name], "$defs": schemas}).replace("#/components/schemas/", "#/$defs/")
    return jsonschema.Draft202012Validator(json.loads(text))


# --- read ---


def test_everything_of_the_document_is_in_its_collection(admin: TestClient, section: Section) -> None:
    of_document = DOCUMENT[section.name]
    keys = list(of_document) if isinstance(of_document, dict) else [each["name"] for each in of_document]
    assert [key_of(each) for each in things(admin, section)] == keys
    validator(admin, f"{section.one}List").validate({"items": things(admin, section), "next": None})


def test_whatever_a_plan_holds_fits_the_description(client: TestClient, service: Service, section: Section) -> None:
    for seed in range(8):
        editing.apply(service.database, dump(rich_plan(seed)))
        schema = validator(client, section.one)
        for thing in things(client, section):
            schema.validate(thing)


def test_a_thing_is_read_by_its_key_and_not_sent_twice(admin: TestClient, section: Section) -> None:
    for thing in things(admin, section):
        answer = admin.get(path_of(section, thing))
        assert (answer.status_code, answer.json()) == (200, thing)
        again = admin.get(path_of(section, thing), headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    problem(admin.get(f"{API}{section.path}/nobody-has-this"), 404)


@pytest.mark.parametrize("sort", ["document", "key", "-key", "name", "-name"])
def test_pages_hold_everything_once(admin: TestClient, section: Section, sort: str) -> None:
    found: list[str] = []
    query: dict[str, Any] = {"limit": 1, "sort": sort}
    while True:
        page = admin.get(API + section.path, params=query).json()
        found += [key_of(each) for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    keys = [key_of(each) for each in things(admin, section)]
    assert sorted(found) == sorted(keys)
    if sort == "document":
        assert found == keys
    if sort.endswith("key"):
        assert found == sorted(keys, reverse=sort.startswith("-"))


def test_a_page_goes_on_where_a_thing_was_taken_out(admin: TestClient) -> None:
    first = admin.get(f"{API}/categories", params={"limit": 3}).json()
    gone = first["items"][-1]["key"]
    assert admin.delete(f"{API}/categories/{gone}", headers=ANY).status_code == 204
    second = admin.get(f"{API}/categories", params={"limit": 3, "cursor": first["next"]}).json()
    assert {each["key"] for each in (*first["items"], *second["items"])} >= set(DOCUMENT["categories"]) - {"customer"}


def test_filters_and_search(admin: TestClient) -> None:
    assert [each["key"] for each in admin.get(f"{API}/people?extension=210").json()["items"]] == ["sophie"]
    assert [each["key"] for each in admin.get(f"{API}/people?q=DUBOIS").json()["items"]] == ["claire"]
    assert [each["key"] for each in admin.get(f"{API}/units?level=regional").json()["items"]] == ["hainaut", "liege"]
    assert admin.get(f"{API}/people?q=nobody").json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query",
    ["limt=3", "limit=0", "limit=501", "limit=x", "limit=٣", "sort=phones", "sort=id;select", "cursor=x", "q=a&q=b"],
)
def test_a_query_that_is_not_known_is_refused(admin: TestClient, section: Section, query: str) -> None:
    told = problem(admin.get(f"{API}{section.path}?{query}"), 422)
    assert told["errors"][0]["path"] == f"query.{query.partition('=')[0]}"


def test_so_it_is_everywhere(admin: TestClient) -> None:
    for path in ("/plan", "/plan/versions", "/presence", "/callbacks", "/audit", "/people/claire", "/organisation"):
        problem(admin.get(f"{API}{path}?nonsense=1"), 422)


# --- written ---


def test_a_thing_that_is_written_as_it_was_read_stays_as_it_is(admin: TestClient, section: Section) -> None:
    for thing in things(admin, section):
        path = path_of(section, thing)
        etag = admin.get(path).headers["etag"]
        answer = admin.put(path, json=thing, headers={"if-match": etag})
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, thing, etag)
        answer = admin.patch(path, json={}, headers={"if-match": etag}) if section.name != "permissions" else answer
        assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, thing, etag)


def test_a_thing_is_taken_out_and_added_again_or_its_users_are_named(admin: TestClient, section: Section) -> None:
    for thing in things(admin, section):
        path = path_of(section, thing)
        answer = admin.delete(path, headers={"if-match": admin.get(path).headers["etag"]})
        if answer.status_code == 409:
            told = problem(answer, 409)
            assert told["type"] == "urn:aiguillage:problem:in-use"
            assert told["errors"]
            continue
        assert (answer.status_code, answer.content) == (204, b"")
        problem(admin.get(path), 404)
        made = admin.post(API + section.path, json=thing)
        assert (made.status_code, made.json()) == (201, thing)
        assert admin.get(made.headers["location"]).json() == thing
        problem(admin.post(API + section.path, json=thing), 409)


def test_what_one_has_not_read_is_not_written(admin: TestClient, section: Section) -> None:
    thing = things(admin, section)[0]
    path = path_of(section, thing)
    for headers, status in (
        ({}, 428),
        ({"if-match": '"other"'}, 412),
        ({"if-match": f"W/{admin.get(path).headers['etag']}"}, 412),
    ):
        problem(admin.put(path, json=thing, headers=headers), status)
        problem(admin.patch(path, json=thing, headers=headers), status)
        problem(admin.delete(path, headers=headers), status)


def test_a_patch_changes_only_what_it_names(admin: TestClient) -> None:
    path = f"{API}/people/claire"
    before = admin.get(path)
    answer = admin.patch(
        path,
        content=json.dumps({"extension": "221", "voicemail": None, "phones": {"gsm": {"confirm": False}}}),
        headers={"if-match": before.headers["etag"], "content-type": "application/merge-patch+json"},
    )
    wanted = before.json() | {"extension": "221"}
    del wanted["voicemail"]
    wanted["phones"]["gsm"]["confirm"] = False
    assert answer.json() == wanted
    told = problem(admin.patch(path, json={"extension": "222"}, headers={"if-match": before.headers["etag"]}), 412)
    assert "changed meanwhile by token claire at " in told["detail"]
    assert "changed extension" in told["detail"]


def test_a_fault_points_into_what_was_sent(admin: TestClient) -> None:
    wrong = {"name": "", "phones": {"gsm": {"kind": "gsm", "number": "12"}}, "extension": "201", "nmae": 1}
    told = problem(admin.post(f"{API}/people", json={"key": "nina", **wrong}), 422)
    assert {each["pointer"] for each in told["errors"]} == {"/name", "/phones/gsm/number", "/nmae", "/extension"}
    told = problem(admin.patch(f"{API}/inbound-routes/shop", json={"steps": [{"ring": "shpo"}]}, headers=ANY), 422)
    assert [each["pointer"] for each in told["errors"]] == ["/steps/0/ring"]
    route = {"name": "more", "steps": [{"hangup": "rudely"}]}
    told = problem(admin.post(f"{API}/inbound-routes", json=route), 422)
    assert [each["pointer"] for each in told["errors"]] == ["/steps/0/hangup"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"3", b'"\\ud800"', b"\xff", b'{"key": 3}', b"[" * 50_000])
def test_a_body_that_is_no_thing_is_refused(admin: TestClient, section: Section, body: bytes) -> None:
    thing = things(admin, section)[0]
    path = path_of(section, thing)
    problem(admin.post(API + section.path, content=body, headers=JSON), 422)
    problem(admin.put(path, content=body, headers=JSON | ANY), 422)
    problem(admin.put(path, content=json.dumps(thing), headers={"content-type": "text/plain"} | ANY), 415)
    assert things(admin, section)[0] == thing


def test_keys_stay(admin: TestClient) -> None:
    told = problem(admin.put(f"{API}/people/claire", json=NINA, headers=ANY), 422)
    assert told["errors"][0]["path"] == "key"


def test_routes_have_an_order(admin: TestClient) -> None:
    for path in ("/inbound-routes-order", "/outbound-routes-order"):
        before = admin.get(API + path)
        names = before.json()["names"]
        moved = [*names[1:], names[0]]
        headers = {"if-match": before.headers["etag"]}
        assert admin.put(API + path, json={"names": moved}, headers=headers).json() == {"names": moved}
        if len(names) > 1:
            problem(admin.put(API + path, json={"names": names}, headers=headers), 412)
        problem(admin.put(API + path, json={"names": moved}), 428)
        odd: list[Any] = [{"names": names[1:]}, {"names": "x"}, {}, [], {"names": [1]}]
        for wrong in odd:
            problem(admin.put(API + path, json=wrong, headers=ANY), 422)


def test_sections_that_are_one_thing(admin: TestClient) -> None:
    for path, one in (("/organisation", "Organisation"), ("/last-resort", "LastResort"), ("/never-dial", "NeverDial")):
        before = admin.get(API + path)
        validator(admin, one).validate(before.json())
        headers = {"if-match": before.headers["etag"]}
        assert admin.put(API + path, json=before.json(), headers=headers).headers["etag"] == before.headers["etag"]
        problem(admin.put(API + path, json=before.json()), 428)
        problem(admin.put(API + path, json={"nonsense": 1}, headers=headers), 422)
        assert admin.get(API + path, headers={"if-none-match": before.headers["etag"]}).status_code == 304


# --- hostile ---

HOSTILE = [
    "0423&PJSIP/trunk/0900123,30,tTg",
    "Ren\u00e9e \ufffd",
    'Al"ice\\ ${SHELL(id)} , & | ^ ; <b>',
    "\u202eAlice \U0001f600 <script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "x'),('a','b');--",
    "=HYPERLINK('http://x','y')",
    "=cmd|' /C calc'!A0",
    'x"\nSET VARIABLE PLAN evil',
    "A" * 9000 + ' EXEC System "id"',
    "a\r\n\r\nAction: Command\r\nCommand: core show uptime",
    "111&Local/222@ctx",
    "333,3,U(evil)",
    "a^b",
    "$(id)",
    "../../x",
    "a;b",
    "x" * 300,
    "*#ABCD",
    "0" * 500,
    "\0",
    "\ud800",
    "",
    " ",
]
_CONTROL = {chr(code) for code in (*range(32), *range(127, 160), 0x202E, 0xD800)}


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all texts in a thing."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from leaves(inner, (*place, key))
        case list():
            for index, inner in enumerate(value):
                yield from leaves(inner, (*place, index))
        case str() if place != ("key",):
            yield place


def with_text(value: Any, place: tuple[Any, ...], text: str) -> Any:
    if not place:
        return text
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = with_text(value[place[0]], place[1:], text)
    return changed


def test_what_is_hostile_is_a_plain_text_or_refused(admin: TestClient, service: Service, section: Section) -> None:
    """In every text of the first and the last thing of each section."""
    found = things(admin, section)
    places = [(thing, place) for thing in (found[0], found[-1])[: len(found)] for place in leaves(thing)]
    assert places or section.name == "permissions"
    for (thing, place), text in itertools.product(places, HOSTILE):
        sent = json.dumps(with_text(thing, place, text))
        answer = admin.put(path_of(section, thing), content=sent, headers=JSON | ANY)
        if answer.status_code == 200:
            assert not _CONTROL & set(text), "what Asterisk and a page would read as more than a text"
            assert len(text) <= 2000
            assert json.loads(sent) == answer.json()
            renamed = path_of(section, answer.json())
            assert admin.put(renamed, json=thing, headers=ANY).status_code == 200
        else:
            assert problem(answer, 422)["errors"]
    assert editing.draft(service.database) == DOCUMENT


# --- once, and at once ---


def test_what_is_posted_again_with_its_key_is_done_once(admin: TestClient, service: Service) -> None:
    key = {"idempotency-key": str(uuid.uuid4())}
    first = admin.post(f"{API}/people", json=NINA, headers=key)
    again = admin.post(f"{API}/people", json=NINA, headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, NINA)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    told = problem(admin.post(f"{API}/people", json=NINA | {"name": "Nora"}, headers=key), 422)
    assert "was used for another request" in told["detail"]
    for odd in ("", "x" * 201, "a\tb"):
        problem(admin.post(f"{API}/people", json=NINA, headers={"idempotency-key": odd}), 422)
    assert [each.thing for each in auditing.page(service.database, 2, 10)] == ["people/nina"]  # after token and plan


def test_what_came_to_nothing_may_be_tried_again_with_the_same_key(admin: TestClient) -> None:
    key = {"idempotency-key": "again"}
    problem(admin.post(f"{API}/queues", json={"key": "q", "name": "Q", "members": ["nina"]}, headers=key), 422)
    admin.post(f"{API}/people", json=NINA)
    assert (
        admin.post(f"{API}/queues", json={"key": "q", "name": "Q", "members": ["nina"]}, headers=key).status_code == 201
    )


def test_nobody_gets_an_answer_that_was_given_to_somebody_else(admin: TestClient) -> None:
    key = {"idempotency-key": "mine"}
    assert admin.post(f"{API}/people", json=NINA, headers=key).status_code == 201
    problem(admin.post(f"{API}/people", json=NINA, headers=key | {"authorization": "Bearer aig_nobody"}), 401)


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    if request.param == "sqlite":
        yield request.getfixturevalue("service")
        return
    from aiguillage.store.database import open_database  # noqa: PLC0415  only here

    with running_postgresql() as server:
        database = open_database(server.url(server.template))
        yield Service(database)
        database.close()


def test_edits_at_once_lose_nothing_and_are_all_in_the_audit(on_both: Service) -> None:
    """Six clients make ten edits each of the same thing, reading again whenever somebody was faster."""
    from datetime import UTC, datetime  # noqa: PLC0415

    editing.apply(on_both.database, DOCUMENT)
    token = {"authorization": f"Bearer {token_for(on_both.database, datetime.now(UTC))}"}
    path = f"{API}/categories/parent"

    def edits(client: TestClient, name: str) -> int:
        refused = 0
        for _ in range(10):
            while True:
                read = client.get(path, headers=token)
                done = [*read.json()["name"].split(" ")[1:], name]
                body = {"name": " ".join(["Parent", *done])}
                answer = client.put(path, json=body, headers={**token, "if-match": read.headers["etag"]})
                if answer.status_code == 200:
                    break
                problem(answer, 412)
                refused += 1
        return refused

    with TestClient(create_app(on_both.parts())) as client, ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: edits(client, str(number)), range(6)))
        done = client.get(path, headers=token).json()["name"].split(" ")[1:]
    assert sorted(done) == sorted([str(number) for number in range(6)] * 10)
    number, _, fault = auditing.verify(on_both.database)
    assert (number, fault) == (62, None)  # the plan, the token, and the edits
