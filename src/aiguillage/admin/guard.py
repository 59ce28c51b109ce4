"""Who may come in: a bearer token for everything under /api."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from aiguillage.admin.requests import request_id
from aiguillage.desk import tokens
from aiguillage.desk.editing import Editor
from aiguillage.desk.parts import Parts

_scheme = HTTPBearer(auto_error=False, description="A token made with `aiguillage token create NAME`.")


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


TheParts = Annotated[Parts, Depends(parts)]


def bearer_token(
    the_parts: TheParts, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]
) -> str:
    """The name of the token's owner; 401 without a valid token."""
    name = tokens.verify(the_parts.database, credentials.credentials, datetime.now(UTC)) if credentials else None
    if name is None:
        raise HTTPException(
            status_code=401,
            detail="a valid token is needed: send Authorization: Bearer …; make one with: aiguillage token create",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return name


TokenName = Annotated[str, Depends(bearer_token)]


def editor(request: Request, name: TokenName) -> Editor:
    """Whoever writes, for the audit."""
    return Editor(f"token {name}", request_id(request.scope))


TheEditor = Annotated[Editor, Depends(editor)]
