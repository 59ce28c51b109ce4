"""Who may come in: a bearer token, or the cookie of a session; and what each route needs of them.

Every route under /api says the scope that it needs with `may` or `may_within`; a test walks through all of them.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from aiguillage.admin.requests import request_id
from aiguillage.desk import signing_in
from aiguillage.desk.access import Principal
from aiguillage.desk.editing import Editor
from aiguillage.desk.parts import Parts
from aiguillage.errors import Forbidden

COOKIE = "aiguillage_session"
_HARMLESS = {"GET", "HEAD", "OPTIONS"}
_bearer = HTTPBearer(
    auto_error=False, description="A token: `aiguillage token create NAME`, or POST /api/v1/tokens. Scopes limit it."
)
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="A browser's session: POST /api/v1/session.")


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


TheParts = Annotated[Parts, Depends(parts)]


def principal(
    request: Request,
    the_parts: TheParts,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> Principal:
    """Who asks; 401 for nobody, 403 for a page of somebody else's that uses a browser's session."""
    found = identified(request, the_parts, credentials.credentials if credentials else None, session, is_use=True)
    if found is None:
        raise HTTPException(
            status_code=401,
            detail="sign in (POST /api/v1/session), or send Authorization: Bearer with a token that is valid; "
            "one is made with: aiguillage token create NAME",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def identified(
    request: Request, the_parts: Parts, token: str | None, session: str | None, *, is_use: bool = False
) -> Principal | None:
    """A token counts more than a session, which use keeps open. Raises Forbidden as `principal`."""
    now = datetime.now(UTC)
    if token is not None:
        return signing_in.by_token(the_parts.database, token, now)
    if session is None:
        return None
    same_site(request)
    return signing_in.by_session(the_parts.database, session, now, is_use=is_use)


def same_site(request: Request) -> None:
    """A browser sends our cookie along with what any page asks of us: only our own may change anything.

    Raises Forbidden unless Sec-Fetch-Site, or else Origin, says that a page of ours asks.
    """
    if request.method in _HARMLESS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = site == "same-origin" if site is not None else _host(origin) == request.headers.get("host")
    if not ours:
        raise Forbidden("a page of another site asks, or one that does not say whose it is; use a token instead")


def _host(origin: str | None) -> str | None:
    try:
        return urlsplit(origin).netloc or "none" if origin else "none"
    except ValueError:
        return "none"


ThePrincipal = Annotated[Principal, Depends(principal)]


def _everywhere(needed: SecurityScopes, who: ThePrincipal) -> None:
    for scope in needed.scopes:
        who.needs_all(scope)


def _somewhere(needed: SecurityScopes, who: ThePrincipal) -> None:
    for scope in needed.scopes:
        who.needs(scope)


def may(*scopes: str) -> Any:
    """A dependency: 403 unless each scope goes everywhere."""
    return Security(_everywhere, scopes=list(scopes))


def may_within(*scopes: str) -> Any:
    """A dependency: 403 without each scope; the deed itself looks how far it goes."""
    return Security(_somewhere, scopes=list(scopes))


def editor(request: Request, who: ThePrincipal) -> Editor:
    """Whoever writes, for the audit and for how far their edits go."""
    return Editor(who.name, request_id(request.scope), who)


TheEditor = Annotated[Editor, Depends(editor)]
