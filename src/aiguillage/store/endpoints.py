"""The SIP passwords of the desk phones."""

import secrets
from collections.abc import Collection

from sqlalchemy.orm import Session

from aiguillage.store import secret_words
from aiguillage.store.tables import endpoints


def kept(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Those of `wanted` that are there."""
    return secret_words.kept(session, endpoints, wanted)


def passwords(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """The password of each endpoint, made and kept when it is asked for the first time (in a writing session)."""
    return secret_words.made(session, endpoints, wanted, lambda: secrets.token_urlsafe(18))
