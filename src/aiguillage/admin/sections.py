"""/api/v1/people, /schedules, /inbound-routes …: one collection for each section of the plan, all in one manner.

What is written becomes the draft; calls follow it once it is published (`plan/publish`).
"""

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from aiguillage.admin.bodies import JSON, MERGE_PATCH, JsonBody, PatchBody, answer_of, body_of
from aiguillage.admin.guard import TheEditor, TheParts, ThePrincipal, may, may_within
from aiguillage.admin.pages import cursor_of, place_of
from aiguillage.admin.requests import Invalid, KnownRevisions, etag
from aiguillage.admin.routes import Resource
from aiguillage.desk import items
from aiguillage.desk.items import LISTED, WHOLE, Item
from aiguillage.desk.parts import Parts
from aiguillage.errors import DocumentRefused, Fault
from aiguillage.routing.document.schema import ITEMS, Schema, definitions

SCHEMAS = "#/components/schemas/"
MOST = 500
_SORTS = ("document", "key", "-key", "name", "-name")


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is the document's; `one` and `many` make operation ids; `filters` are fields that a list may ask for."""

    name: str
    one: str
    many: str
    filters: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return "/" + self.name.replace("_", "-")


COLLECTIONS = (
    Section("trunks", "Trunk", "Trunks"),
    Section("dids", "Did", "Dids", ("number", "trunk")),
    Section("calendars", "Calendar", "Calendars"),
    Section("schedules", "Schedule", "Schedules"),
    Section("units", "Unit", "Units", ("level", "parent")),
    Section("categories", "Category", "Categories"),
    Section("people", "Person", "People", ("extension", "outbound", "email")),
    Section("ring_groups", "RingGroup", "RingGroups", ("extension", "strategy")),
    Section("queues", "Queue", "Queues", ("extension", "strategy")),
    Section("prompts", "Prompt", "Prompts"),
    Section("menus", "Menu", "Menus", ("prompt",)),
    Section("voicemail_boxes", "VoicemailBox", "VoicemailBoxes", ("extension", "email")),
    Section("inbound_routes", "InboundRoute", "InboundRoutes"),
    Section("outbound_routes", "OutboundRoute", "OutboundRoutes"),
    Section("permissions", "Permission", "Permissions"),
)
SINGLE = {"organisation": "Organisation", "last_resort": "LastResort", "never_dial": "NeverDial"}


# --- A thing, as the API shows it --------------------------------------------------------------------------


def _shown(item: Item) -> dict[str, Any]:
    """The document's body, with its key; what is a list there has the name `numbers` here."""
    body = item.body if isinstance(item.body, Mapping) else {"numbers": item.body}
    return dict(body) if item.section in LISTED or item.section in WHOLE else {"key": item.key, **body}


def _body(section: str, sent: Any, key: str | None = None) -> tuple[str, Any]:
    """Key and body of what was sent. Raises DocumentRefused."""
    if not isinstance(sent, Mapping):
        raise DocumentRefused((Fault("", "expected an object"),))
    body = dict(sent)
    if section in LISTED:
        return str(body.get("name", "")), body
    if section not in WHOLE:
        named = body.pop("key", key)
        if not isinstance(named, str):
            raise DocumentRefused((Fault("key", "is missing"),))
        if key is not None and named != key:
            raise DocumentRefused((Fault("key", f'is "{key}" and stays so; add a new thing under another key'),))
        key = named
    return key or "", _listed(body) if section in {"permissions", "never_dial"} else body


def _listed(body: dict[str, Any]) -> Any:
    unknown = [Fault(name, "unknown field; known are key, numbers") for name in body if name != "numbers"]
    if unknown or "numbers" not in body:
        raise DocumentRefused(tuple(unknown) or (Fault("", "numbers is missing"),))
    return body["numbers"]


@contextlib.contextmanager
def _faults_of(request: Request, parts: Parts, section: str, key: str) -> Iterator[None]:
    """Pointers of faults in the thing that is written begin at what was sent."""
    try:
        yield
    except DocumentRefused:
        own = f"{section}.{key}" if key else section
        if section in LISTED:
            names = [each.key for each in items.items(parts.database, section)]
            own = f"{section}[{names.index(key) if key in names else len(names)}]"
        request.state.own_path = own
        raise


def _answer(item: Item, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(_shown(item), status, headers={"ETag": etag(item.revision), **(headers or {})})


# --- Lists -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """What a list is asked for."""

    limit: int
    sort: str
    text: str
    after: tuple[Any, ...]
    wanted: Mapping[str, str]


def _page(section: Section, request: Request) -> Page:
    """Raises Invalid."""
    given = request.query_params
    wrong: list[tuple[str, str]] = []
    limit, sort = given.get("limit", "100"), given.get("sort", "document")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 3 and 1 <= int(limit) <= MOST):
        wrong.append(("query.limit", f"write a whole number, 1 to {MOST}"))
    if sort not in _SORTS:
        wrong.append(("query.sort", f"choose one of {', '.join(_SORTS)}"))
    if wrong:
        raise Invalid(wrong)
    of_sort, *after = place_of(given.get("cursor"), str, int, str) or (sort,)
    if of_sort != sort:
        raise Invalid([("query.cursor", f"is of a list that is sorted by {of_sort}")])
    wanted = {name: given[name] for name in section.filters if name in given}
    return Page(int(limit), sort, given.get("q", "").casefold(), tuple(after), wanted)


def _listed_page(found: list[Item], page: Page) -> tuple[list[Item], str | None]:
    """The things of a page, and the cursor of the next. A thing that is gone since leaves its place to the next one."""
    name = page.sort.lstrip("-")
    if name != "document":
        found = sorted(
            found,
            key=lambda each: (
                str(each.body.get("name", "")) if name == "name" and isinstance(each.body, Mapping) else "",
                each.key,
            ),
            reverse=page.sort.startswith("-"),
        )
    found = [each for each in found if _asked_for(each, page)]
    begin = 0
    if page.after:
        place, key = page.after
        begin = next((at for at, each in enumerate(found, start=1) if each.key == key), place)
    end = begin + page.limit
    following = cursor_of(page.sort, end - 1, found[end - 1].key) if end < len(found) else None
    return found[begin:end], following


def _asked_for(item: Item, page: Page) -> bool:
    body = item.body if isinstance(item.body, Mapping) else {}
    texts = (item.key, str(body.get("name", "")))
    return all(body.get(name) == value for name, value in page.wanted.items()) and (
        not page.text or any(page.text in each.casefold() for each in texts)
    )


# --- Endpoints ---------------------------------------------------------------------------------------------


@functools.cache
def router() -> APIRouter:
    """All collections, and the sections that are one thing."""
    found = APIRouter(route_class=Resource)
    for section in COLLECTIONS:
        _add_collection(found, section)
    for name in LISTED:
        _add_order(found, next(each for each in COLLECTIONS if each.name == name))
    for name, one in SINGLE.items():
        _add_single(found, name, one)
    return found


_WITHIN: Mapping[str, tuple[str, ...]] = {
    "people": ("get", "replace", "change"),
    "units": ("create", "replace", "change", "delete"),
}
"""What somebody may do whose scope does not go everywhere: `desk/access.py` says with which of the things."""


def _may(section: str, deed: str) -> Any:
    scope = "plan:read" if deed == "get" else "plan:write"
    return may_within(scope) if deed in _WITHIN.get(section, ()) else may(scope)


def _add_collection(router: APIRouter, section: Section) -> None:
    name, single, many = section.name, section.one, section.many
    converter = "{key:path}" if name in LISTED else "{key}"
    place = f"{section.path}/{converter}"
    told = _WORDS[name]

    @router.get(
        section.path,
        operation_id=f"list{many}",
        dependencies=[may("plan:read")],
        tags=[name],
        summary=f"List {told[1]}",
        responses={200: answer_of(f"{single}List", "A page of them.")},
        openapi_extra={"parameters": _list_parameters(section)},
    )
    def list_things(request: Request, parts: TheParts) -> Response:
        page = _page(section, request)
        shown, following = _listed_page(items.items(parts.database, name), page)
        body = {"items": [_shown(each) for each in shown], "next": following}
        revision = Item(name, str(page), body).revision
        return JSONResponse(body, headers={"ETag": etag(revision)})

    @router.post(
        section.path,
        operation_id=f"create{single}",
        dependencies=[_may(name, "create")],
        tags=[name],
        summary=f"Add a {told[0]}",
        status_code=201,
        responses={201: _created(single)},
        openapi_extra=body_of(single, JSON),
    )
    def create_thing(request: Request, body: JsonBody, parts: TheParts, by: TheEditor) -> Response:
        key, document = _body(name, body)
        with _faults_of(request, parts, name, key):
            item = items.add(parts.database, name, key, document, by)
        return _answer(item, 201, {"Location": f"{request.url.path}/{quote(item.key, safe='')}"})

    @router.get(
        place,
        operation_id=f"get{single}",
        dependencies=[_may(name, "get")],
        tags=[name],
        summary=f"Read a {told[0]}",
        responses={200: answer_of(single, "As the draft has it.")},
    )
    def get_thing(key: str, parts: TheParts, who: ThePrincipal) -> Response:
        who.needs_for("plan:read", key if name == "people" else None)
        item = items.item(parts.database, name, key)
        return _answer(item)

    @router.put(
        place,
        operation_id=f"replace{single}",
        dependencies=[_may(name, "replace")],
        tags=[name],
        summary=f"Write a {told[0]} anew",
        responses={200: answer_of(single, "As it is now.")},
        openapi_extra=body_of(single, JSON),
    )
    def replace_thing(
        request: Request, key: str, body: JsonBody, parts: TheParts, known: KnownRevisions, by: TheEditor
    ) -> Response:
        with _faults_of(request, parts, name, key):
            return _answer(items.replace(parts.database, name, key, _body(name, body, key)[1], known, by))

    @router.patch(
        place,
        operation_id=f"change{single}",
        dependencies=[_may(name, "change")],
        tags=[name],
        summary=f"Change some fields of a {told[0]}",
        responses={200: answer_of(single, "As it is now.")},
        openapi_extra=body_of(f"{single}Patch", MERGE_PATCH, JSON),
    )
    def change_thing(
        request: Request, key: str, body: PatchBody, parts: TheParts, known: KnownRevisions, by: TheEditor
    ) -> Response:
        """A JSON merge patch (RFC 7396): what is not named stays, null takes a field out, a list is replaced."""
        changes = _body(name, body, key)[1] if name not in LISTED else body
        with _faults_of(request, parts, name, key):
            return _answer(items.patch(parts.database, name, key, changes, known, by))

    @router.delete(
        place,
        operation_id=f"delete{single}",
        dependencies=[_may(name, "delete")],
        tags=[name],
        summary=f"Take a {told[0]} out",
        status_code=204,
        response_class=Response,
    )
    def delete_thing(key: str, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:
        """409 where other things name it; `errors` says which."""
        items.remove(parts.database, name, key, known, by)
        return Response(status_code=204)


def _add_order(router: APIRouter, section: Section) -> None:
    name, many, path = section.name, section.many, f"{section.path}-order"

    @router.get(
        path,
        operation_id=f"get{many}Order",
        dependencies=[may("plan:read")],
        tags=[name],
        summary=f"Read the order of {_WORDS[name][1]}",
        responses={200: answer_of("Order", "Their names; the first that fits takes a call.")},
    )
    def get_order(parts: TheParts) -> Response:
        found = items.items(parts.database, name)
        return JSONResponse({"names": [each.key for each in found]}, headers={"ETag": etag(items.order(found))})

    @router.put(
        path,
        operation_id=f"put{many}Order",
        dependencies=[may("plan:write")],
        tags=[name],
        summary=f"Put {_WORDS[name][1]} into another order",
        responses={200: answer_of("Order", "As it is now.")},
        openapi_extra=body_of("Order", JSON),
    )
    def put_order(body: JsonBody, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:
        names = body.get("names") if isinstance(body, Mapping) and set(body) == {"names"} else None
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise DocumentRefused((Fault("names", "expected a list of names, and nothing else"),))
        found = items.reorder(parts.database, name, names, known, by)
        return JSONResponse({"names": [each.key for each in found]}, headers={"ETag": etag(items.order(found))})


def _add_single(router: APIRouter, name: str, one: str) -> None:
    path = "/" + name.replace("_", "-")

    @router.get(
        path,
        operation_id=f"get{one}",
        dependencies=[may("plan:read")],
        tags=[name],
        responses={200: answer_of(one, "As the draft has it.")},
    )
    def get_single(parts: TheParts) -> Response:
        item = items.item(parts.database, name, "")
        return _answer(item)

    @router.put(
        path,
        operation_id=f"replace{one}",
        dependencies=[may("plan:write")],
        tags=[name],
        responses={200: answer_of(one, "As it is now.")},
        openapi_extra=body_of(one, JSON),
    )
    def replace_single(
        request: Request, body: JsonBody, parts: TheParts, known: KnownRevisions, by: TheEditor
    ) -> Response:
        with _faults_of(request, parts, name, ""):
            return _answer(items.replace(parts.database, name, "", _body(name, body)[1], known, by))


def _created(one: str) -> dict[str, Any]:
    told = answer_of(one, "As it is now.")
    told["headers"]["Location"] = {"description": "where it is", "schema": {"type": "string"}}
    return told


def _list_parameters(section: Section) -> list[dict[str, Any]]:
    def parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "description": description, "schema": schema}

    return [
        parameter("limit", "So many at most.", type="integer", minimum=1, maximum=MOST, default=100),
        parameter("cursor", "`next` of the page before.", type="string"),
        parameter("sort", "In the order of the document, or by a field.", enum=list(_SORTS), default="document"),
        parameter("q", "Part of the key or the name.", type="string"),
        *(parameter(name, f"Those with this {name}.", type="string") for name in section.filters),
    ]


# --- Schemas -----------------------------------------------------------------------------------------------


def schemas() -> dict[str, Schema]:
    """Those of the plan document, and of what the API makes of them."""
    of = definitions(SCHEMAS)
    found = dict(of)
    for section in COLLECTIONS:
        of_document = of[ITEMS[section.name]]
        shown = _with_key(of_document) if section.name not in LISTED else of_document
        found[section.one] = shown
        found[f"{section.one}Patch"] = _patched(shown)
        found[f"{section.one}List"] = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": {"$ref": f"{SCHEMAS}{section.one}"}},
                "next": {"type": ["string", "null"], "description": "the cursor of the next page"},
            },
        }
        if section.name not in LISTED:
            found[f"{section.one}Body"] = of_document
    found["NeverDial"] = {**_numbers(), "required": ["numbers"]}
    found["Order"] = {
        "type": "object",
        "required": ["names"],
        "properties": {"names": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": False,
    }
    for section in COLLECTIONS:  # the document's own things have no key within
        if section.name not in LISTED:
            each = found["Plan"]["properties"][section.name]
            each["additionalProperties"] = {"$ref": f"{SCHEMAS}{section.one}Body"}
    return found


def _numbers() -> Schema:
    return {
        "type": "object",
        "properties": {"numbers": {"type": "array", "items": {"$ref": f"{SCHEMAS}DialledPattern"}}},
        "additionalProperties": False,
    }


def _with_key(body: Schema) -> Schema:
    if body["type"] == "array":
        body = {**_numbers(), "required": ["numbers"]}
    shown = {key: value for key, value in body.items() if key != "propertyNames"}
    shown["properties"] = {"key": {"$ref": f"{SCHEMAS}Key"}, **body.get("properties", {})}
    shown["required"] = ["key", *body.get("required", [])]
    if "minProperties" in body:
        shown["minProperties"] = body["minProperties"] + 1
    return shown


def _patched(shown: Schema) -> Schema:
    """Every field may be left out, or be null to take it out."""
    properties = {
        name: {"anyOf": [schema, {"type": "null"}]} for name, schema in shown["properties"].items() if name != "key"
    }
    rest = shown.get("additionalProperties", False)
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": rest if rest is False else {"anyOf": [rest, {"type": "null"}]},
    }


_WORDS: Mapping[str, tuple[str, str]] = {
    "trunks": ("trunk", "trunks"),
    "dids": ("number of ours", "our numbers"),
    "calendars": ("calendar", "calendars"),
    "schedules": ("schedule", "schedules"),
    "units": ("unit", "units of the organisation"),
    "categories": ("category", "categories of callers"),
    "people": ("person", "people"),
    "ring_groups": ("ring group", "ring groups"),
    "queues": ("queue", "queues"),
    "prompts": ("prompt", "prompts"),
    "menus": ("menu", "menus"),
    "voicemail_boxes": ("voicemail box", "voicemail boxes"),
    "inbound_routes": ("inbound route", "inbound routes"),
    "outbound_routes": ("outbound route", "outbound routes"),
    "permissions": ("permission", "permissions"),
}
"""One and several, in words."""
