"""The PINs of the mailboxes, as they are at first."""

import secrets
from collections.abc import Collection

from sqlalchemy.orm import Session

from aiguillage.store import secret_words
from aiguillage.store.tables import pins as table

DIGITS = 6


def kept(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Those of `wanted` that are there."""
    return secret_words.kept(session, table, wanted)


def pins(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """The PIN of each mailbox, made and kept when it is asked for the first time (in a writing session)."""
    return secret_words.made(session, table, wanted, lambda: f"{secrets.randbelow(10**DIGITS):0{DIGITS}}")
