"""Users, their sessions and one-time links, tokens, and attempts that failed.

Of every secret that is 32 random bytes only the SHA-256 is kept: it needs no slow hash. Passwords come here hashed.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from aiguillage.store.tables import invitations, login_failures, sessions, tokens, users

PREFIX = "aig_"


@dataclass(frozen=True, slots=True)
class StoredUser:
    """`person` and `unit` are keys of the plan; `password` is argon2id, None until one was chosen."""

    name: str
    full_name: str
    role: str
    person: str | None
    unit: str | None
    disabled: bool
    created: datetime
    password: str | None = None
    totp_secret: str | None = None
    totp_confirmed: bool = False
    totp_step: int = 0


@dataclass(frozen=True, slots=True)
class KeptSession:
    """Whose it is, when it began, and when it ends."""

    user: StoredUser
    created: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class StoredToken:
    """`scopes` None = all; `user` None = the service's own."""

    id: int
    name: str
    created: datetime
    expires: datetime | None
    scopes: tuple[str, ...] | None
    user: str | None


# --- Users -------------------------------------------------------------------------------------------------


def all_users(session: Session) -> list[StoredUser]:
    return [StoredUser(**row) for row in session.execute(select(users).order_by(users.c.name)).mappings()]


def user(session: Session, name: str) -> StoredUser | None:
    found = session.execute(select(users).where(users.c.name == name)).mappings().first()
    return StoredUser(**found) if found else None


def add_user(session: Session, new: StoredUser) -> None:
    session.execute(insert(users), asdict(new))


def change_user(session: Session, user: str, /, **values: Any) -> None:
    session.execute(update(users).where(users.c.name == user).values(values))


def remove_user(session: Session, name: str) -> None:
    """With their sessions, links and tokens."""
    session.execute(delete(users).where(users.c.name == name))


# --- Tokens ------------------------------------------------------------------------------------------------


def create_token(session: Session, new: StoredToken) -> tuple[int, str]:
    """Its id, whatever `new` says, and the token in clear, which can be read this one time."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = {name: value for name, value in asdict(new).items() if name != "id"} | {"hash": _hash(token)}
    id_: int = session.execute(insert(tokens).values(row).returning(tokens.c.id)).scalar_one()
    return id_, token


def all_tokens(session: Session) -> list[StoredToken]:
    return [_token(row) for row in session.execute(select(*_TOKEN).order_by(tokens.c.id)).mappings()]


def token_by_id(session: Session, id_: int) -> StoredToken | None:
    found = session.execute(select(*_TOKEN).where(tokens.c.id == id_)).mappings().first()
    return _token(found) if found else None


def verify_token(session: Session, token: str, now: datetime) -> StoredToken | None:
    """None when it is unknown or has expired."""
    valid = or_(tokens.c.expires.is_(None), tokens.c.expires > now)
    found = session.execute(select(*_TOKEN).where(tokens.c.hash == _hash(token), valid)).mappings().first()
    return _token(found) if found else None


def change_token(session: Session, id_: int, /, **values: Any) -> None:
    session.execute(update(tokens).where(tokens.c.id == id_).values(values))


def remove_token(session: Session, id_: int) -> None:
    session.execute(delete(tokens).where(tokens.c.id == id_))


_TOKEN = tuple(tokens.c[name] for name in StoredToken.__slots__)


def _token(row: Any) -> StoredToken:
    return StoredToken(**{**row, "scopes": None if row["scopes"] is None else tuple(row["scopes"])})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# --- Sessions and one-time links ---------------------------------------------------------------------------


def open_session(session: Session, user: str, now: datetime, expires: datetime) -> str:
    """The new session's secret, for the cookie. Sessions that have expired are forgotten."""
    session.execute(delete(sessions).where(sessions.c.expires <= now))
    secret = secrets.token_urlsafe(32)
    session.execute(insert(sessions), {"hash": _hash(secret), "user": user, "created": now, "expires": expires})
    return secret


def session_of(session: Session, secret: str, now: datetime) -> KeptSession | None:
    """None when it is unknown, over, or the user may not come in any more."""
    found = _holder(session, sessions, secret, now, sessions.c.created, sessions.c.expires)
    return KeptSession(*found) if found else None


def move_session(session: Session, secret: str, expires: datetime) -> None:
    """Its end is later now."""
    later = (sessions.c.hash == _hash(secret)) & (sessions.c.expires < expires)
    session.execute(update(sessions).where(later).values(expires=expires))


def close_session(session: Session, secret: str) -> None:
    session.execute(delete(sessions).where(sessions.c.hash == _hash(secret)))


def close_sessions(session: Session, user: str) -> None:
    session.execute(delete(sessions).where(sessions.c.user == user))


def invite(session: Session, user: str, expires: datetime) -> str:
    """A secret for a one-time link; one that the user had before is void."""
    session.execute(delete(invitations).where(invitations.c.user == user))
    secret = secrets.token_urlsafe(32)
    session.execute(insert(invitations), {"hash": _hash(secret), "user": user, "expires": expires})
    return secret


def invited_user(session: Session, secret: str, now: datetime) -> StoredUser | None:
    """Whom the link is for; None when it is unknown, used, or has expired."""
    found = _holder(session, invitations, secret, now)
    return found[0] if found else None


def use_invitation(session: Session, user: str) -> None:
    session.execute(delete(invitations).where(invitations.c.user == user))


def _holder(session: Session, held: Table, secret: str, now: datetime, *more: Column[Any]) -> tuple[Any, ...] | None:
    """The user, and more of what they hold."""
    is_valid = (held.c.hash == _hash(secret)) & (held.c.expires > now) & users.c.disabled.is_(False)
    wanted = select(*_USER, *more).join(held, held.c.user == users.c.name).where(is_valid)
    found = session.execute(wanted).first()
    return (StoredUser(*found[: len(_USER)]), *found[len(_USER) :]) if found else None


_USER = tuple(users.c[name] for name in StoredUser.__slots__)


# --- Attempts that failed ----------------------------------------------------------------------------------


def attempt(session: Session, account: str, address: str, now: datetime, forget: datetime) -> int:
    """Note an attempt as failed until it has `succeeded`; its id. Those before `forget` are forgotten."""
    session.execute(delete(login_failures).where(login_failures.c.at < forget))
    row = {"at": now, "account": account, "address": address}
    id_: int = session.execute(insert(login_failures).values(row).returning(login_failures.c.id)).scalar_one()
    return id_


def succeeded(session: Session, attempt: int) -> None:
    session.execute(delete(login_failures).where(login_failures.c.id == attempt))


def failures(session: Session, account: str, address: str, since: datetime) -> tuple[int, int]:
    """How many attempts failed since then: for the account, and from the address."""
    columns = (
        func.count().filter(login_failures.c.account == account),
        func.count().filter(login_failures.c.address == address),
    )
    found = session.execute(select(*columns).where(login_failures.c.at >= since)).one()
    return found[0], found[1]
