"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dosebus_web.auth import audit, sessions
from dosebus_web.auth.gate import SignedInWrites, cookie_name, current_session, public
from dosebus_web.auth.signin import Attempt, SignInRefusedError, sign_in
from dosebus_web.http.address import client_address
from dosebus_web.language import marked
from dosebus_web.web import Here, Web, of

router = APIRouter()
PASSWORDS_ARE_OFF = marked("Passwords of DoseBus are not taken here. Use the hospital's account.")


def safe_path(path: str) -> str:
    """A path of this site to go on to; anything else becomes the home page."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside and "\\" not in path else "/"


def sign_in_page(
    request: Request, go_on: str, username: str = "", error: str = "", status: int = 200
) -> Response:
    """The sign-in page with what was wrong, if anything."""
    here = of(request)
    signed_out = request.query_params.get("done") == "signed-out"
    values = {
        "next": safe_path(go_on),
        "username": username,
        "error": error,
        "by_password": here.settings.password_sign_in,
        "by_provider": here.provider is not None,
        "provider_label": here.settings.oidc_label,
        "provider_sign_out": here.provider.sign_out_url() if here.provider and signed_out else None,
    }
    return here.pages.render(request, "pages/signin/signin.html", values, status_code=status)


def with_session(response: Response, here: Web, cookie: str) -> Response:
    """The answer with the cookie of a new session."""
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


@router.get("/sign-in", dependencies=[public()])
def show_form(request: Request, here: Here) -> Response:
    """The sign-in form."""
    go_on = request.query_params.get("next", "/")
    if current_session(request) is not None:
        return here.pages.redirect(safe_path(go_on))
    return sign_in_page(request, go_on)


@router.post("/sign-in", dependencies=[public()])
def begin_session(
    request: Request,
    here: Here,
    username: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 - the name in the form
) -> Response:
    """Check the password, set the cookie, go on to the page that was asked for."""
    if not here.settings.password_sign_in:
        return sign_in_page(request, next, error=PASSWORDS_ARE_OFF, status=403)
    attempt = Attempt(
        username, password, client_address(request, here.settings), request.headers.get("user-agent", "")
    )
    try:
        former = request.cookies.get(cookie_name(here), "")
        cookie = sign_in(here.database, here.settings, attempt, former)
    except SignInRefusedError as refused:
        return sign_in_page(request, next, username, str(refused), 401)
    return with_session(here.pages.redirect(safe_path(next)), here, cookie)


@router.post("/sign-out")
def end_session(session: SignedInWrites, here: Here) -> Response:
    """End this session."""
    with here.database.transaction() as tx:
        sessions.end(tx, session.token_hash)
        audit.note(tx, session.account.username, "sign_out")
    response = here.pages.redirect("/sign-in", {"done": "signed-out"})
    response.delete_cookie(cookie_name(here), path=here.settings.prefix or "/", secure=here.settings.secure)
    return response
