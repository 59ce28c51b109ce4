"""The SIP passwords of the desk phones. Asterisk must be able to read them; nobody chooses them."""

import secrets
from collections.abc import Collection

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import endpoints


def passwords(session: Session, wanted: Collection[str]) -> dict[str, str]:
    """The password of each endpoint, made and kept when it is asked for the first time (in a writing session)."""
    rows = session.execute(select(endpoints).where(endpoints.c.endpoint.in_(wanted)))
    kept = {row.endpoint: row.password for row in rows}
    made = {endpoint: secrets.token_urlsafe(18) for endpoint in wanted if endpoint not in kept}
    if made:
        session.execute(insert(endpoints), [{"endpoint": name, "password": word} for name, word in made.items()])
    return kept | made
