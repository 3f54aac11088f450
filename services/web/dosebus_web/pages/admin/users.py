"""Administration of users and API tokens."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.store.tables.web import api_token
from dosebus_web.auth import accounts, audit, passwords, tokens
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.auth.groups import GROUPS, SCOPES
from dosebus_web.language import gettext as _
from dosebus_web.web import Here, Web

router = APIRouter()
Line = Annotated[str, Form(max_length=200)]
Chosen = Annotated[list[str] | None, Form()]


def _page(
    request: Request, here: Web, *, error: str = "", secret: tuple[str, str] | None = None, status: int = 200
) -> Response:
    with here.database.reading() as connection:
        everyone = accounts.everyone(connection)
        issued = connection.execute(sa.select(api_token).order_by(api_token.c.created_at.desc())).all()
    values = {
        "everyone": everyone,
        "tokens": issued,
        "groups": GROUPS,
        "scopes": SCOPES,
        "error": error,
        "secret": secret,
    }
    return here.pages.render(request, "pages/admin/users.html", values, status_code=status)


@router.get("/admin/users")
def show_users(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Everybody who may sign in, and the tokens."""
    return _page(request, here)


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
            details = {"groups": group or []}
            audit.note(tx, session.account.username, "user.added", username.strip().lower(), details=details)
    except ValueError as error:
        return _page(request, here, error=_(str(error)), status=400)
    return _page(
        request, here, secret=(_("First password of %(name)s", name=username.strip().lower()), password)
    )


@router.get("/admin/users/{account_id}")
def show_user(request: Request, session: Admin, here: Here, account_id: int) -> Response:  # noqa: ARG001
    """One account."""
    with here.database.reading() as connection:
        person = accounts.by_id(connection, account_id)
    if person is None:
        raise HTTPException(404)
    values = {"person": person, "groups": GROUPS, "error": ""}
    return here.pages.render(request, "pages/admin/user.html", values)


@router.post("/admin/users/{account_id}")
def change_user(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    account_id: int,
    display_name: Line = "",
    email: Line = "",
    group: Chosen = None,
    disabled: Annotated[bool, Form()] = False,
) -> Response:
    """Change somebody's name, groups, or let them in no more."""
    with here.database.reading() as connection:
        person = accounts.by_id(connection, account_id)
    if person is None:
        raise HTTPException(404)
    try:
        with here.database.transaction() as tx:
            accounts.change(
                tx, account_id, display_name=display_name, email=email, groups=group or (), disabled=disabled
            )
            details = {"groups": group or [], "disabled": disabled}
            audit.note(tx, session.account.username, "user.changed", person.username, details=details)
    except ValueError as error:
        values = {"person": person, "groups": GROUPS, "error": _(str(error))}
        return here.pages.render(request, "pages/admin/user.html", values, status_code=400)
    return here.pages.redirect("/admin/users", {"done": "saved"})


@router.post("/admin/users/{account_id}/password")
def reset_password(request: Request, session: AdminWrites, here: Here, account_id: int) -> Response:
    """Make up a new password, shown once."""
    password = passwords.made_up()
    with here.database.transaction() as tx:
        person = accounts.by_id(tx.connection, account_id)
        if person is None:
            raise HTTPException(404)
        accounts.set_password(tx, account_id, password, must_change=True)
        audit.note(tx, session.account.username, "password.reset", person.username)
    return _page(request, here, secret=(_("New password of %(name)s", name=person.username), password))


@router.post("/admin/tokens")
def create_token(
    request: Request, session: AdminWrites, here: Here, name: Line, scope: Chosen = None
) -> Response:
    """Make an API token, shown once."""
    try:
        with here.database.transaction() as tx:
            value = tokens.create(tx, name, scope or ())
            audit.note(tx, session.account.username, "token.created", name, details={"scopes": scope})
    except ValueError as error:
        return _page(request, here, error=_(str(error)), status=400)
    return _page(request, here, secret=(f"API token {name}", value))


@router.post("/admin/tokens/{token_id}/revoke")
def revoke_token(session: AdminWrites, here: Here, token_id: int) -> Response:
    """Make a token worthless."""
    with here.database.transaction() as tx:
        tokens.revoke(tx, token_id)
        audit.note(tx, session.account.username, "token.revoked", str(token_id))
    return here.pages.redirect("/admin/users", {"done": "saved"})
