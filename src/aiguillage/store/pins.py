"""The PINs of the mailboxes, as they are at first. Asterisk must be able to read them; nobody chooses them here."""

import secrets
from collections.abc import Collection

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import pins as table

DIGITS = 6


def kept(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Those of `wanted` that are there."""
    rows = session.execute(select(table).where(table.c.mailbox.in_(wanted)))
    return {row.mailbox: row.pin for row in rows}


def pins(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """The PIN of each mailbox, made and kept when it is asked for the first time (in a writing session)."""
    existing = kept(session, wanted)
    made = {mailbox: f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for mailbox in wanted if mailbox not in existing}
    if made:
        session.execute(insert(table), [{"mailbox": mailbox, "pin": pin} for mailbox, pin in made.items()])
    return existing | made
