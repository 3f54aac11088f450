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

from dosebus_web import web
from dosebus_web.auth import secret, sessions, tokens
from dosebus_web.auth.sessions import Session

CHANGE_PASSWORD = "/account/password"  # noqa: S105 - a path


OLD_FORM = "The form is too old. Go back, reload the page and send it again."


class SignInNeededError(Exception):
    """Nobody is signed in; `back` is the page that was asked for."""

    def __init__(self, back: str) -> None:
        super().__init__("sign in first")
        self.back = back


def cookie_name(here: web.Web) -> str:
    """`__Host-` binds the cookie to this host over HTTPS; browsers refuse it over HTTP and under a path."""
    return "__Host-dosebus" if here.settings.secure and not here.settings.prefix else "dosebus"


def current_session(request: Request) -> Session | None:
    """The session of the request's cookie."""
    here = web.of(request)
    cookie = request.cookies.get(cookie_name(here))
    if not cookie:
        return None
    with here.database.reading() as connection:
        session = sessions.find(connection, cookie, idle_minutes=here.settings.session_idle_minutes)
    if session is not None and session.seen_long_ago:
        with here.database.transaction() as tx:
            sessions.seen(tx, session.token_hash)
    request.state.session = session
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
            raise HTTPException(403, f"This needs the group {self.group}.")
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
    """Lets API requests pass that carry a bearer token with `scope`, or come from a signed-in page."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> frozenset[str]:
        """The scopes that apply. Raises HTTPException 401 or 403."""
        if bearer is not None:
            with web.of(request).database.reading() as connection:
                scopes = tokens.scopes_of(connection, bearer.credentials)
        else:
            session = current_session(request)
            may = session.account.may if session and not session.account.must_change_password else frozenset()
            scopes = frozenset(name for name, group in SCOPE_GROUPS.items() if group in may)
        if not scopes:
            raise HTTPException(401, "A bearer token is needed.", headers={"www-authenticate": "Bearer"})
        if self.scope not in scopes:
            raise HTTPException(403, f"The token lacks the scope {self.scope}.")
        return scopes


SCOPE_GROUPS = {"read": "view", "pid": "pid"}
"""The group of a signed-in person that stands for a scope."""


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
ExporterWrites = Annotated[Session, writes("export")]
QuerierWrites = Annotated[Session, writes("importqr")]
SizerWrites = Annotated[Session, writes("importsize")]
SizerUploads = Annotated[Session, Depends(UploadGate("importsize"))]
AdminWrites = Annotated[Session, writes("admin")]
SignedInWrites = Annotated[Session, writes(None)]
ApiReader = Annotated[frozenset[str], Depends(TokenGate("read"))]
