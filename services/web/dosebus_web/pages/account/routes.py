"""One's own account: colours, password, sessions."""

from __future__ import annotations

from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from dosebus.store.tables import web as tables
from dosebus_web.auth import accounts, audit, passwords, sessions
from dosebus_web.auth.gate import SignedIn, SignedInWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.http.address import client_address
from dosebus_web.language import gettext as _
from dosebus_web.pages.signin.routes import safe_path
from dosebus_web.web import Here, Web

router = APIRouter()


def _page(request: Request, session: Session, here: Web, error: str = "", status: int = 200) -> Response:
    with here.database.reading() as connection:
        browsers = sessions.open_of(connection, session.account.id)
    values = {
        "browsers": browsers,
        "own_hash": session.token_hash,
        "error": error,
        "shortest": passwords.SHORTEST,
    }
    return here.pages.render(request, "pages/account/account.html", values, status_code=status)


@router.get("/account")
def show_account(request: Request, session: SignedIn, here: Here) -> Response:
    """The account page."""
    return _page(request, session, here)


@router.get("/account/password")
def show_password(request: Request, session: SignedIn, here: Here) -> Response:
    """The account page, for who must change the password first."""
    return _page(request, session, here)


@router.post("/account/password")
def change_password(
    request: Request,
    session: SignedInWrites,
    here: Here,
    current: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Change one's own password; all sessions end."""
    account = session.account
    column = sa.select(tables.account.c.password_hash).where(tables.account.c.id == account.id)
    with here.database.reading() as connection:
        known = connection.execute(column).scalar_one()
    if not passwords.matches(current, known):
        return _page(request, session, here, _("The current password is wrong."), 400)
    try:
        with here.database.transaction() as tx:
            accounts.set_password(tx, account.id, new, must_change=False)
            audit.note(
                tx, account.username, "password.changed", address=client_address(request, here.settings)
            )
    except ValueError as error:
        told = _(str(error))
        return _page(request, session, here, f"{told[:1].upper()}{told[1:]}.", 400)
    return here.pages.redirect("/sign-in", {"done": "password"})


@router.post("/account/theme")
def set_theme(
    session: SignedInWrites,
    here: Here,
    theme: Annotated[Literal["auto", "light", "dark"], Form()],
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Choose light or dark colours."""
    with here.database.transaction() as tx:
        accounts.set_preference(tx, session.account.id, theme=theme)
    return here.pages.redirect(safe_path(back))


@router.post("/account/sessions/end")
def end_other_session(
    session: SignedInWrites, here: Here, token_hash: Annotated[str, Form(max_length=64)]
) -> Response:
    """Sign another browser of one's own out."""
    own = (tables.session.c.account_id == session.account.id, tables.session.c.token_hash == token_hash)
    with here.database.transaction() as tx:
        tx.execute(sa.delete(tables.session).where(*own))
    return here.pages.redirect("/account", {"done": "saved"})
