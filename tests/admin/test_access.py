"""Who may do what: every route against everybody, and how far the roles go."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from aiguillage.admin.app import description
from aiguillage.admin.guard import COOKIE
from aiguillage.desk import accounts, editing
from aiguillage.desk.access import ROLES, SCOPES, Reach
from aiguillage.routing.document import dump
from tests.admin.asking import Service, path_of, problem, token_for
from tests.desk.people import let_in
from tests.unit.examples import PLAN

API = "/api/v1"
ANY = {"if-match": "*"}
SECTIONS = (
    *("trunks", "dids", "calendars", "schedules", "units", "categories", "people", "ring-groups", "queues", "prompts"),
    *("menus", "voicemail-boxes", "inbound-routes", "outbound-routes", "permissions"),
)
OPEN = {"post /api/v1/session", "post /api/v1/invitation"}
"""What somebody asks who is not signed in yet."""
ANYBODY_KNOWN = {
    "get /api/v1/session",
    "delete /api/v1/session",
    "put /api/v1/session/password",
    "put /api/v1/session/authenticator",
    "post /api/v1/session/authenticator/confirm",
}
NEEDED = {
    **{f"get {API}/{name}": ["plan:read"] for name in SECTIONS},
    **{f"post {API}/{name}": ["plan:write"] for name in SECTIONS},
    **{f"get {API}/{name}/{{key}}": ["plan:read"] for name in SECTIONS},
    **{f"{method} {API}/{name}/{{key}}": ["plan:write"] for method in ("put", "patch", "delete") for name in SECTIONS},
    **{f"get {API}/{name}": ["plan:read"] for name in ("organisation", "last-resort", "never-dial")},
    **{f"put {API}/{name}": ["plan:write"] for name in ("organisation", "last-resort", "never-dial")},
    **{f"get {API}/{name}-order": ["plan:read"] for name in ("inbound-routes", "outbound-routes")},
    **{f"put {API}/{name}-order": ["plan:write"] for name in ("inbound-routes", "outbound-routes")},
    f"get {API}/plan": ["plan:read"],
    f"put {API}/plan": ["plan:write"],
    f"get {API}/plan/check": ["plan:read"],
    f"get {API}/plan/diff": ["plan:read"],
    f"post {API}/plan/publish": ["plan:publish"],
    f"get {API}/plan/versions": ["plan:read"],
    f"get {API}/plan/versions/{{number}}": ["plan:read"],
    f"post {API}/plan/versions/{{number}}/restore": ["plan:write"],
    f"post {API}/explain": ["plan:read"],
    f"get {API}/timetable": ["plan:read"],
    f"get {API}/reached-by/{{person}}": ["plan:read"],
    f"post {API}/replay": ["calls:read", "plan:read"],
    f"get {API}/presence": ["presence:read"],
    f"get {API}/presence/{{person}}": ["presence:read"],
    f"put {API}/presence/{{person}}": ["presence:write"],
    f"get {API}/callbacks": ["callbacks:read"],
    f"post {API}/callbacks/{{id}}/take": ["callbacks:write"],
    f"post {API}/callbacks/{{id}}/done": ["callbacks:write"],
    f"get {API}/users": ["accounts:read"],
    f"post {API}/users": ["accounts:write"],
    f"get {API}/users/{{name}}": ["accounts:read"],
    f"put {API}/users/{{name}}": ["accounts:write"],
    f"patch {API}/users/{{name}}": ["accounts:write"],
    f"delete {API}/users/{{name}}": ["accounts:write"],
    f"post {API}/users/{{name}}/invitation": ["accounts:write"],
    f"get {API}/tokens": ["accounts:read"],
    f"post {API}/tokens": ["accounts:write"],
    f"get {API}/tokens/{{id}}": ["accounts:read"],
    f"patch {API}/tokens/{{id}}": ["accounts:write"],
    f"delete {API}/tokens/{{id}}": ["accounts:write"],
    f"get {API}/audit": ["audit:read"],
    f"get {API}/calls": ["calls:read"],
    f"get {API}/calls/{{call}}": ["calls:read"],
    f"get {API}/calls/live": ["calls:read"],
    f"post {API}/calls": ["calls:place"],
    f"get {API}/calls/placed/{{id}}": ["calls:place"],
    f"get {API}/calls/placed/{{id}}/events": ["calls:place"],
    f"get {API}/calls/live/events": ["calls:read"],
    f"get {API}/voicemail": ["voicemail:read"],
    f"get {API}/voicemail/{{id}}": ["voicemail:read"],
    f"get {API}/voicemail/{{id}}/sound": ["voicemail:read"],
    f"post {API}/voicemail/{{id}}/listened": ["voicemail:write"],
    f"delete {API}/voicemail/{{id}}": ["voicemail:write"],
    f"get {API}/settings": ["settings:read"],
    "get /metrics": ["metrics:read"],
    f"get {API}/webhooks": ["webhooks:read"],
    f"post {API}/webhooks": ["webhooks:write"],
    f"get {API}/webhooks/{{key}}": ["webhooks:read"],
    f"put {API}/webhooks/{{key}}": ["webhooks:write"],
    f"patch {API}/webhooks/{{key}}": ["webhooks:write"],
    f"delete {API}/webhooks/{{key}}": ["webhooks:write"],
    f"post {API}/webhooks/{{key}}/test": ["webhooks:write"],
    f"post {API}/webhooks/{{key}}/secret": ["webhooks:write"],
    f"get {API}/webhooks/{{key}}/deliveries": ["webhooks:read"],
    f"post {API}/privacy/export": ["privacy:read"],
    f"post {API}/privacy/erase": ["privacy:write"],
    f"post {API}/webhooks/{{key}}/deliveries/{{id}}/retry": ["webhooks:write"],
    f"get {API}/contacts": ["contacts:read"],
    f"post {API}/contacts": ["contacts:write"],
    f"get {API}/contacts/export": ["contacts:read"],
    f"post {API}/contacts/import": ["contacts:write"],
    f"get {API}/contacts/{{id}}": ["contacts:read"],
    **{f"{method} {API}/contacts/{{id}}": ["contacts:write"] for method in ("put", "patch", "delete")},
}
"""Each route, and the scopes that it needs. A route that is not here fails the tests, so that somebody thinks of it."""
WITHIN = {
    f"put {API}/presence/{{person}}",
    f"post {API}/units",
    *(f"{method} {API}/units/{{key}}" for method in ("put", "patch", "delete")),
    *(f"{method} {API}/people/{{key}}" for method in ("get", "put", "patch")),
    f"post {API}/calls",
    f"get {API}/calls/placed/{{id}}",
    f"get {API}/calls/placed/{{id}}/events",
    f"get {API}/voicemail",
    f"get {API}/voicemail/{{id}}",
    f"get {API}/voicemail/{{id}}/sound",
    f"post {API}/voicemail/{{id}}/listened",
    f"delete {API}/voicemail/{{id}}",
    f"get {API}/contacts",
    f"post {API}/contacts",
    *(f"{method} {API}/contacts/{{id}}" for method in ("get", "put", "patch", "delete")),
}
"""Where a scope that does not go everywhere may be enough."""


def routes(app: FastAPI) -> Iterator[str]:
    """Every route that the application answers, whether described or not."""
    for route in app.routes:
        yield from _routes(route, "")


def _routes(route: Any, before: str) -> Iterator[str]:
    inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
    if inner:
        prefix = before + str(getattr(getattr(route, "include_context", None), "prefix", "") or "")
        for each in inner:
            yield from _routes(each, prefix)
        return
    for method in getattr(route, "methods", None) or ():
        if method != "HEAD":
            yield f"{method.lower()} {before}{route.path}".replace(":path}", "}").replace(":int}", "}")


def asked(client: TestClient, route: str, token: str | None = None) -> Any:
    method, path = route.split(" ")
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return client.request(method, path_of(path), headers=headers)


@pytest.fixture
def admin(client: TestClient, service: Service) -> TestClient:
    editing.apply(service.database, dump(PLAN))
    return client


# --- every route ---


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    known = NEEDED.keys() | OPEN | ANYBODY_KNOWN
    outside = {"get /healthz", "get /readyz", "get /welcome", "post /welcome", "get /api/openapi.json", "get /api/docs"}
    assert set(routes(app)) == known | outside
    told = {f"{method} {path}" for path, methods in description()["paths"].items() for method in methods}
    assert told == known | {"get /healthz", "get /readyz"}


def test_the_description_names_the_scopes() -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            needed = NEEDED.get(f"{method} {path}")
            if needed is not None:
                assert {scope for each in operation["security"] for scope in each.get("HTTPBearer", ())} == set(needed)


@pytest.mark.parametrize("kind", ["nobody", "unknown", "expired", "basic", "expired session", "unknown session"])
def test_nobody_gets_in(anybody: TestClient, service: Service, kind: str) -> None:
    now = datetime.now(UTC)
    expired = token_for(service.database, now - timedelta(days=2), timedelta(days=1))
    session = let_in(service.database, "old", "auditor", now - timedelta(hours=13))
    headers: dict[str, dict[str, str]] = {
        "nobody": {},
        "unknown": {"authorization": "Bearer aig_nobody"},
        "expired": {"authorization": f"Bearer {expired}"},
        "basic": {"authorization": f"Basic {expired}"},
        "expired session": {"cookie": f"{COOKIE}={session}", "sec-fetch-site": "same-origin"},
        "unknown session": {"cookie": f"{COOKIE}=x", "sec-fetch-site": "same-origin"},
    }
    for route in NEEDED.keys() | ANYBODY_KNOWN:
        method, path = route.split(" ")
        answer = anybody.request(method, path_of(path), headers=headers[kind])
        assert "aiguillage token create" in problem(answer, 401)["detail"]
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_for_everything_else_is_not_enough(anybody: TestClient, service: Service) -> None:
    without = {
        scope: token_for(service.database, datetime.now(UTC), None, *(SCOPES.keys() - {scope})) for scope in SCOPES
    }
    for route, scopes in NEEDED.items():
        for scope in scopes:
            assert scope in problem(asked(anybody, route, without[scope]), 403)["detail"], route


def test_a_token_for_just_that_is(admin: TestClient, service: Service) -> None:
    for route, scopes in NEEDED.items():
        token = token_for(service.database, datetime.now(UTC), None, *scopes)
        assert asked(admin, route, token).status_code not in {401, 403, 500}, route


@pytest.mark.parametrize("role", ROLES)
def test_a_role_goes_as_far_as_it_says(admin: TestClient, service: Service, role: str) -> None:
    """Asked for Claire's things and for unit `claire`, which are not those of the user."""
    session = let_in(service.database, "tom", role, datetime.now(UTC), person="tom", unit="liege")
    headers = {"cookie": f"{COOKIE}={session}", "sec-fetch-site": "same-origin", **ANY}
    del admin.headers["authorization"]
    refused = set()
    for route in NEEDED:
        method, path = route.split(" ")
        answer = admin.request(method, path_of(path), headers=headers)
        assert answer.status_code != 401, route
        if answer.status_code == 403:
            refused.add(route)
    grants = ROLES[role]
    lacking = {route for route, scopes in NEEDED.items() if any(grants.get(scope) is not Reach.ALL for scope in scopes)}
    # A body that is missing is refused first (422), and a unit that is not there is 404.
    assert lacking - WITHIN <= refused <= lacking


# --- people: their own ---


def as_user(client: TestClient, service: Service, name: str, role: str, **of: str) -> Callable[..., Any]:
    session = let_in(service.database, name, role, datetime.now(UTC), **of)
    headers = {"cookie": f"{COOKIE}={session}", "sec-fetch-site": "same-origin", **ANY}
    client.headers.pop("authorization", None)

    def ask(method: str, path: str, **given: Any) -> Any:
        return client.request(method, API + path, headers={**headers, **given.pop("headers", {})}, **given)

    return ask


def test_people_change_their_own_phones_and_nothing_else(admin: TestClient, service: Service) -> None:
    ask = as_user(admin, service, "claire", "person", person="claire")
    own = {"phones": {"gsm": {"number": "+32470000199"}}}
    assert ask("PATCH", "/people/claire", json=own).json()["phones"]["gsm"]["number"] == "+32470000199"
    assert ask("GET", "/people/claire").status_code == 200
    for path, changes in (
        ("/people/marc", own),
        ("/people/claire", {"extension": "299"}),
        ("/people/claire", {"outbound": "international"}),
        ("/people/claire", {"reach": []}),
        ("/people/claire", {"phones": {"desk": {"endpoint": "sophie"}}}),
        ("/people/claire", {"phones": {"more": {"kind": "fixed", "endpoint": "mine"}}}),
        ("/people/claire", {"phones": {"gsm": {"number": "+4915112345678"}}}),
        ("/people/claire", {"phones": {"gsm": {"number": "+32900123456"}}}),
    ):
        problem(ask("PATCH", path, json=changes), 403)
    problem(ask("GET", "/people/marc"), 403)
    problem(ask("GET", "/people"), 403)
    problem(ask("DELETE", "/people/claire"), 403)
    problem(ask("POST", "/people", json={"key": "me", "name": "Me"}), 403)
    problem(ask("PATCH", "/units/hainaut", json={"name": "Mine"}), 403)
    problem(ask("PATCH", "/people/marc", json=own, headers={"if-match": '"old"'}), 403)


# --- editors: their unit and what is below it ---


def test_an_editor_changes_their_unit_and_what_is_below(admin: TestClient, service: Service) -> None:
    ask = as_user(admin, service, "marc", "editor", unit="hainaut")
    assert ask("PATCH", "/units/hainaut", json={"mandates": [{"person": "marc"}]}).status_code == 200
    assert ask("PATCH", "/units/patro-jumet", json={"name": "Patro de Jumet"}).status_code == 200
    new = {"key": "patro-gilly", "name": "Patro de Gilly", "level": "local", "parent": "patro-jumet"}
    assert ask("POST", "/units", json=new).status_code == 201
    assert ask("PATCH", "/units/patro-gilly", json={"parent": "hainaut"}).status_code == 200
    assert ask("DELETE", "/units/patro-gilly").status_code == 204
    for method, path, body in (
        ("PATCH", "/units/liege", {"name": "x"}),
        ("PATCH", "/units/patro-seraing", {"name": "x"}),
        ("PATCH", "/units/federation", {"name": "x"}),
        ("PATCH", "/units/hainaut", {"parent": "liege"}),
        ("PATCH", "/units/patro-jumet", {"parent": "liege"}),
        ("PATCH", "/units/patro-jumet", {"parent": None}),
        ("PATCH", "/units/patro-seraing", {"parent": "hainaut"}),
        ("POST", "/units", new | {"parent": "liege"}),
        ("POST", "/units", {**new, "parent": "federation"}),
        ("DELETE", "/units/patro-arlon", None),
        ("DELETE", "/units/hainaut", None),
        ("PATCH", "/people/claire", {"phones": {"gsm": None}}),
        ("PATCH", "/schedules/office", {}),
        ("PUT", "/inbound-routes-order", {"names": []}),
    ):
        problem(ask(method, path, json=body), 403)
    problem(ask("POST", "/plan/publish", json={}), 403)


# --- nobody gives more than they have ---


def test_nobody_gives_more_than_they_have(admin: TestClient, service: Service) -> None:
    admin.post(f"{API}/users", json={"name": "boss", "full_name": "Boss", "role": "administrator"})
    admin.post(f"{API}/users", json={"name": "eve", "full_name": "Eve", "role": "auditor"})
    everything = admin.get(f"{API}/tokens").json()["tokens"][0]["id"]
    few = token_for(service.database, datetime.now(UTC), None, "accounts:write", "accounts:read", "plan:read")
    headers = {"authorization": f"Bearer {few}", **ANY}
    for method, path, body in (
        ("POST", "/users", {"name": "mallory", "full_name": "M", "role": "administrator"}),
        ("POST", "/users", {"name": "mallory", "full_name": "M", "role": "auditor"}),
        ("PUT", "/users/boss", {"full_name": "Boss", "role": "auditor"}),
        ("PATCH", "/users/boss", {"full_name": "Boss"}),
        ("PATCH", "/users/eve", {"role": "administrator"}),
        ("PATCH", f"/tokens/{everything}", {"name": "mine"}),
        ("DELETE", "/users/boss", None),
        ("POST", "/users/boss/invitation", None),
        ("POST", "/tokens", {"name": "more", "scopes": ["plan:write"]}),
    ):
        problem(admin.request(method, API + path, json=body, headers=headers), 403)
    made = admin.post(f"{API}/tokens", json={"name": "less", "scopes": ["plan:read"]}, headers=headers)
    assert made.status_code == 201


def test_a_token_ends_with_its_user_and_can_do_no_more(admin: TestClient, service: Service) -> None:
    ask = as_user(admin, service, "boss", "administrator")
    token = ask("POST", "/tokens", json={"name": "mine", "scopes": ["plan:read", "plan:write"]}).json()["token"]
    of_boss = {"authorization": f"Bearer {token}"}
    assert admin.get(f"{API}/plan", headers=of_boss).status_code == 200
    accounts.add_user(service.database, accounts.User("other", "O", "administrator"), editing.NOBODY, datetime.now(UTC))
    demoted = {"full_name": "Boss", "role": "auditor"}
    assert ask("PUT", "/users/boss", json=demoted).status_code == 200
    problem(admin.put(f"{API}/plan", json={}, headers=of_boss | ANY), 403)
    everything = token_for(service.database, datetime.now(UTC))
    admin.headers["authorization"] = f"Bearer {everything}"
    assert admin.put(f"{API}/users/boss", json=demoted | {"disabled": True}, headers=ANY).status_code == 200
    problem(admin.get(f"{API}/plan", headers=of_boss), 401)
    assert admin.delete(f"{API}/users/boss", headers=ANY).status_code == 204
    problem(admin.get(f"{API}/plan", headers=of_boss), 401)
