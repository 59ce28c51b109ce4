"""API tokens. Only a hash is kept; 32 random bytes need no slow one."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from aiguillage.store.tables import tokens

PREFIX = "aig_"


def create_token(session: Session, name: str, now: datetime, expires: datetime | None) -> str:
    """A new token in clear: the only time that it can be read."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "hash": _hash(token), "created": now, "expires": expires}
    session.execute(insert(tokens), row)
    return token


def verify_token(session: Session, token: str, now: datetime) -> str | None:
    """The name that the token was made for; None when it is unknown or has expired."""
    valid = or_(tokens.c.expires.is_(None), tokens.c.expires > now)
    name: str | None = session.scalar(select(tokens.c.name).where(tokens.c.hash == _hash(token), valid))
    return name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
