"""/api/v1/session: sign in with a password, see who one is, change the password, add an authenticator, sign out.

The cookie is for browsers; programs use tokens.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Cookie, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aiguillage.admin.bodies import PLAIN
from aiguillage.admin.guard import COOKIE, TheParts, ThePrincipal, same_site
from aiguillage.admin.routes import Resource
from aiguillage.desk import signing_in
from aiguillage.desk.access import Principal
from aiguillage.desk.passwords import LONGEST, SHORTEST
from aiguillage.errors import Forbidden

open_router = APIRouter(tags=["session"])
"""What whoever is not signed in may ask."""
router = APIRouter(tags=["session"], route_class=Resource)

Password = Annotated[str, Field(max_length=1000, examples=["a short sentence is good"])]
NewPassword = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST, examples=["a short sentence is good"])]
Code = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["123456"], description="What the authenticator shows.")]


class Credentials(BaseModel):
    """`code` is for users who have an authenticator."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str, Field(max_length=64, pattern=PLAIN, examples=["marie"])]
    password: Password
    code: Code | None = None


class SessionInfo(BaseModel):
    """Who asks, and what for each scope they may do: everything (all), their unit's (unit), their own (own), or the
    shared and their own (shared). `needs_authenticator`: nothing, until an authenticator is added."""

    name: str
    user: str | None
    person: str | None
    unit: str | None
    scopes: dict[str, str]
    needs_authenticator: bool


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: Password
    new: NewPassword


class Acceptance(BaseModel):
    """`invitation` is the secret of the one-time link."""

    model_config = ConfigDict(extra="forbid")

    invitation: Annotated[str, Field(max_length=100)]
    password: NewPassword


class NewAuthenticator(BaseModel):
    """For the authenticator: the secret to type in, and the URI of its QR code. Shown this once."""

    secret: str
    uri: str


class Confirmation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Code


def _info(who: Principal) -> SessionInfo:
    return SessionInfo(
        name=who.name,
        user=who.user,
        person=who.person,
        unit=who.unit,
        scopes={scope: str(reach) for scope, reach in who.grants.items()},
        needs_authenticator=bool(who.lacks),
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


# --- Not signed in yet -------------------------------------------------------------------------------------


@open_router.post("/session", operation_id="signIn", status_code=201)
def sign_in(request: Request, response: Response, given: Credentials, parts: TheParts) -> SessionInfo:
    """The answer sets the session's cookie. 401 does not say what was wrong; 429 after five attempts in a minute."""
    _not_from_elsewhere(request)
    now = datetime.now(UTC)
    secret = signing_in.sign_in(parts.database, given.user, given.password, given.code or "", _address(request), now)
    is_tls = request.url.scheme == "https"
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(signing_in.SESSION.total_seconds()),
        httponly=True,
        secure=is_tls,
        samesite="strict",
    )
    who = signing_in.by_session(parts.database, secret, now)
    if who is None:
        raise HTTPException(401, "the account was closed at this moment")
    return _info(who)


@open_router.post("/invitation", operation_id="acceptInvitation", status_code=204, response_class=Response)
def accept_invitation(request: Request, given: Acceptance, parts: TheParts) -> Response:
    """Choose a password by a one-time link; then sign in with it."""
    _not_from_elsewhere(request)
    signing_in.accept(parts.database, given.invitation, given.password, datetime.now(UTC))
    return Response(status_code=204)


def _not_from_elsewhere(request: Request) -> None:
    """A program says nothing of where it asks from; a browser does. Raises Forbidden."""
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        same_site(request)


# --- Signed in ---------------------------------------------------------------------------------------------


@router.get("/session", operation_id="getSession")
def get_session(who: ThePrincipal) -> SessionInfo:
    """Who asks, and what they may do."""
    return _info(who)


@router.delete("/session", operation_id="signOut", status_code=204, response_class=Response)
def sign_out(
    parts: TheParts, session: Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)] = None
) -> Response:
    """The session is over; a token stays what it is."""
    if session is not None:
        signing_in.sign_out(parts.database, session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


@router.put("/session/password", operation_id="changePassword", status_code=204, response_class=Response)
def change_password(request: Request, given: PasswordChange, parts: TheParts, who: ThePrincipal) -> Response:
    """All sessions of the user end, this one too."""
    now = datetime.now(UTC)
    signing_in.change_password(parts.database, _user(who), given.old, given.new, _address(request), now)
    return Response(status_code=204)


@router.put("/session/authenticator", operation_id="addAuthenticator")
def add_authenticator(parts: TheParts, who: ThePrincipal) -> NewAuthenticator:
    """A new authenticator (TOTP, RFC 6238). It counts once a code of it was confirmed."""
    snapshot = parts.snapshot()
    issuer = f"Aiguillage ({snapshot.plan.organisation.name})" if snapshot else "Aiguillage"
    found = signing_in.begin_authenticator(parts.database, _user(who), issuer)
    return NewAuthenticator(secret=found.secret, uri=found.uri)


@router.post(
    "/session/authenticator/confirm", operation_id="confirmAuthenticator", status_code=204, response_class=Response
)
def confirm_authenticator(request: Request, given: Confirmation, parts: TheParts, who: ThePrincipal) -> Response:
    """From now on a code is needed to sign in."""
    signing_in.confirm_authenticator(parts.database, _user(who), given.code, _address(request), datetime.now(UTC))
    return Response(status_code=204)


def _user(who: Principal) -> str:
    """Raises Forbidden for a token: what is a person's own is done by the person."""
    if who.user is None or who.name != f"user {who.user}":
        raise Forbidden(f"{who.name} is no session; sign in with a password")
    return who.user
