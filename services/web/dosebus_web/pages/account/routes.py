"""One's own account: colours, password, sessions, tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.store.tables import web as tables
from dosebus_web.auth import accounts, audit, passwords, sessions, tokens
from dosebus_web.auth.gate import SignedIn, SignedInWrites
from dosebus_web.auth.groups import GROUPS
from dosebus_web.auth.sessions import Session
from dosebus_web.http.address import client_address
from dosebus_web.language import NAMES, marked
from dosebus_web.language import gettext as _
from dosebus_web.pages.signin.routes import safe_path
from dosebus_web.web import Here, Web

router = APIRouter()
NO_PASSWORD = marked("This account has no password here: you sign in with the hospital's account.")


def account_page(
    request: Request,
    session: Session,
    here: Web,
    *,
    error: str = "",
    token_error: str = "",
    secret: str = "",
    status: int = 200,
) -> Response:
    """The account page; `secret` is a token that is shown once."""
    idle = here.settings.session_idle_minutes
    with here.database.reading() as connection:
        browsers = sessions.open_of(connection, session.account.id, idle_minutes=idle)
        issued = tokens.issued(connection, session.account.id)
    values = {
        "browsers": browsers,
        "own_hash": session.token_hash,
        "error": error,
        "token_error": token_error,
        "secret": secret,
        "shortest": passwords.SHORTEST,
        "tokens": issued,
        "groups": {key: text for key, text in GROUPS.items() if key in session.account.may},
        "longest_days": tokens.MOST_DAYS,
        "now": datetime.now(UTC),
        "languages": (("auto", _("As the browser asks")), *NAMES),
    }
    return here.pages.render(request, "pages/account/account.html", values, status_code=status)


@router.get("/account")
def show_account(request: Request, session: SignedIn, here: Here) -> Response:
    """The account page."""
    return account_page(request, session, here)


@router.get("/account/password")
def show_password(request: Request, session: SignedIn, here: Here) -> Response:
    """The account page, for who must change the password first."""
    return account_page(request, session, here)


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
    if account.by_provider:
        raise HTTPException(400, _(NO_PASSWORD))
    column = sa.select(tables.account.c.password_hash).where(tables.account.c.id == account.id)
    with here.database.reading() as connection:
        known = connection.execute(column).scalar_one()
    if not passwords.matches(current, known):
        return account_page(request, session, here, error=_("The current password is wrong."), status=400)
    try:
        with here.database.transaction() as tx:
            accounts.set_password(tx, account.id, new, must_change=False)
            audit.note(
                tx, account.username, "password.changed", address=client_address(request, here.settings)
            )
    except ValueError as error:
        told = _(str(error))
        return account_page(request, session, here, error=f"{told[:1].upper()}{told[1:]}.", status=400)
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


@router.post("/account/locale")
def set_locale(
    session: SignedInWrites, here: Here, locale: Annotated[Literal["auto", "en", "de", "es"], Form()]
) -> Response:
    """Choose the language of the pages; `auto` is that of the browser."""
    with here.database.transaction() as tx:
        accounts.set_preference(tx, session.account.id, locale="" if locale == "auto" else locale)
    return here.pages.redirect("/account", {"done": "saved"})


@router.post("/account/sessions/end")
def end_other_session(
    session: SignedInWrites, here: Here, token_hash: Annotated[str, Form(max_length=64)]
) -> Response:
    """Sign another browser of one's own out."""
    own = (tables.session.c.account_id == session.account.id, tables.session.c.token_hash == token_hash)
    with here.database.transaction() as tx:
        if tx.execute(sa.delete(tables.session).where(*own)).rowcount:
            audit.note(tx, session.account.username, "sessions.ended", session.account.username)
    return here.pages.redirect("/account", {"done": "saved"})
