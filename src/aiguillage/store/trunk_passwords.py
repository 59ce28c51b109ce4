"""The passwords by which trunks register with their operators: chosen by these, in no plan, export or audit."""

from collections.abc import Collection

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from aiguillage.store import secret_words
from aiguillage.store.tables import trunk_passwords as table


def kept(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Those of `wanted` that are there."""
    return secret_words.kept(session, table, wanted)


def put(session: Session, trunk: str, password: str) -> None:
    """In place of the one before; empty removes it."""
    session.execute(delete(table).where(table.c.trunk == trunk))
    if password:
        session.execute(insert(table).values(trunk=trunk, password=password))
