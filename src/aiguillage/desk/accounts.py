"""Users and tokens: made, changed, taken away, within what whoever does it may do themselves.

Nobody gives more than they have: a user's role and a token's scopes lie within those of whoever makes or changes them.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiguillage import text_formats
from aiguillage.desk import editing
from aiguillage.desk.access import ROLES, SCOPES, Reach
from aiguillage.desk.editing import Editor
from aiguillage.errors import ChangedMeanwhile, Conflict, DocumentRefused, Fault, Forbidden, NotFound
from aiguillage.routing.document.node import suggestion
from aiguillage.store import accounts, audit
from aiguillage.store.accounts import StoredToken as StoredToken
from aiguillage.store.accounts import StoredUser
from aiguillage.store.audit import Deed
from aiguillage.store.database import Database, Session

INVITATION = timedelta(hours=24)
"""So long a one-time link may be used."""
LONGEST_TOKEN = timedelta(days=3650)
"""So long a token that is made or changed over the API may be valid."""
FIRST = "admin"
"""The user that the first start makes."""
ADMINISTRATOR = "administrator"
Known = Collection[str] | None
"""The revisions that the writer has read; None where any will do."""


@dataclass(frozen=True, slots=True)
class User:
    """`role` is one of ROLES; `person` and `unit` are keys of the plan, for the roles that need them."""

    name: str
    full_name: str
    role: str
    person: str | None = None
    unit: str | None = None
    disabled: bool = False

    @property
    def revision(self) -> str:
        """32 hexadecimal digits."""
        return hashlib.sha256(text_formats.write_json(asdict(self)).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Account:
    """A user, and how far they have come: `invited` until they have chosen a password."""

    user: User
    created: datetime
    invited: bool
    authenticator: bool


def _account(stored: StoredUser) -> Account:
    user = User(stored.name, stored.full_name, stored.role, stored.person, stored.unit, stored.disabled)
    return Account(user, stored.created, stored.password is None, stored.totp_confirmed)


# --- Users -------------------------------------------------------------------------------------------------


def users(database: Database) -> list[Account]:
    """By name."""
    with database.reading() as session:
        return [_account(each) for each in accounts.all_users(session)]


def user(database: Database, name: str) -> Account:
    """Raises NotFound."""
    with database.reading() as session:
        return _account(_existing(session, name))


def add_user(database: Database, new: User, by: Editor, now: datetime) -> tuple[Account, str]:
    """The new user, and the secret of the link by which they choose their password.

    Raises DocumentRefused, Conflict where the name is taken, Forbidden.
    """
    with database.writing() as session:
        _check(session, new)
        _may_give(by, new.role)
        if accounts.user(session, new.name) is not None:
            raise Conflict(f'user "{new.name}" is there already; change that one, or choose another name')
        accounts.add_user(session, StoredUser(**asdict(new), created=now))
        audit.append(session, now, _deed(by, "add", new.name, None, asdict(new)))
        return _account(_existing(session, new.name)), accounts.invite(session, new.name, now + INVITATION)


def change_user(
    database: Database, name: str, changes: Mapping[str, Any], known: Known, by: Editor, now: datetime
) -> Account:
    """Write the fields that are named; what the user's sessions and tokens may do changes at once.

    Raises NotFound, ChangedMeanwhile, DocumentRefused, Forbidden, Conflict for the last administrator.
    """
    with database.writing() as session:
        before = _unchanged(session, name, known)
        new = replace(before, **changes)
        _check(session, new, before)
        _may_give(by, new.role)
        _may_give(by, before.role)
        accounts.change_user(session, name, **asdict(new))
        _still_an_administrator(session, before.role)
        if new.disabled:
            accounts.close_sessions(session, new.name)
        if new != before:
            audit.append(session, now, _deed(by, "change", name, asdict(before), asdict(new)))
        return _account(_existing(session, name))


def remove_user(database: Database, name: str, known: Known, by: Editor, now: datetime) -> None:
    """With their sessions, links and tokens. Raises as `change_user`."""
    with database.writing() as session:
        before = _unchanged(session, name, known)
        _may_give(by, before.role)
        accounts.remove_user(session, name)
        _still_an_administrator(session, before.role)
        audit.append(session, now, _deed(by, "remove", name, asdict(before), None))


def invite(database: Database, name: str, by: Editor, now: datetime) -> str:
    """The secret of a new link for a user who has none any more, or has forgotten the password.

    Raises NotFound, Forbidden.
    """
    with database.writing() as session:
        _may_give(by, _existing(session, name).role)
        audit.append(session, now, _deed(by, "invite", name))
        return accounts.invite(session, name, now + INVITATION)


def first_invitation(database: Database, now: datetime) -> str | None:
    """The secret of a link for the first administrator, who is made for it; None once anybody has a password."""
    with database.writing() as session:
        known = accounts.all_users(session)
        if any(each.password is not None for each in known):
            return None
        if not any(each.name == FIRST for each in known):
            new = User(FIRST, "The first administrator", ADMINISTRATOR)
            accounts.add_user(session, StoredUser(**asdict(new), created=now))
            audit.append(session, now, _deed(Editor("the first start"), "add", FIRST, None, asdict(new)))
        return accounts.invite(session, FIRST, now + INVITATION)


def _existing(session: Session, name: str) -> StoredUser:
    found = accounts.user(session, name)
    if found is None:
        near = suggestion(name, [each.name for each in accounts.all_users(session)])
        raise NotFound(f'there is no user "{name}"{near}')
    return found


def _unchanged(session: Session, name: str, known: Known) -> User:
    now = _account(_existing(session, name)).user
    if known is not None and now.revision not in known:
        last = next(iter(audit.last_changes(session, f"users/{name}", 1)), None)
        by = f" by {last.actor}" if last else ""
        raise ChangedMeanwhile(f'user "{name}" was changed meanwhile{by}; read it again and repeat your change on it')
    return now


_NAME = re.compile("[a-z0-9][a-z0-9.-]{0,62}")
_PLAIN = "write 1 to 200 characters, none of them a control character"
_NEEDED = {Reach.OWN: "person", Reach.UNIT: "unit"}
"""What a role whose scopes go no further than this needs to know of its users."""


def _check(session: Session, new: User, before: User | None = None) -> None:
    """Raises DocumentRefused for a user who could not do what their role is for. A key that stays may be gone from the
    plan: whoever left must be kept out all the same."""
    faults = [] if new.role in ROLES else [Fault("role", f"write one of {', '.join(ROLES)}")]
    if not _NAME.fullmatch(new.name):
        faults.append(Fault("name", "write small letters, digits, dots and hyphens, 63 at most"))
    if not _is_plain(new.full_name):
        faults.append(Fault("full_name", _PLAIN))
    needed = {_NEEDED[each] for each in ROLES.get(new.role, {}).values() if each in _NEEDED}
    faults += [
        Fault(name, f"the role {new.role} needs one: a key of the plan")
        for name in sorted(needed)
        if getattr(new, name) is None
    ]
    for name, section in (("person", "people"), ("unit", "units")):
        key = getattr(new, name)
        if key is None or key == getattr(before, name, None):
            continue
        known = editing.draft_in(session).get(section, {})
        if key not in known:
            faults.append(Fault(name, f'the plan has no "{key}" in {section}{suggestion(key, list(known))}'))
    if faults:
        raise DocumentRefused(tuple(faults))


def _is_plain(name: str) -> bool:
    """Not one that turns the direction of what follows it, either."""
    return name.isprintable() and len(name.strip()) > 0 and len(name) <= 200


def _may_give(by: Editor, role: str) -> None:
    """Raises Forbidden for a role that may do more than whoever gives it, or has it changed."""
    grants = dict.fromkeys(SCOPES, Reach.ALL) if by.who is None else by.who.grants
    lacking = [scope for scope in ROLES[role] if grants.get(scope) is not Reach.ALL]
    if lacking:
        raise Forbidden(f"{by.name} has no {', '.join(lacking)}, which the role {role} has")


def _still_an_administrator(session: Session, role: str) -> None:
    """Raises Conflict where somebody with this role was the last who could let others in."""
    left = (each for each in accounts.all_users(session) if each.role == ADMINISTRATOR and not each.disabled)
    if role == ADMINISTRATOR and next(left, None) is None:
        raise Conflict("that would leave nobody who is an administrator; make somebody else one first")


def _deed(by: Editor, action: str, name: str, before: Any = None, after: Any = None) -> Deed:
    return Deed(by.name, action, f"users/{name}", before, after, request=by.request)


# --- Tokens ------------------------------------------------------------------------------------------------


def tokens(database: Database) -> list[StoredToken]:
    """In the order in which they were made."""
    with database.reading() as session:
        return accounts.all_tokens(session)


def token(database: Database, id_: int) -> StoredToken:
    """Raises NotFound."""
    with database.reading() as session:
        return _existing_token(session, id_)


@dataclass(frozen=True, slots=True)
class NewToken:
    """`scopes` None = all, also those to come; `lifetime` None = until it is deleted."""

    name: str
    scopes: Collection[str] | None = None
    lifetime: timedelta | None = None


def create_token(
    database: Database, new: NewToken, now: datetime, by: Editor = editing.NOBODY
) -> tuple[StoredToken, str]:
    """A new bearer token, and itself in clear: only its hash is kept.

    One that a user makes is that user's: it can never do more than they can at the time. Raises DocumentRefused for a
    scope that there is not, Forbidden.
    """
    if not _is_plain(new.name):
        raise DocumentRefused((Fault("name", _PLAIN),))
    unknown = [
        Fault(f"scopes[{place}]", f'"{scope}" is no scope{suggestion(scope, list(SCOPES))}')
        for place, scope in enumerate(new.scopes or ())
        if scope not in SCOPES
    ]
    if unknown:
        raise DocumentRefused(tuple(unknown))
    _has_scopes(by, new.scopes)
    with database.writing() as session:
        scopes = None if new.scopes is None else tuple(sorted(set(new.scopes)))
        expires = now + new.lifetime if new.lifetime else None
        kept = StoredToken(0, new.name, now, expires, scopes, by.who.user if by.who else None)
        id_, clear = accounts.create_token(session, kept)
        audit.append(session, now, _token_deed(by, "add", id_, None, {"name": new.name, "scopes": scopes}))
        return _existing_token(session, id_), clear


def token_revision(stored: StoredToken) -> str:
    """32 hexadecimal digits."""
    told = {**asdict(stored), "created": _instant(stored.created), "expires": _instant(stored.expires)}
    return hashlib.sha256(text_formats.write_json(told).encode()).hexdigest()[:32]


def change_token(
    database: Database, id_: int, changes: Mapping[str, Any], known: Known, by: Editor, now: datetime
) -> StoredToken:
    """Write the fields that are named: `name`, `expires`; what it may do stays.

    Raises NotFound, ChangedMeanwhile, DocumentRefused, Forbidden for a token that may do more than who changes it.
    """
    with database.writing() as session:
        before = _existing_token(session, id_)
        if known is not None and token_revision(before) not in known:
            raise ChangedMeanwhile(f"token {id_} was changed meanwhile; read it again and repeat your change on it")
        after = replace(before, **changes)
        _check_token(after, changes, now)
        _has_scopes(by, after.scopes)
        if after != before:
            accounts.change_token(session, id_, name=after.name, expires=after.expires)
            audit.append(session, now, _token_deed(by, "change", id_, _token_told(before), _token_told(after)))
        return _existing_token(session, id_)


def _check_token(new: StoredToken, changes: Mapping[str, Any], now: datetime) -> None:
    """Raises DocumentRefused."""
    faults = [] if _is_plain(new.name) else [Fault("name", _PLAIN)]
    if "expires" in changes and (new.expires is None or not now < new.expires <= now + LONGEST_TOKEN):
        faults.append(Fault("expires", f"write an instant within the next {LONGEST_TOKEN.days} days, or delete it"))
    if faults:
        raise DocumentRefused(tuple(faults))


def _token_told(stored: StoredToken) -> Mapping[str, Any]:
    return {"name": stored.name, "expires": _instant(stored.expires)}


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _has_scopes(by: Editor, scopes: Collection[str] | None) -> None:
    """Raises Forbidden for a scope that whoever makes or changes a token has not; None = all."""
    if by.who is not None:
        for scope in SCOPES if scopes is None else scopes:
            by.who.needs(scope)


def remove_token(database: Database, id_: int, by: Editor, now: datetime) -> None:
    """It is worth nothing from now on. Raises NotFound."""
    with database.writing() as session:
        found = _existing_token(session, id_)
        accounts.remove_token(session, id_)
        audit.append(session, now, _token_deed(by, "remove", id_, {"name": found.name}, None))


def _existing_token(session: Session, id_: int) -> StoredToken:
    found = accounts.token_by_id(session, id_)
    if found is None:
        raise NotFound(f"there is no token {id_}")
    return found


def _token_deed(by: Editor, action: str, id_: int, before: Mapping[str, Any] | None, after: Any) -> Deed:
    return Deed(by.name, action, f"tokens/{id_}", before, after, request=by.request)
