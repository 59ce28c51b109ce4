"""Words made once and kept: Asterisk must be able to read them, nobody chooses them here."""

from collections.abc import Callable, Collection

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session


def kept(session: Session, table: Table, wanted: Collection[str]) -> dict[str, str]:
    """Owner -> word, the two columns of `table`: those of `wanted` that are there."""
    owner, word = table.columns
    rows = session.execute(select(owner, word).where(owner.in_(wanted)))
    return {row[0]: row[1] for row in rows}


def made(session: Session, table: Table, wanted: Collection[str], make: Callable[[], str]) -> dict[str, str]:
    """The word of each owner, made and kept when it is asked for the first time (in a writing session)."""
    owner, word = table.columns
    existing = kept(session, table, wanted)
    new = {each: make() for each in wanted if each not in existing}
    if new:
        session.execute(insert(table), [{owner.name: each, word.name: secret} for each, secret in new.items()])
    return existing | new
