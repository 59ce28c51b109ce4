"""/api/v1/contacts: the directory of callers, one by one, and imported as a file."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.bodies import PLAIN, FileBody, file_body, merge_patch_of, named
from aiguillage.admin.guard import TheEditor, TheParts, ThePrincipal, may, may_within
from aiguillage.admin.pages import Cursor, Limit, cursor_of, place_of
from aiguillage.admin.requests import KnownRevisions, etag, revisions
from aiguillage.admin.routes import Resource
from aiguillage.desk import auditing, contacts
from aiguillage.desk.contacts import single, telling
from aiguillage.desk.contacts.single import KeptContact, WrittenContact

router = APIRouter(prefix="/contacts", tags=["contacts"], route_class=Resource)

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Key = Annotated[str | None, Query(max_length=63, pattern=PLAIN)]
Text = Annotated[str, Field(max_length=500, examples=["Nina Collard"])]
Numbers = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=20, examples=[["+32471000201"]])]
Of = Annotated[str | None, Field(max_length=63, description="A key of the plan.")]


class ContactBody(BaseModel):
    """Numbers in any spelling; unit, category and language are those of the plan."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    numbers: Numbers
    unit: Of = None
    category: Of = None
    language: Of = None
    note: Text = ""


class ContactPatch(BaseModel):
    """What is not named stays; null takes unit, category or language away."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = None
    numbers: Numbers | None = None
    unit: Of = None
    category: Of = None
    language: Of = None
    note: Text | None = None


class Contact(BaseModel):
    """`numbers` are E.164. The same person in two roles is two contacts."""

    id: int
    name: str
    numbers: list[str]
    unit: str | None
    category: str | None
    language: str | None
    note: str


class Contacts(BaseModel):
    """`next` goes into `cursor` for the following page."""

    items: list[Contact]
    next: str | None


class ImportReport(BaseModel):
    """What the import does, or in a dry run would do; `contacts` is how many there are afterwards."""

    dry_run: bool
    contacts: int
    added: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    unchanged: list[dict[str, Any]]
    problems: list[dict[str, Any]]


def _shown(kept: KeptContact) -> dict[str, Any]:
    return {"id": kept.id, **asdict(kept.contact), "numbers": list(kept.contact.numbers)}


def _one(kept: KeptContact, response: Response) -> Contact:
    response.headers["ETag"] = etag(single.revision(kept))
    return Contact(**_shown(kept))


@router.get("", operation_id="listContacts", dependencies=[may_within("contacts:read")])
def list_contacts(
    parts: TheParts,
    who: ThePrincipal,
    by: TheEditor,
    limit: Limit = 100,
    cursor: Cursor = None,
    q: Annotated[str, Query(max_length=200, pattern=PLAIN, description="Part of the name.")] = "",
    number: Annotated[str, Query(pattern=r"^(\+[0-9]{1,15})?$", description="The beginning of a number, E.164.")] = "",
    unit: Key = None,
    category: Key = None,
) -> Contacts:
    """In the order of the directory. Reading is written to the audit."""
    (after,) = place_of(cursor, int) or (0,)
    wanted = single.Wanted(q, number, None if unit is None else {unit}, category)
    found = single.page(parts.database, who, wanted, after, limit + 1)
    shown = found[:limit]
    auditing.has_read(parts.database, by, "contacts", {"contacts": len(shown)}, datetime.now(UTC))
    following = cursor_of(shown[-1].position) if len(found) > limit else None
    return Contacts(items=[Contact(**_shown(each)) for each in shown], next=following)


@router.post("", operation_id="createContact", status_code=201, dependencies=[may_within("contacts:write")])
def create_contact(
    new: ContactBody, request: Request, response: Response, parts: TheParts, who: ThePrincipal, by: TheEditor
) -> Contact:
    """At the end of the directory. The next call knows it within a second or two."""
    written = WrittenContact(**{**new.model_dump(), "numbers": tuple(new.numbers)})
    kept = single.add(parts.database, written, who, by, datetime.now(UTC))
    response.headers["Location"] = f"{request.url.path}/{kept.id}"
    return _one(kept, response)


@router.get("/export", operation_id="exportContacts", dependencies=[may("contacts:read")], response_class=Response)
def export_contacts(
    parts: TheParts,
    by: TheEditor,
    kind: Annotated[Literal["csv", "vcard"], Query(alias="format")] = "csv",
) -> Response:
    """The whole directory as a file that an import reads again. Reading is written to the audit."""
    auditing.has_read(parts.database, by, "contacts", {"export": kind}, datetime.now(UTC))
    media = "text/vcard; charset=utf-8" if kind == "vcard" else "text/csv; charset=utf-8"
    return Response(contacts.export(parts.database, vcard=kind == "vcard"), media_type=media)


@router.post(
    "/import",
    operation_id="importContacts",
    dependencies=[may("contacts:write")],
    openapi_extra=file_body("text/csv", "text/vcard"),
)
def import_contacts(
    request: Request,
    response: Response,
    body: FileBody,
    parts: TheParts,
    by: TheEditor,
    dry_run: Annotated[bool, Query(description="Say what it would do, and do nothing.")] = True,
    mode: Annotated[Literal["replace", "add"], Query(description="add: complete what is there; remove nothing.")] = (
        "replace"
    ),
) -> ImportReport:
    """First without `dry_run`; then, with the ETag of that answer in If-Match, with `dry_run=false`."""
    add = mode == "add"
    if dry_run:
        known = contacts.revision(parts.database)
        changes = contacts.compare(parts.database, contacts.read_file(parts.database, body), add=add)
        response.headers["ETag"] = etag(f"directory-{known}")
    else:
        changes = contacts.import_file(parts.database, body, add=add, known=_known(request), by=by)
    return ImportReport(dry_run=dry_run, **telling.as_data(changes))


def _known(request: Request) -> int | None:
    """The directory's revision that the dry run was made of. Raises 428, 412."""
    header = request.headers.get("if-match")
    if header is None:
        raise HTTPException(428, "send If-Match with the ETag of the dry run, or * to import whatever is there now")
    given = revisions(header)
    if given is None:
        return None
    numbers = [each.removeprefix("directory-") for each in given]
    return next((int(each) for each in numbers if each.isascii() and each.isdecimal() and len(each) < 15), -1)


@router.get(
    "/{id:int}",
    operation_id="getContact",
    dependencies=[may_within("contacts:read")],
)
def get_contact(id: Id, response: Response, parts: TheParts, who: ThePrincipal) -> Contact:  # noqa: A002
    return _one(single.contact(parts.database, who, id), response)


@router.put("/{id:int}", operation_id="replaceContact", dependencies=[may_within("contacts:write")])
def replace_contact(
    id: Id,  # noqa: A002  the name in the path
    new: ContactBody,
    response: Response,
    parts: TheParts,
    known: KnownRevisions,
    by: TheEditor,
) -> Contact:
    """Write a contact anew."""
    changes = {**new.model_dump(), "numbers": tuple(new.numbers)}
    return _one(single.change(parts.database, id, changes, known, by, datetime.now(UTC)), response)


@router.patch(
    "/{id:int}",
    operation_id="changeContact",
    dependencies=[may_within("contacts:write")],
    openapi_extra=merge_patch_of("ContactPatch"),
)
def change_contact(
    id: Id,  # noqa: A002  the name in the path
    new: ContactPatch,
    response: Response,
    parts: TheParts,
    known: KnownRevisions,
    by: TheEditor,
) -> Contact:
    """A JSON merge patch (RFC 7396)."""
    changes = named(new, "name", "numbers")
    if changes.get("note", "") is None:
        changes["note"] = ""
    if "numbers" in changes:
        changes["numbers"] = tuple(changes["numbers"])
    return _one(single.change(parts.database, id, changes, known, by, datetime.now(UTC)), response)


@router.delete(
    "/{id:int}",
    operation_id="deleteContact",
    status_code=204,
    response_class=Response,
    dependencies=[may_within("contacts:write")],
)
def delete_contact(id: Id, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:  # noqa: A002
    """The caller is unknown from the next call on."""
    single.remove(parts.database, id, known, by, datetime.now(UTC))
    return Response(status_code=204)
