"""The SIP passwords of the desk phones. Asterisk must be able to read them; nobody chooses them."""

import secrets
from collections.abc import Collection

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import endpoints


def kept(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """Those of `wanted` that are there."""
    rows = session.execute(select(endpoints).where(endpoints.c.endpoint.in_(wanted)))
    return {row.endpoint: row.password for row in rows}


def passwords(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """The password of each endpoint, made and kept when it is asked for the first time (in a writing session)."""
    existing = kept(session, wanted)
    made = {endpoint: secrets.token_urlsafe(18) for endpoint in wanted if endpoint not in existing}
    if made:
        session.execute(insert(endpoints), [{"endpoint": name, "password": word} for name, word in made.items()])
    return existing | made
