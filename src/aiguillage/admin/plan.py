"""/api/v1/plan: the draft as one document, its proof, its publication, and what was published before."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage import text_formats
from aiguillage.admin.bodies import JSON, YAML, DocumentBody, answer_of, body_of
from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.requests import KnownRevisions, etag, revisions
from aiguillage.admin.routes import Resource
from aiguillage.admin.wordings import TheLanguage
from aiguillage.desk import comparing, editing, proving, publishing
from aiguillage.desk.parts import Parts
from aiguillage.desk.wording import words_for
from aiguillage.errors import ChangedMeanwhile, NotFound

router = APIRouter(prefix="/plan", tags=["plan"], route_class=Resource)

PlanName = Annotated[
    str,
    Query(
        pattern="^(draft|live|[0-9]{1,7}|[0-9a-f]{8,32})$",
        description="draft, live, a version's number, or a replaced draft's revision",
    ),
]
Number = Annotated[int, Path(ge=1, le=9_999_999)]


class Comment(BaseModel):
    """What changed, for whoever looks back."""

    model_config = ConfigDict(extra="forbid")

    comment: Annotated[str, Field(max_length=500, examples=["Nina answers for Liège in July"])] = ""


class PlanVersion(BaseModel):
    """A plan as it was published; `checksum` is the SHA-256 of its document."""

    number: int
    published_at: datetime
    published_by: str
    comment: str
    checksum: str


class ReplacedDraft(BaseModel):
    """A draft that another one took the place of; `revision` brings it back."""

    revision: str
    replaced_at: datetime
    replaced_by: str


class PlanVersions(BaseModel):
    versions: list[PlanVersion]
    replaced_drafts: list[ReplacedDraft]


class FoundProblem(BaseModel):
    """`example` is a call that shows it, as `from`, `to`, `at`; null where no call can come there."""

    severity: Literal["error", "warning"]
    name: str
    path: str
    message: str
    remedy: str
    example: dict[str, Any] | None


class Proof(BaseModel):
    """Of the twelve months from now; `ok` without errors. The draft of which this is true goes into If-Match."""

    ok: bool
    problems: list[FoundProblem]


# --- The draft ---------------------------------------------------------------------------------------------


@router.get(
    "",
    operation_id="getPlan",
    dependencies=[may("plan:read")],
    responses={200: answer_of("Plan", "The draft.", JSON, YAML)},
)
def get_plan(request: Request, parts: TheParts) -> Response:
    """The draft; YAML where `Accept` asks for application/yaml. The ETag goes into a later write's If-Match."""
    document = editing.draft(parts.database)
    revision = editing.revision(document)
    return _document(request, document, revision)


@router.put(
    "",
    operation_id="putPlan",
    dependencies=[may("plan:write")],
    status_code=204,
    response_class=Response,
    openapi_extra=body_of("Plan", JSON, YAML),
)
def put_plan(request: Request, parts: TheParts, body: DocumentBody, by: TheEditor) -> Response:
    """Replace the draft. Calls keep following the published plan until the draft is published.

    If-Match is needed as soon as there is a draft. A document with faults is refused as a whole (422), every fault with
    its place.
    """
    changed_from = _changed_from(parts, request.headers.get("if-match"))
    revision = editing.apply(parts.database, body, changed_from, by)
    return Response(status_code=204, headers={"ETag": etag(revision)})


def _changed_from(parts: Parts, if_match: str | None) -> str | None:
    """The revision of the draft that the client has read, as far as there is a draft. Raises 428, ChangedMeanwhile."""
    try:
        now = editing.revision(editing.draft(parts.database))
    except NotFound:
        if if_match is not None:
            raise ChangedMeanwhile("there is no draft that could match If-Match") from None
        return None
    if if_match is None:
        raise HTTPException(428, "send If-Match with the ETag of the draft, or * to overwrite whatever is there")
    known = revisions(if_match)
    if known is None:
        return None
    return now if now in known else next(iter(known), "none")


def _document(request: Request, document: Any, revision: str) -> Response:
    wants_yaml = YAML in request.headers.get("accept", "")
    text = text_formats.write_yaml(document) if wants_yaml else text_formats.write_json(document)
    return Response(text, media_type=YAML if wants_yaml else JSON, headers={"ETag": etag(revision), "Vary": "Accept"})


# --- Proved, compared, published ---------------------------------------------------------------------------


@router.get("/check", operation_id="checkPlan", dependencies=[may("plan:read")])
def check_plan(parts: TheParts, response: Response, language: TheLanguage, plan: PlanName = "draft") -> Proof:
    """Prove that no call of the next twelve months gets lost."""
    document = editing.document_of(parts.database, plan)
    found = editing.check(document)
    words = words_for(found, language)
    problems = proving.prove(parts.database, found, datetime.now(UTC), parts.longest_ringing)
    response.headers["ETag"] = etag(editing.revision(document))
    response.headers["Cache-Control"] = "no-store"  # the ETag is the draft's; what is proved of it changes with the day
    told = [
        FoundProblem(**(each | {"message": words.say(problem.message), "remedy": words.say(problem.remedy)}))
        for each, problem in zip(proving.as_data(found, problems), problems, strict=True)
    ]
    return Proof(ok=all(each.severity == "warning" for each in told), problems=told)


@router.get("/diff", operation_id="comparePlans", dependencies=[may("plan:read")])
def compare_plans(
    parts: TheParts,
    language: TheLanguage,
    before: Annotated[PlanName, Query(alias="from")] = "live",
    after: Annotated[PlanName, Query(alias="to")] = "draft",
) -> dict[str, Any]:
    """What differs: as settings, and as calls of the next twelve months. `text` says it in words."""
    plans = [editing.check(editing.document_of(parts.database, name)) for name in (before, after)]
    found = comparing.compare(plans[0], plans[1], datetime.now(UTC))
    words = words_for(plans[1], language)
    return {**comparing.as_data(words, found), "text": list(comparing.in_words(words, found))}


@router.post(
    "/publish",
    operation_id="publishPlan",
    dependencies=[may("plan:publish")],
    status_code=201,
    responses={201: {"headers": {"Location": {}}}},
)
def publish_plan(
    comment: Comment, parts: TheParts, response: Response, known: KnownRevisions, by: TheEditor
) -> PlanVersion:
    """Make the draft the plan that calls follow, within a second or two; `readyz` names the version that they follow.

    If-Match is the ETag of the draft that was looked at. A plan with errors is not published (422, plan-unsound).
    """
    revision = _one_of(parts, known)
    number = publishing.publish(parts.database, datetime.now(UTC), by, comment.comment, parts.longest_ringing, revision)
    response.headers["Location"] = f"/api/v1/plan/versions/{number}"
    return next(_version(each) for each in publishing.versions(parts.database) if each.number == number)


def _one_of(parts: Parts, known: set[str] | None) -> str | None:
    if known is None:
        return None
    now = editing.revision(editing.draft(parts.database))
    return now if now in known else next(iter(known), "none")


# --- What was published ------------------------------------------------------------------------------------


def _version(version: publishing.Version) -> PlanVersion:
    return PlanVersion(
        number=version.number,
        published_at=version.published_at,
        published_by=version.published_by,
        comment=version.comment,
        checksum=version.checksum,
    )


@router.get("/versions", operation_id="listPlanVersions", dependencies=[may("plan:read")])
def list_versions(parts: TheParts) -> PlanVersions:
    """The newest first."""
    drafts = [
        ReplacedDraft(revision=each.revision, replaced_at=each.replaced_at, replaced_by=each.replaced_by)
        for each in editing.replaced(parts.database)
    ]
    return PlanVersions(
        versions=[_version(each) for each in publishing.versions(parts.database)], replaced_drafts=drafts
    )


@router.get(
    "/versions/{number}",
    operation_id="getPlanVersion",
    dependencies=[may("plan:read")],
    responses={200: answer_of("Plan", "The document as it was published.", JSON, YAML)},
)
def get_version(number: Number, request: Request, parts: TheParts) -> Response:
    """The document; it never changes."""
    document = editing.document_of(parts.database, str(number))
    revision = editing.revision(document)
    return _document(request, document, revision)


@router.post(
    "/versions/{number}/restore",
    operation_id="restorePlanVersion",
    dependencies=[may("plan:write")],
    status_code=204,
    response_class=Response,
)
def restore_version(number: Number, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:
    """Bring a version back as the draft, which it replaces: If-Match is the draft's ETag. Nothing is published."""
    revision = editing.restore(parts.database, str(number), _one_of(parts, known), by)
    return Response(status_code=204, headers={"ETag": etag(revision)})
