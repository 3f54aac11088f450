"""Signing in at the hospital's identity provider."""

from __future__ import annotations

import secrets
from typing import Annotated

import structlog
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from dosebus_web.auth import secret, sessions
from dosebus_web.auth.gate import public
from dosebus_web.auth.oidc import begun
from dosebus_web.auth.oidc.joining import Refused, account_of
from dosebus_web.auth.oidc.person import person_of
from dosebus_web.auth.oidc.provider import Provider, ProviderError
from dosebus_web.http.address import client_address
from dosebus_web.language import marked
from dosebus_web.pages.signin.routes import safe_path, sign_in_page, with_session
from dosebus_web.web import Here, Web

router = APIRouter()
COOKIE = "dosebus-oidc"
BACK = "/sign-in/oidc/back"
UNREACHABLE = marked("The hospital's sign-in service does not answer as it should. Try again in a moment.")
TOO_OLD = marked("This sign-in was begun elsewhere or too long ago. Begin again.")
DENIED = marked("The hospital's sign-in service did not let you in.")
log = structlog.get_logger("dosebus.web.oidc")


def _provider(here: Web) -> Provider:
    if here.provider is None:
        raise HTTPException(404)
    return here.provider


def _redirect_uri(here: Web) -> str:
    return f"{here.settings.public_url.rstrip('/')}{BACK}"


@router.get("/sign-in/oidc", dependencies=[public()])
def begin(
    request: Request,
    here: Here,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 - the name in the address
) -> Response:
    """Send the browser to the provider."""
    nonce, verifier = secret.new(), secrets.token_urlsafe(48)
    try:
        wanted = _provider(here).begin(_redirect_uri(here), nonce=nonce, verifier=verifier)
    except ProviderError as error:
        log.warning("identity provider", error=str(error))
        return sign_in_page(request, next, error=UNREACHABLE, status=502)
    with here.database.transaction() as tx:
        begun.keep(tx, wanted.state, begun.Begun(nonce, verifier, safe_path(next)))
    response = RedirectResponse(wanted.url, status_code=303)
    response.set_cookie(
        COOKIE,
        wanted.state,
        max_age=int(begun.KEPT.total_seconds()),
        path=f"{here.settings.prefix}/sign-in",
        secure=here.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.get(BACK, dependencies=[public()])
def finish(
    request: Request,
    here: Here,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Take the browser back from the provider and sign the person in."""
    response = _finished(request, here, state, code)
    response.delete_cookie(COOKIE, path=f"{here.settings.prefix}/sign-in", secure=here.settings.secure)
    return response


def _finished(request: Request, here: Web, state: str, code: str) -> Response:
    provider = _provider(here)
    # The cookie ties the answer to the browser that asked: nobody can sign somebody else in by a link.
    same = bool(state) and secret.same(state, request.cookies.get(COOKIE, ""))
    with here.database.transaction() as tx:
        held = begun.take(tx, state) if same else None
    if held is None:
        return sign_in_page(request, "/", error=TOO_OLD, status=400)
    if not code:
        return sign_in_page(request, held.go_on, error=DENIED, status=403)
    try:
        claims = provider.finish(_redirect_uri(here), code=code, verifier=held.verifier, nonce=held.nonce)
    except ProviderError as error:
        log.warning("identity provider", error=str(error))
        return sign_in_page(request, held.go_on, error=UNREACHABLE, status=502)
    settings, address = here.settings, client_address(request, here.settings)
    person = person_of(
        claims,
        groups_claim=settings.oidc_groups_claim,
        group_map=settings.oidc_group_map,
        everybody=settings.oidc_everybody,
    )
    agent = request.headers.get("user-agent", "")
    with here.database.transaction() as tx:
        joined = account_of(tx, person, address)
        if not isinstance(joined, Refused):
            cookie = sessions.begin(
                tx, joined, hours=settings.session_hours, address=address, user_agent=agent
            )
            return with_session(here.pages.redirect(held.go_on), here, cookie)
    return sign_in_page(request, held.go_on, error=joined.why, status=403)
