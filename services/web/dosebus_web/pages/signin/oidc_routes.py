"""Signing in at the hospital's identity provider."""

from __future__ import annotations

import secrets
from typing import Annotated

import structlog
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from dosebus.store.transaction import Transaction
from dosebus_web.auth import audit, secret, sessions, throttle
from dosebus_web.auth.gate import cookie_name, public
from dosebus_web.auth.oidc import begun
from dosebus_web.auth.oidc.joining import Refused, account_of
from dosebus_web.auth.oidc.person import person_of
from dosebus_web.auth.oidc.provider import Provider, ProviderError
from dosebus_web.auth.signin import LATER
from dosebus_web.http.address import client_address
from dosebus_web.language import marked
from dosebus_web.pages.signin.routes import safe_path, sign_in_page, with_session
from dosebus_web.web import Here, Web

router = APIRouter()
COOKIE = "dosebus-oidc"
BEGUN_PER_TRY = 10
"""Sign-ins that may be begun an address for each failure it may have: a whole hospital may come from one."""
BACK = "/sign-in/oidc/back"
UNREACHABLE = marked("The hospital's sign-in service does not answer as it should. Try again in a moment.")
TOO_OLD = marked("This sign-in was begun elsewhere or too long ago. Begin again.")
DENIED = marked("The hospital's sign-in service did not let you in.")
log = structlog.get_logger("dosebus.web.oidc")


def _provider(here: Web) -> Provider:
    if here.provider is None:
        raise HTTPException(404)
    return here.provider


def _cookie(here: Web) -> str:
    """`__Secure-`: a browser takes and sends it by HTTPS only."""
    return f"__Secure-{COOKIE}" if here.settings.secure else COOKIE


def _too_many(here: Web, tx: Transaction, kind: throttle.Kind, address: str, factor: int = 1) -> bool:
    tried = throttle.of_address(tx.connection, kind, address, here.settings.sign_in_lock_minutes)
    return tried >= here.settings.sign_in_tries_per_address * factor


def _note_failure(here: Web, address: str, why: str) -> None:
    with here.database.transaction() as tx:
        throttle.note(tx, "oidc", address)
        audit.note(tx, audit.UNKNOWN, "sign_in.failed", address=address, details={"by": "oidc", "why": why})


def _redirect_uri(here: Web) -> str:
    return f"{here.settings.public_url.rstrip('/')}{BACK}"


@router.get("/sign-in/oidc", dependencies=[public()])
def begin(
    request: Request,
    here: Here,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 - the name in the address
) -> Response:
    """Send the browser to the provider."""
    address = client_address(request, here.settings)
    with here.database.transaction() as tx:
        flooding = _too_many(here, tx, "oidc-begun", address, BEGUN_PER_TRY)
        if not flooding:
            throttle.note(tx, "oidc-begun", address)
    if flooding:
        return sign_in_page(request, next, error=LATER, status=429)
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
        _cookie(here),
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
    path = f"{here.settings.prefix}/sign-in"
    response.delete_cookie(
        _cookie(here), path=path, secure=here.settings.secure, httponly=True, samesite="lax"
    )
    return response


def _finished(request: Request, here: Web, state: str, code: str) -> Response:
    provider = _provider(here)
    settings, address = here.settings, client_address(request, here.settings)
    with here.database.transaction() as tx:
        if _too_many(here, tx, "oidc", address):
            return sign_in_page(request, "/", error=LATER, status=429)
    # The cookie ties the answer to the browser that asked: nobody can sign somebody else in by a link.
    same = bool(state) and secret.same(state, request.cookies.get(_cookie(here), ""))
    with here.database.transaction() as tx:
        held = begun.take(tx, state) if same else None
    if held is None:
        _note_failure(here, address, "state")
        return sign_in_page(request, "/", error=TOO_OLD, status=400)
    if not code:
        _note_failure(here, address, "denied")
        return sign_in_page(request, held.go_on, error=DENIED, status=403)
    try:
        claims = provider.finish(_redirect_uri(here), code=code, verifier=held.verifier, nonce=held.nonce)
    except ProviderError as error:
        log.warning("identity provider", error=str(error))
        _note_failure(here, address, "exchange")
        return sign_in_page(request, held.go_on, error=UNREACHABLE, status=502)
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
            former = request.cookies.get(cookie_name(here))
            if former:
                sessions.end(tx, secret.digest(former))
            cookie = sessions.begin(
                tx, joined, hours=settings.session_hours, address=address, user_agent=agent
            )
            return with_session(here.pages.redirect(held.go_on), here, cookie)
    return sign_in_page(request, held.go_on, error=joined.why, status=403)
