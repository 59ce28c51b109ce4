"""/welcome: the page behind a one-time link, where somebody chooses their password. It needs no script."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from aiguillage.admin.guard import TheParts
from aiguillage.desk import signing_in
from aiguillage.desk.parts import Parts
from aiguillage.desk.passwords import LONGEST, SHORTEST
from aiguillage.errors import AiguillageError

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Welcome to Aiguillage</title>
<style>body{{font:1rem/1.5 system-ui;max-width:30rem;margin:4rem auto;padding:0 1rem}}
label,input,button{{display:block;width:100%;box-sizing:border-box;font:inherit;margin:.3rem 0}}
button{{margin-top:1rem;padding:.5rem}}</style></head>
<body><main><h1>Welcome</h1>{said}</main></body></html>"""
_FORM = """{wrong}<form method="post" action="/welcome">
<input type="hidden" name="invitation" value="{invitation}">
<label for="password">Choose your password ({shortest} characters or more; a short sentence is good)</label>
<input id="password" name="password" type="password" minlength="{shortest}" maxlength="{longest}" required
 autocomplete="new-password" autofocus>
<label for="again">Once more</label>
<input id="again" name="again" type="password" required autocomplete="new-password">
<button>Keep this password</button></form>"""


@router.get("/welcome")
def ask(invitation: Annotated[str, Query(max_length=100)] = "") -> HTMLResponse:
    """Looking at the page uses nothing up."""
    return _form(invitation)


@router.post("/welcome")
async def choose(request: Request, parts: TheParts) -> HTMLResponse:
    """Whoever has the link may choose: it is the secret, so no other page can send this form."""
    body = (await request.body()).decode("ascii", "replace")
    try:
        given = {name: values[0] for name, values in parse_qs(body, max_num_fields=10).items()}
    except ValueError:
        given = {}
    return await run_in_threadpool(_chosen, parts, given)


def _chosen(parts: Parts, given: Mapping[str, str]) -> HTMLResponse:
    invitation, password = given.get("invitation", ""), given.get("password", "")
    if password != given.get("again"):
        return _form(invitation, "The two passwords are not the same.", 422)
    try:
        name = signing_in.accept(parts.database, invitation, password, datetime.now(UTC))
    except AiguillageError as wrong:
        return _form(invitation, str(wrong), 422)
    return _page(f"<p>Your password is kept. You sign in as <strong>{escape(name)}</strong>.</p>")


def _form(invitation: str, wrong: str = "", status: int = 200) -> HTMLResponse:
    told = f'<p role="alert"><strong>{escape(wrong)}</strong></p>' if wrong else ""
    form = _FORM.format(wrong=told, invitation=escape(invitation), shortest=SHORTEST, longest=LONGEST)
    return _page(form, status)


def _page(said: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(said=said), status, headers=_HEADERS)
