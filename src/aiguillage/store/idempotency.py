"""Answers to requests that a client may repeat without harm, because it named them by a key of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.orm import Session

from aiguillage.errors import Conflict, Refused
from aiguillage.store.tables import idempotent_answers as table

KEPT = timedelta(hours=24)
GIVEN_UP = timedelta(minutes=1)
"""After this time without an answer, whoever began to give it is taken to have died."""


@dataclass(frozen=True, slots=True)
class Question:
    """`owner` and `key` name it; `digest` is the same for the same method, path and body only."""

    owner: str
    key: str
    digest: str


def begin(session: Session, question: Question, now: datetime) -> str | None:
    """The answer that was given before, or None: then whoever asks now gives it. In a writing session.

    Raises Refused for the key of another question, Conflict while the first one is being answered.
    """
    session.execute(delete(table).where(table.c.asked_at < now - KEPT))
    found = session.execute(select(table).where(_this(question))).mappings().first()
    if found is None:
        row = {"owner": question.owner, "key": question.key, "asked_at": now, "question": question.digest}
        session.execute(insert(table), row)
        return None
    if found["question"] != question.digest:
        raise Refused(f"the Idempotency-Key {question.key} was used for another request; choose a new one")
    answer: str | None = found["answer"]
    if answer is None:
        if found["asked_at"] > now - GIVEN_UP:
            raise Conflict("the same request is being answered at this moment; ask again in a second")
        session.execute(update(table).where(_this(question)).values(asked_at=now))
    return answer


def finish(session: Session, question: Question, answer: str) -> None:
    session.execute(update(table).where(_this(question)).values(answer=answer))


def forget(session: Session, question: Question) -> None:
    """It came to nothing: whoever repeats it is answered afresh."""
    session.execute(delete(table).where(_this(question)))


def _this(question: Question) -> ColumnElement[bool]:
    return and_(table.c.owner == question.owner, table.c.key == question.key)
