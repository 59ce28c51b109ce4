"""API tokens: made, shown once, checked."""

from datetime import datetime, timedelta

from aiguillage.store import accounts
from aiguillage.store.database import Database


def create(database: Database, name: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """A new bearer token. Only its hash is kept: this is the one time that it can be read."""
    with database.writing() as session:
        return accounts.create_token(session, name, now, now + lifetime if lifetime else None)


def verify(database: Database, token: str, now: datetime) -> str | None:
    """The name of the token's owner, or None for a token that is unknown or has expired."""
    with database.reading() as session:
        return accounts.verify_token(session, token, now)
