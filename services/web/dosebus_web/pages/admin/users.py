"""Administration of users: who may sign in, and where they are signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from dosebus.store.transaction import Transaction
from dosebus_web.auth import accounts, audit, passwords, sessions, tokens
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.auth.groups import GROUPS
from dosebus_web.auth.sessions import Session
from dosebus_web.http.address import client_address
from dosebus_web.language import gettext as _
from dosebus_web.web import Here, Web, of

router = APIRouter()
Line = Annotated[str, Form(max_length=200)]
Chosen = Annotated[list[str] | None, Form()]
AccountId = Annotated[int, Path(ge=1, lt=2**63)]


def users_page(
    request: Request, here: Web, *, error: str = "", secret: tuple[str, str] | None = None, status: int = 200
) -> Response:
    """Everybody who may sign in, and all tokens; `secret` is what is shown once, with what it is."""
    with here.database.reading() as connection:
        everyone = accounts.everyone(connection)
        issued = tokens.issued(connection)
    values = {
        "everyone": everyone,
        "tokens": issued,
        "groups": GROUPS,
        "longest_days": tokens.MOST_DAYS,
        "now": datetime.now(UTC),
        "error": error,
        "secret": secret,
    }
    return here.pages.render(request, "pages/admin/users.html", values, status_code=status)


@router.get("/admin/users")
def show_users(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Everybody who may sign in, and the tokens."""
    return users_page(request, here)


@router.post("/admin/users")
def add_user(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    username: Line,
    display_name: Line = "",
    email: Line = "",
    group: Chosen = None,
) -> Response:
    """Add somebody; the password is made up and shown once."""
    password = passwords.made_up()
    try:
        with here.database.transaction() as tx:
            accounts.add(
                tx,
                username,
                password,
                groups=group or (),
                display_name=display_name,
                email=email,
                must_change_password=True,
            )
            name = username.strip().lower()
            _note(tx, request, session, "user.added", name, groups=group or [])
    except ValueError as error:
        return users_page(request, here, error=_(str(error)), status=400)
    return users_page(
        request, here, secret=(_("First password of %(name)s", name=username.strip().lower()), password)
    )


def _person(tx: Transaction, account_id: int) -> accounts.Account:
    """The account. Raises HTTPException 404."""
    person = accounts.by_id(tx.connection, account_id)
    if person is None:
        raise HTTPException(404)
    return person


def _user_page(request: Request, here: Web, account_id: int, error: str = "", status: int = 200) -> Response:
    with here.database.reading() as connection:
        person = accounts.by_id(connection, account_id)
        if person is None:
            raise HTTPException(404)
        browsers = sessions.open_of(connection, account_id, idle_minutes=here.settings.session_idle_minutes)
        issued = tokens.issued(connection, account_id)
    values = {"person": person, "groups": GROUPS, "error": error, "browsers": browsers, "tokens": issued}
    return here.pages.render(request, "pages/admin/user.html", values, status_code=status)


@router.get("/admin/users/{account_id}")
def show_user(request: Request, session: Admin, here: Here, account_id: AccountId) -> Response:  # noqa: ARG001
    """One account, and where it is signed in."""
    return _user_page(request, here, account_id)


@router.post("/admin/users/{account_id}")
def change_user(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    account_id: AccountId,
    display_name: Line = "",
    email: Line = "",
    group: Chosen = None,
    disabled: Annotated[bool, Form()] = False,
) -> Response:
    """Change somebody's name, groups, or let them in no more."""
    try:
        with here.database.transaction() as tx:
            person = _person(tx, account_id)
            accounts.change(
                tx, account_id, display_name=display_name, email=email, groups=group or (), disabled=disabled
            )
            told = {"before": list(person.groups), "groups": group or [], "disabled": disabled}
            _note(tx, request, session, "user.changed", person.username, **told)
    except ValueError as error:
        return _user_page(request, here, account_id, _(str(error)), 400)
    return here.pages.redirect("/admin/users", {"done": "saved"})


@router.post("/admin/users/{account_id}/password")
def reset_password(request: Request, session: AdminWrites, here: Here, account_id: AccountId) -> Response:
    """Make up a password that is shown once and must be changed at the next sign-in."""
    password = passwords.made_up()
    try:
        with here.database.transaction() as tx:
            person = _person(tx, account_id)
            accounts.set_password(tx, account_id, password, must_change=True)
            _note(tx, request, session, "password.reset", person.username)
    except ValueError as error:
        return users_page(request, here, error=_(str(error)), status=400)
    return users_page(request, here, secret=(_("New password of %(name)s", name=person.username), password))


@router.post("/admin/users/{account_id}/unlock")
def unlock(request: Request, session: AdminWrites, here: Here, account_id: AccountId) -> Response:
    """Let somebody try again at once who was locked out."""
    with here.database.transaction() as tx:
        person = _person(tx, account_id)
        accounts.unlock(tx, account_id)
        _note(tx, request, session, "user.unlocked", person.username)
    return here.pages.redirect(f"/admin/users/{account_id}", {"done": "saved"})


@router.post("/admin/users/{account_id}/sessions/end")
def end_sessions(request: Request, session: AdminWrites, here: Here, account_id: AccountId) -> Response:
    """Sign somebody out everywhere."""
    with here.database.transaction() as tx:
        person = _person(tx, account_id)
        accounts.end_sessions(tx, account_id)
        _note(tx, request, session, "sessions.ended", person.username)
    return here.pages.redirect(f"/admin/users/{account_id}", {"done": "saved"})


def _note(
    tx: Transaction, request: Request, session: Session, action: str, subject: str, **details: object
) -> None:
    address = client_address(request, of(request).settings)
    audit.note(tx, session.account.username, action, subject, address=address, details=details)
