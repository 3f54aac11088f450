"""The gates in front of every route: who may pass, declared where the route is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Form, HTTPException, Request
from fastapi.params import Depends as DependsMark
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from dosebus_web import language, web
from dosebus_web.auth import secret, sessions
from dosebus_web.auth.caller import CHALLENGE, NEEDED, Caller, by_token, of_page
from dosebus_web.auth.sessions import Session
from dosebus_web.http.address import client_address
from dosebus_web.language import gettext as _
from dosebus_web.language import marked

CHANGE_PASSWORD = "/account/password"  # noqa: S105 - a path


BEARER = HTTPBearer(auto_error=False, description="A token of *Account* or of `dosebus token create`.")
OLD_FORM = marked("The form is too old. Go back, reload the page and send it again.")


class SignInNeededError(Exception):
    """Nobody is signed in; `back` is the page that was asked for."""

    def __init__(self, back: str) -> None:
        super().__init__("sign in first")
        self.back = back


def cookie_name(here: web.Web) -> str:
    """`__Host-` binds the cookie to this host over HTTPS; browsers refuse it over HTTP and under a path."""
    if not here.settings.secure:
        return "dosebus"
    return "__Secure-dosebus" if here.settings.prefix else "__Host-dosebus"


def current_session(request: Request) -> Session | None:
    """The session of the request's cookie."""
    here = web.of(request)
    # Before anything is read: what is told while a page is made may be missing on it.
    request.state.news = here.hub.mark()
    cookie = request.cookies.get(cookie_name(here))
    if not cookie:
        return None
    with here.database.reading() as connection:
        session = sessions.find(connection, cookie, idle_minutes=here.settings.session_idle_minutes)
    if session is not None and session.seen_long_ago:
        with here.database.transaction() as tx:
            sessions.seen(tx, session.token_hash)
    request.state.session = session
    if session is not None:
        language.speak(session.account.locale)
    return session


class Gate:
    """Lets pass who is signed in and in `group`."""

    def __init__(self, group: str | None) -> None:
        self.group = group

    def __call__(self, request: Request) -> Session:
        """The session. Raises SignInNeededError, or HTTPException 403."""
        session = current_session(request)
        if session is None:
            back = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
            raise SignInNeededError(back if request.method == "GET" else "/")
        if self.group is not None and self.group not in session.account.may:
            raise HTTPException(403, _("This needs the group %(name)s.", name=self.group))
        if session.account.must_change_password and not request.scope["path"].startswith("/account"):
            raise HTTPException(303, headers={"location": web.of(request).pages.url(CHANGE_PASSWORD)})
        return session


class WriteGate(Gate):
    """Lets pass who also sends the session's CSRF token with the form."""

    def __call__(self, request: Request, csrf_token: Annotated[str, Form(max_length=200)] = "") -> Session:
        """The session. Raises SignInNeededError, or HTTPException 403."""
        session = super().__call__(request)
        if not secret.same(csrf_token, session.csrf_token):
            raise HTTPException(403, OLD_FORM)
        return session


class UploadGate(WriteGate):
    """Lets pass who is signed in and in `group` before a byte of the form is read, then looks at its CSRF token.

    A form with a file is long: what nobody has asked for must not fill a disk. The file waits in
    `request.state.upload`, None where the form has none.
    """

    async def __call__(self, request: Request) -> AsyncIterator[Session]:  # type: ignore[override]
        """The session. Raises SignInNeededError, or HTTPException 403."""
        session = await run_in_threadpool(Gate.__call__, self, request)
        try:
            async with request.form(max_files=1, max_fields=10) as form:
                token, file = form.get("csrf_token"), form.get("file")
                if not isinstance(token, str) or not secret.same(token, session.csrf_token):
                    raise HTTPException(403, OLD_FORM)
                request.state.upload = file if isinstance(file, UploadFile) and file.filename else None
                yield session
        except ClientDisconnect as error:
            raise HTTPException(413, "The file is too large, or the connection broke off.") from error


class PublicGate:
    """Lets everybody pass: said explicitly, so that a route without a gate is an oversight."""

    def __call__(self) -> None:
        """Nothing to check."""


class TokenGate:
    """Lets API requests pass whose token has the scope `group`, or that come from a page of somebody in the group."""

    takes_cookie = True

    def __init__(self, group: str) -> None:
        self.group = group

    def __call__(
        self, request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Caller:
        """Who calls. Raises HTTPException 401, 403 or 429."""
        caller = by_token(request, bearer.credentials) if bearer is not None else self._by_page(request)
        if not caller.may:
            raise HTTPException(401, NEEDED, headers=CHALLENGE)
        if self.group not in caller.may:
            raise HTTPException(403, f"This needs the scope {self.group}.")
        return caller

    def _by_page(self, request: Request) -> Caller:
        here = web.of(request)
        session = current_session(request) if self.takes_cookie else None
        address = client_address(request, here.settings)
        if session is None or session.account.must_change_password:
            return Caller("", frozenset(), address)
        return of_page(session, address)


class TokenWriteGate(TokenGate):
    """Lets pass only who carries a token: a cookie is sent by the browser even when another site asks."""

    takes_cookie = False


def reads(group: str | None) -> Any:
    """The dependency of a page for a group; None: for everybody who is signed in."""
    return Depends(Gate(group))


def writes(group: str | None) -> Any:
    """The dependency of a form for a group."""
    return Depends(WriteGate(group))


def public() -> DependsMark:
    """The dependency of what needs no sign-in."""
    mark: DependsMark = Depends(PublicGate())
    return mark


Viewer = Annotated[Session, reads("view")]
Exporter = Annotated[Session, reads("export")]
Querier = Annotated[Session, reads("importqr")]
Sizer = Annotated[Session, reads("importsize")]
Admin = Annotated[Session, reads("admin")]
SignedIn = Annotated[Session, reads(None)]
ViewerWrites = Annotated[Session, writes("view")]
AlertHandlerWrites = Annotated[Session, writes("alerts")]
ExporterWrites = Annotated[Session, writes("export")]
QuerierWrites = Annotated[Session, writes("importqr")]
SizerWrites = Annotated[Session, writes("importsize")]
SizerUploads = Annotated[Session, Depends(UploadGate("importsize"))]
AdminWrites = Annotated[Session, writes("admin")]
SignedInWrites = Annotated[Session, writes(None)]
ApiReader = Annotated[Caller, Depends(TokenGate("view"))]
ApiFinder = Annotated[Caller, Depends(TokenWriteGate("view"))]
ApiExporter = Annotated[Caller, Depends(TokenGate("export"))]
ApiQuerier = Annotated[Caller, Depends(TokenGate("importqr"))]
ApiSizer = Annotated[Caller, Depends(TokenGate("importsize"))]
ApiAdmin = Annotated[Caller, Depends(TokenGate("admin"))]
ApiExporterWrites = Annotated[Caller, Depends(TokenWriteGate("export"))]
ApiQuerierWrites = Annotated[Caller, Depends(TokenWriteGate("importqr"))]
