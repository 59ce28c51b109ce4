"""Bodies that are plan documents or parts of them: read strictly, described by the document's own schema."""

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel

from aiguillage import text_formats
from aiguillage.admin.requests import Invalid
from aiguillage.errors import DocumentRefused, Fault

PLAIN = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""A text without control characters, for a field or a query."""
JSON = "application/json"
YAML = "application/yaml"
_FILES = ("text/csv", "text/vcard")
MERGE_PATCH = "application/merge-patch+json"


async def _bytes(request: Request) -> bytes:
    return await request.body()


def _read(request: Request, body: bytes, accepted: tuple[str, ...]) -> Any:
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in accepted:
        raise HTTPException(415, f"{kind or 'no content type'} is not read here; send {' or '.join(accepted)}")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DocumentRefused((Fault("", "the document is not UTF-8"),)) from None
    return text_formats.read_yaml(text) if kind == YAML else text_formats.read_json(text)


def _json(request: Request, body: Annotated[bytes, Depends(_bytes)]) -> Any:
    return _read(request, body, (JSON,))


def _json_or_yaml(request: Request, body: Annotated[bytes, Depends(_bytes)]) -> Any:
    return _read(request, body, (JSON, YAML))


def _patch(request: Request, body: Annotated[bytes, Depends(_bytes)]) -> Any:
    return _read(request, body, (MERGE_PATCH, JSON))


def named(patch: BaseModel, *needed: str) -> dict[str, Any]:
    """The fields that a merge patch names. Raises Invalid for null where a field is needed."""
    changes = patch.model_dump(exclude_unset=True)
    missing = [("body." + name, "cannot be taken away") for name in needed if changes.get(name, "") is None]
    if missing:
        raise Invalid(missing)
    return changes


JsonBody = Annotated[Any, Depends(_json)]
DocumentBody = Annotated[Any, Depends(_json_or_yaml)]
PatchBody = Annotated[Any, Depends(_patch)]


def _file(request: Request, body: Annotated[bytes, Depends(_bytes)]) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _FILES:
        raise HTTPException(415, f"{kind or 'no content type'} is not read here; send {' or '.join(_FILES)}")
    return body


FileBody = Annotated[bytes, Depends(_file)]


def file_body(*kinds: str) -> dict[str, Any]:
    """For OpenAPI: a file that must be there, of one of the kinds."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in kinds}}}


ETAG = {"description": "goes into If-Match, and into If-None-Match", "schema": {"type": "string"}}
"""For OpenAPI."""


def body_of(name: str, *kinds: str) -> dict[str, Any]:
    """For OpenAPI: a body that must be there, of one of the kinds, of the schema with this name."""
    schema = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, schema)}}


def merge_patch_of(name: str) -> dict[str, Any]:
    """For OpenAPI, beside JSON: a merge patch of the schema with this name."""
    schema = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    return {"requestBody": {"content": {MERGE_PATCH: schema}}}


def answer_of(name: str, description: str, *kinds: str, with_etag: bool = True) -> dict[str, Any]:
    """For OpenAPI: an answer of the schema with this name."""
    schema = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    told: dict[str, Any] = {"description": description, "content": dict.fromkeys(kinds or (JSON,), schema)}
    if with_etag:
        told["headers"] = {"ETag": ETAG}
    return told
