"""Do once what is asked for twice: a client that heard no answer may ask again without harm."""

from datetime import datetime

from aiguillage.store import idempotency
from aiguillage.store.database import Database
from aiguillage.store.idempotency import Question as Question


def begin(database: Database, question: Question, now: datetime) -> str | None:
    """The answer that was given before; None: give it now, then `finish` or `forget`. Raises Refused, Conflict."""
    with database.writing() as session:
        return idempotency.begin(session, question, now)


def finish(database: Database, question: Question, answer: str) -> None:
    with database.writing() as session:
        idempotency.finish(session, question, answer)


def forget(database: Database, question: Question) -> None:
    with database.writing() as session:
        idempotency.forget(session, question)
