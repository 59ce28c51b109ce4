"""/api/v1/privacy: everything that is kept of one caller, exported and erased. Asked by POST: a number has no place in
an address, which others write down."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.idempotency import NOT_KEPT
from aiguillage.admin.routes import Resource
from aiguillage.desk import erasing

router = APIRouter(prefix="/privacy", tags=["privacy"], route_class=Resource)


class Subject(BaseModel):
    """Either: a number, or a contact with every number that no other contact has."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str | None, Field(max_length=40, description="In any spelling.", examples=["+32471000201"])] = (
        None
    )
    contact: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The id of a contact.")] = None

    @model_validator(mode="after")
    def _either(self) -> "Subject":
        if (self.number is None) == (self.contact is None):
            raise ValueError("write a number, or the id of a contact")
        return self

    def asked(self) -> erasing.Subject:
        return erasing.Subject(self.number, self.contact)


class Export(BaseModel):
    """Numbers in E.164, instants in UTC. `shared_numbers` are other contacts' too, and were not looked for.

    `kept_elsewhere`: how many published versions, replaced drafts and audit entries name it.
    """

    numbers: list[str]
    shared_numbers: list[str]
    contacts: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    called_last: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    kept_elsewhere: dict[str, int]


class Erasure(BaseModel):
    """How much was erased, by what it is; `kept`: what was not, each with its reason."""

    erased: dict[str, int]
    kept: list[str]


@router.post("/export", operation_id="exportSubject", dependencies=[may("privacy:read")])
def export_subject(subject: Subject, parts: TheParts, by: TheEditor, response: Response) -> Export:
    """Everything that is kept of somebody. Reading is written to the audit, without saying whose data it was."""
    response.headers["Cache-Control"] = NOT_KEPT
    return Export(**erasing.export(parts.database, subject.asked(), by, datetime.now(UTC)))


@router.post("/erase", operation_id="eraseSubject", dependencies=[may("privacy:write")])
def erase_subject(subject: Subject, parts: TheParts, by: TheEditor) -> Erasure:
    """Erase somebody from the directory, the journal, voicemail, call-back requests and the outbox, for good.

    409 for a number that the plan uses, or that somebody of ours forwards to. Writes the database anew: edits wait.
    """
    settings = parts.needed_settings()
    done = erasing.erase(settings, parts.database, subject.asked(), by, datetime.now(UTC))
    return Erasure(erased=dict(done.erased), kept=list(done.kept))
