"""/api/v1/users, /tokens: who may come in, and what they may do."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.bodies import PLAIN, merge_patch_of, named
from aiguillage.admin.guard import TheEditor, TheParts, may
from aiguillage.admin.idempotency import SHOWN_ONCE
from aiguillage.admin.requests import KnownRevisions, etag
from aiguillage.admin.routes import Resource
from aiguillage.admin.times import Instant
from aiguillage.desk import accounts
from aiguillage.desk.accounts import Account, StoredToken

router = APIRouter(route_class=Resource)

UserName = "^[a-z0-9][a-z0-9.-]{0,62}$"
Name = Annotated[str, Path(pattern=UserName, examples=["marie"])]
Key = Annotated[str | None, Field(max_length=63, description="A key of the plan.")]
Role = Literal["administrator", "receptionist", "person", "editor", "auditor"]
TokenId = Annotated[int, Path(ge=1, le=2**31 - 1)]
FullName = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN, examples=["Marie Lambert"])]
TokenName = Annotated[str, Field(min_length=1, max_length=100, pattern=PLAIN, examples=["the members' database"])]
_READ, _WRITE = [may("accounts:read")], [may("accounts:write")]


class UserBody(BaseModel):
    """`person` is needed by the role person, `unit` by the role editor."""

    model_config = ConfigDict(extra="forbid")

    full_name: FullName
    role: Role
    person: Key = None
    unit: Key = None
    disabled: bool = False


class UserPatch(BaseModel):
    """What is not named stays; null takes person or unit away."""

    model_config = ConfigDict(extra="forbid")

    full_name: FullName | None = None
    role: Role | None = None
    person: Key = None
    unit: Key = None
    disabled: bool | None = None


class NewUser(UserBody):
    """`name` is what they sign in with."""

    name: Annotated[str, Field(pattern=UserName, examples=["marie"])]


class User(BaseModel):
    """`invited`: has not chosen a password yet."""

    name: str
    full_name: str
    role: Role
    person: str | None
    unit: str | None
    disabled: bool
    created: datetime
    invited: bool
    authenticator: bool


class Users(BaseModel):
    users: list[User]


class Invitation(BaseModel):
    """A link by which the user chooses a password; used once, for a day. Shown this once: null where the request is
    repeated with its Idempotency-Key."""

    link: str | None
    expires: datetime


class InvitedUser(User):
    invitation: Invitation


class NewToken(BaseModel):
    """`scopes` is what it is for: those of GET /session, at most."""

    model_config = ConfigDict(extra="forbid")

    name: TokenName
    scopes: Annotated[list[str], Field(min_length=1, max_length=50, examples=[["plan:read"]])]
    days: Annotated[int, Field(ge=1, le=accounts.LONGEST_TOKEN.days, description="Valid for so many days.")] = 365


class TokenPatch(BaseModel):
    """What is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: TokenName | None = None
    expires: Annotated[Instant | None, Field(examples=["2027-06-30T22:00:00Z"])] = None


class Token(BaseModel):
    """`scopes` null = all; `user` null = made on the machine itself, for the service."""

    id: int
    name: str
    created: datetime
    expires: datetime | None
    scopes: list[str] | None
    user: str | None


class MadeToken(Token):
    """`token` is shown this once: null where the request is repeated with its Idempotency-Key."""

    token: str | None


class Tokens(BaseModel):
    tokens: list[Token]


def _shown(account: Account) -> dict[str, object]:
    state = {"created": account.created, "invited": account.invited, "authenticator": account.authenticator}
    return {**asdict(account.user), **state}


def _user(account: Account, response: Response) -> User:
    response.headers["ETag"] = etag(account.user.revision)
    return User.model_validate(_shown(account))


def _invitation(request: Request, secret: str, now: datetime) -> Invitation:
    link = f"{str(request.base_url).rstrip('/')}/welcome?invitation={secret}"
    return Invitation(link=link, expires=now + accounts.INVITATION)


# --- Users -------------------------------------------------------------------------------------------------


@router.get("/users", operation_id="listUsers", tags=["users"], dependencies=_READ)
def list_users(parts: TheParts) -> Users:
    """By name."""
    return Users(users=[User.model_validate(_shown(each)) for each in accounts.users(parts.database)])


@router.post("/users", operation_id="createUser", tags=["users"], status_code=201, dependencies=_WRITE)
def create_user(request: Request, response: Response, new: NewUser, parts: TheParts, by: TheEditor) -> InvitedUser:
    """Nobody can give a role that may do more than they may themselves."""
    now = datetime.now(UTC)
    account, secret = accounts.add_user(parts.database, accounts.User(**new.model_dump()), by, now)
    response.headers["ETag"] = etag(account.user.revision)
    response.headers["Location"] = f"{request.url.path}/{account.user.name}"
    response.headers["Cache-Control"] = SHOWN_ONCE
    return InvitedUser.model_validate({**_shown(account), "invitation": _invitation(request, secret, now)})


@router.get(
    "/users/{name}",
    operation_id="getUser",
    tags=["users"],
    dependencies=_READ,
)
def get_user(name: Name, response: Response, parts: TheParts) -> User:
    return _user(accounts.user(parts.database, name), response)


@router.put("/users/{name}", operation_id="replaceUser", tags=["users"], dependencies=_WRITE)
def replace_user(
    name: Name,
    new: UserBody,
    response: Response,
    parts: TheParts,
    known: KnownRevisions,
    by: TheEditor,
) -> User:
    """What the user's sessions and tokens may do changes at once."""
    account = accounts.change_user(parts.database, name, new.model_dump(), known, by, datetime.now(UTC))
    return _user(account, response)


@router.patch(
    "/users/{name}",
    operation_id="changeUser",
    tags=["users"],
    dependencies=_WRITE,
    openapi_extra=merge_patch_of("UserPatch"),
)
def change_user(
    name: Name,
    new: UserPatch,
    response: Response,
    parts: TheParts,
    known: KnownRevisions,
    by: TheEditor,
) -> User:
    """A JSON merge patch (RFC 7396)."""
    changes = named(new, "full_name", "role", "disabled")
    return _user(accounts.change_user(parts.database, name, changes, known, by, datetime.now(UTC)), response)


@router.delete(
    "/users/{name}",
    operation_id="deleteUser",
    tags=["users"],
    status_code=204,
    response_class=Response,
    dependencies=_WRITE,
)
def delete_user(name: Name, parts: TheParts, known: KnownRevisions, by: TheEditor) -> Response:
    """With their sessions and tokens. 409 for the last administrator."""
    accounts.remove_user(parts.database, name, known, by, datetime.now(UTC))
    return Response(status_code=204)


@router.post(
    "/users/{name}/invitation",
    operation_id="inviteUser",
    tags=["users"],
    status_code=201,
    dependencies=_WRITE,
)
def invite_user(name: Name, request: Request, response: Response, parts: TheParts, by: TheEditor) -> Invitation:
    """A new one-time link, for who has forgotten the password or lost the authenticator."""
    response.headers["Cache-Control"] = SHOWN_ONCE
    now = datetime.now(UTC)
    return _invitation(request, accounts.invite(parts.database, name, by, now), now)


# --- Tokens ------------------------------------------------------------------------------------------------


def _token(stored: StoredToken) -> dict[str, object]:
    return {**asdict(stored), "scopes": None if stored.scopes is None else list(stored.scopes)}


def _tagged(stored: StoredToken, response: Response) -> Token:
    response.headers["ETag"] = etag(accounts.token_revision(stored))
    return Token.model_validate(_token(stored))


@router.get("/tokens", operation_id="listTokens", tags=["tokens"], dependencies=_READ)
def list_tokens(parts: TheParts) -> Tokens:
    """Without the tokens themselves, of which only hashes are kept."""
    return Tokens(tokens=[Token.model_validate(_token(each)) for each in accounts.tokens(parts.database)])


@router.post("/tokens", operation_id="createToken", tags=["tokens"], status_code=201, dependencies=_WRITE)
def create_token(new: NewToken, request: Request, response: Response, parts: TheParts, by: TheEditor) -> MadeToken:
    """It can do no more than whoever makes it, and ends with their account."""
    wanted = accounts.NewToken(new.name, new.scopes, timedelta(days=new.days))
    stored, clear = accounts.create_token(parts.database, wanted, datetime.now(UTC), by)
    response.headers["ETag"] = etag(accounts.token_revision(stored))
    response.headers["Location"] = f"{request.url.path}/{stored.id}"
    response.headers["Cache-Control"] = SHOWN_ONCE
    return MadeToken.model_validate({**_token(stored), "token": clear})


@router.get("/tokens/{id}", operation_id="getToken", tags=["tokens"], dependencies=_READ)
def get_token(id: TokenId, response: Response, parts: TheParts) -> Token:  # noqa: A002  the name in the path
    return _tagged(accounts.token(parts.database, id), response)


@router.patch(
    "/tokens/{id}",
    operation_id="changeToken",
    tags=["tokens"],
    dependencies=_WRITE,
    openapi_extra=merge_patch_of("TokenPatch"),
)
def change_token(
    id: TokenId,  # noqa: A002  the name in the path
    new: TokenPatch,
    response: Response,
    parts: TheParts,
    known: KnownRevisions,
    by: TheEditor,
) -> Token:
    """A JSON merge patch (RFC 7396) of its name, and of when it expires; what it may do stays."""
    changes = named(new, "name", "expires")
    return _tagged(accounts.change_token(parts.database, id, changes, known, by, datetime.now(UTC)), response)


@router.delete(
    "/tokens/{id}",
    operation_id="deleteToken",
    tags=["tokens"],
    status_code=204,
    response_class=Response,
    dependencies=_WRITE,
)
def delete_token(id: TokenId, parts: TheParts, by: TheEditor) -> Response:  # noqa: A002  the name in the path
    """It is worth nothing from now on."""
    accounts.remove_token(parts.database, id, by, datetime.now(UTC))
    return Response(status_code=204)
