"""Who it is that asks: by a token, or by a session that began with a password and, for administrators, a code."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from aiguillage.desk import passwords
from aiguillage.desk.access import SCOPES, Principal, Reach, everything, grants_of
from aiguillage.desk.accounts import ADMINISTRATOR
from aiguillage.errors import Conflict, Refused, StoreUnavailable, Throttled, Unauthenticated
from aiguillage.store import accounts, audit
from aiguillage.store.accounts import KeptSession, StoredUser
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session

SESSION = timedelta(hours=12)
"""So long a session lasts, at most."""
UNUSED = timedelta(hours=8)
"""So long without use, and it is over before."""
MOVED_BY = timedelta(minutes=5)
"""Its end is moved on by so much at least: not every request is to be a write."""
WINDOW = timedelta(minutes=1)
ATTEMPTS = 5
"""So many may fail within WINDOW, for one account and from one address."""
NO_AUTHENTICATOR = "administrators need an authenticator: PUT /api/v1/session/authenticator, then confirm it"

log = structlog.get_logger()


# --- Who asks ----------------------------------------------------------------------------------------------


def by_token(database: Database, token: str, now: datetime) -> Principal | None:
    """None for a token that is unknown or has expired, or whose user may not come in any more."""
    with database.reading() as session:
        found = accounts.verify_token(session, token, now)
        holder = accounts.user(session, found.user) if found is not None and found.user is not None else None
    if found is None or (holder is not None and holder.disabled):
        return None
    name, scopes = f"token {found.name}", None if found.scopes is None else frozenset(found.scopes)
    if holder is None:
        return Principal(name, everything(frozenset(SCOPES) if scopes is None else scopes))
    grants = grants_of(holder.role, scopes)
    return Principal(name, grants, holder.person, holder.unit, holder.name)


def by_session(database: Database, secret: str, now: datetime, *, is_use: bool = False) -> Principal | None:
    """None for a session that is unknown or over, or whose user may not come in any more. Use keeps it open."""
    with database.reading() as session:
        found = accounts.session_of(session, secret, now)
    if found is None:
        return None
    if is_use:
        with contextlib.suppress(StoreUnavailable):  # whoever only reads need not know that nothing can be written
            _keep_open(database, secret, found, now)
    return _principal(found.user)


def _keep_open(database: Database, secret: str, kept: KeptSession, now: datetime) -> None:
    last = kept.created + SESSION
    end = min(now + UNUSED, last)
    if end - kept.expires >= MOVED_BY or kept.expires < end == last:
        with database.writing() as session:
            accounts.move_session(session, secret, end)


def _principal(user: StoredUser) -> Principal:
    lacks = user.role == ADMINISTRATOR and not user.totp_confirmed
    grants: Mapping[str, Reach] = {} if lacks else grants_of(user.role)
    return Principal(f"user {user.name}", grants, user.person, user.unit, user.name, NO_AUTHENTICATOR if lacks else "")


# --- In and out --------------------------------------------------------------------------------------------


def sign_in(database: Database, name: str, password: str, code: str, address: str, now: datetime) -> str:
    """The secret of a new session. `code` is the authenticator's, empty for who has none.

    Raises Unauthenticated, which does not say what was wrong; Throttled after too many attempts.
    """
    attempt = _attempt(database, name, address, now)
    with database.reading() as session:
        found = accounts.user(session, name)
    if not passwords.is_password(found.password if found else None, password) or found is None or found.disabled:
        log.warning("sign_in_failed", address=address)
        raise Unauthenticated("name, password or code is wrong")
    with database.writing() as session:
        if not _takes_code(session, name, code, now):
            log.warning("sign_in_failed", address=address)
            raise Unauthenticated("name, password or code is wrong")
        accounts.succeeded(session, attempt)
        audit.append(session, now, Deed(f"user {name}", "sign in", f"users/{name}"))
        return accounts.open_session(session, name, now, now + UNUSED)


def _attempt(database: Database, name: str, address: str, now: datetime) -> int:
    """Counted as failed until it succeeds, so that many at once are counted too. Raises Throttled."""
    with database.writing() as session:
        for_account, from_address = accounts.failures(session, name, address, now - WINDOW)
        if max(for_account, from_address) < ATTEMPTS:
            return accounts.attempt(session, name, address, now, now - WINDOW)
    raise Throttled("too many attempts to sign in; wait a minute", int(WINDOW.total_seconds()))


def _takes_code(session: Session, name: str, code: str, now: datetime) -> bool:
    """Whether the code is right, or none is needed. A code is taken once."""
    user = accounts.user(session, name)
    if user is None or not user.totp_confirmed or user.totp_secret is None:
        return user is not None
    step = passwords.step_of(user.totp_secret, code, now, user.totp_step)
    if step is not None:
        accounts.change_user(session, name, totp_step=step)
    return step is not None


def sign_out(database: Database, secret: str) -> None:
    with database.writing() as session:
        accounts.close_session(session, secret)


# --- Passwords ---------------------------------------------------------------------------------------------


def accept(database: Database, invitation: str, password: str, now: datetime) -> str:
    """The user whom the one-time link is for has this password from now on, and no session; their name.

    Raises Unauthenticated for a link that was used or is too old, Refused for a password that is too easily guessed.
    """
    with database.reading() as session:
        user = _invited(accounts.invited_user(session, invitation, now))
    hashed = passwords.hash_password(user.name, password)
    with database.writing() as session:
        user = _invited(accounts.invited_user(session, invitation, now))
        accounts.use_invitation(session, user.name)
        _set_password(session, user.name, hashed, now)
        # A link is for who has lost everything: the authenticator may have been lost, too.
        accounts.change_user(session, user.name, totp_secret=None, totp_confirmed=False)
    return user.name


def _invited(found: StoredUser | None) -> StoredUser:
    if found is None:
        raise Unauthenticated("this link was used already, or is older than a day; ask an administrator for a new one")
    return found


def change_password(database: Database, name: str, old: str, new: str, address: str, now: datetime) -> None:
    """All sessions of the user end. Raises Unauthenticated, Throttled, Refused."""
    attempt = _attempt(database, name, address, now)
    with database.reading() as session:
        found = accounts.user(session, name)
    if not passwords.is_password(found.password if found else None, old):
        raise Unauthenticated("the old password is wrong")
    hashed = passwords.hash_password(name, new)
    with database.writing() as session:
        accounts.succeeded(session, attempt)
        _set_password(session, name, hashed, now)


def _set_password(session: Session, name: str, hashed: str, now: datetime) -> None:
    accounts.change_user(session, name, password=hashed)
    accounts.close_sessions(session, name)
    audit.append(session, now, Deed(f"user {name}", "choose a password", f"users/{name}"))


# --- Authenticators ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authenticator:
    """`uri` is what its QR code holds."""

    secret: str
    uri: str


def begin_authenticator(database: Database, name: str, organisation: str) -> Authenticator:
    """A new authenticator, which counts once a code of it was confirmed. Raises Conflict where there is one."""
    secret = passwords.new_secret()
    with database.writing() as session:
        user = accounts.user(session, name)
        if user is None or user.totp_confirmed:
            raise Conflict("there is an authenticator already; an administrator's new link takes it away")
        accounts.change_user(session, name, totp_secret=secret, totp_step=0)
    return Authenticator(secret, passwords.authenticator_uri(secret, name, organisation))


def confirm_authenticator(database: Database, name: str, code: str, address: str, now: datetime) -> None:
    """From now on it is needed to sign in. Raises Refused for a wrong code, Throttled."""
    attempt = _attempt(database, name, address, now)
    with database.writing() as session:
        user = accounts.user(session, name)
        if user is None or user.totp_secret is None or user.totp_confirmed:
            raise Conflict("there is no authenticator to confirm; begin with PUT /api/v1/session/authenticator")
        step = passwords.step_of(user.totp_secret, code, now, user.totp_step)
        if step is None:
            raise Refused("this code is wrong; enter the one that the authenticator shows now")
        accounts.succeeded(session, attempt)
        accounts.change_user(session, name, totp_confirmed=True, totp_step=step)
        audit.append(session, now, Deed(f"user {name}", "add an authenticator", f"users/{name}"))
