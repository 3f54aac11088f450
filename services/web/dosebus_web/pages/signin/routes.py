"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dosebus_web.auth import audit, sessions
from dosebus_web.auth.gate import SignedInWrites, cookie_name, current_session, public
from dosebus_web.auth.signin import Attempt, SignInRefusedError, sign_in
from dosebus_web.http.address import client_address
from dosebus_web.web import Here, of

router = APIRouter()
SITES = frozenset({"same-origin", "none", ""})
"""Values of Sec-Fetch-Site with which the sign-in form may come: the form has no session, so no CSRF token yet."""


def safe_path(path: str) -> str:
    """A path of this site to go on to; anything else becomes the home page."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside and "\\" not in path else "/"


def _form(request: Request, go_on: str, username: str = "", error: str = "", status: int = 200) -> Response:
    values = {"next": safe_path(go_on), "username": username, "error": error}
    return of(request).pages.render(request, "pages/signin/signin.html", values, status_code=status)


@router.get("/sign-in", dependencies=[public()])
def show_form(request: Request, here: Here) -> Response:
    """The sign-in form."""
    go_on = request.query_params.get("next", "/")
    if current_session(request) is not None:
        return here.pages.redirect(safe_path(go_on))
    return _form(request, go_on)


@router.post("/sign-in", dependencies=[public()])
def begin_session(
    request: Request,
    here: Here,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Check the password, set the cookie, go on to the page that was asked for."""
    if request.headers.get("sec-fetch-site", "") not in SITES:
        return _form(request, "/", error="Sign in from this site's own form.", status=403)
    attempt = Attempt(
        username, password, client_address(request, here.settings), request.headers.get("user-agent", "")
    )
    try:
        cookie = sign_in(here.database, here.settings, attempt)
    except SignInRefusedError as refused:
        return _form(request, next, username, str(refused), 401)
    response = here.pages.redirect(safe_path(next))
    response.set_cookie(
        cookie_name(here),
        cookie,
        max_age=here.settings.session_hours * 3600,
        path=here.settings.prefix or "/",
        secure=here.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.post("/sign-out")
def end_session(session: SignedInWrites, here: Here) -> Response:
    """End this session."""
    with here.database.transaction() as tx:
        sessions.end(tx, session.token_hash)
        audit.note(tx, session.account.username, "sign_out")
    response = here.pages.redirect("/sign-in", {"done": "signed-out"})
    response.delete_cookie(cookie_name(here), path=here.settings.prefix or "/", secure=here.settings.secure)
    return response
