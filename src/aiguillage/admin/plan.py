"""/api/v1/plan: the draft of the plan, as one document in JSON or YAML."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from aiguillage import text_formats
from aiguillage.admin.guard import TheParts
from aiguillage.desk import editing
from aiguillage.errors import Conflict, DocumentRefused, Fault

router = APIRouter(tags=["plan"])


MAX_BYTES = 5_000_000
JSON = "application/json"
YAML = "application/yaml"
_BODY = {"content": {JSON: {"schema": {"type": "object"}}, YAML: {"schema": {"type": "object"}}}}


async def _body(request: Request) -> bytes:
    """The body, as long as no plan can be. Raises 413 before the rest is read."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"the document is larger than {MAX_BYTES // 1_000_000} MB")
    return body


@router.get("/plan", operation_id="getPlan", responses={200: _BODY}, response_class=Response)
def get_plan(request: Request, parts: TheParts) -> Response:
    """The draft; YAML where `Accept` asks for application/yaml. The ETag goes into a later PUT's If-Match."""
    document = editing.draft(parts.database)
    wants_yaml = YAML in request.headers.get("accept", "")
    text = text_formats.write_yaml(document) if wants_yaml else text_formats.write_json(document)
    return Response(text, media_type=YAML if wants_yaml else JSON, headers={"ETag": _etag(editing.revision(document))})


@router.put(
    "/plan",
    operation_id="putPlan",
    status_code=204,
    response_class=Response,
    openapi_extra={"requestBody": {**_BODY, "required": True}},
)
def put_plan(request: Request, parts: TheParts, body: Annotated[bytes, Depends(_body)]) -> Response:
    """Replace the draft. Calls keep following the published plan until the draft is published.

    A document with faults is refused as a whole (422), every fault with its path.
    """
    document = _document(request.headers.get("content-type", JSON), body)
    known = request.headers.get("if-match")
    try:
        revision = editing.apply(parts.database, document, known.strip('"') if known is not None else None)
    except Conflict as changed:
        raise HTTPException(412, str(changed)) from None
    return Response(status_code=204, headers={"ETag": _etag(revision)})


def _document(content_type: str, body: bytes) -> Any:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {JSON, YAML}:
        raise HTTPException(415, f"{kind or 'no content type'} is not read here; send {JSON} or {YAML}")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DocumentRefused((Fault("", "the document is not UTF-8"),)) from None
    return text_formats.read_json(text) if kind == JSON else text_formats.read_yaml(text)


def _etag(revision: str) -> str:
    return f'"{revision}"'
