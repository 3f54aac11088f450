"""One's own API tokens: made with one's own groups as scopes, shown once, revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from dosebus_web.auth import audit, tokens
from dosebus_web.auth.gate import SignedInWrites
from dosebus_web.http.address import client_address
from dosebus_web.language import gettext as _
from dosebus_web.pages.account.routes import account_page
from dosebus_web.web import Here

router = APIRouter()


@router.post("/account/tokens")
def create_token(
    *,
    request: Request,
    session: SignedInWrites,
    here: Here,
    name: Annotated[str, Form(max_length=200)],
    scope: Annotated[list[str] | None, Form()] = None,
    days: Annotated[str, Form(max_length=5, pattern=r"^[0-9]{0,5}$")] = "",
) -> Response:
    """Make a token of one's own, shown once."""
    account = session.account
    if account.must_change_password:
        raise HTTPException(403, _("Choose a password of your own before you go on."))
    try:
        with here.database.transaction() as tx:
            ends = int(days) if days else None
            value = tokens.create(
                tx,
                name,
                scope or (),
                days=ends,
                made_by=account.username,
                may=account.may,
                account_id=account.id,
            )
            details = {"scopes": scope, "days": ends}
            address = client_address(request, here.settings)
            audit.note(tx, account.username, "token.created", name[:100], address=address, details=details)
    except ValueError as error:
        return account_page(request, session, here, token_error=_(str(error)), status=400)
    return account_page(request, session, here, secret=value)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(
    request: Request, session: SignedInWrites, here: Here, token_id: Annotated[int, Path(ge=1, lt=2**63)]
) -> Response:
    """Make a token of one's own worthless. Raises HTTPException 404."""
    account = session.account
    with here.database.transaction() as tx:
        name = tokens.revoke(tx, token_id, account_id=account.id)
        if name is None:
            raise HTTPException(404)
        address = client_address(request, here.settings)
        audit.note(
            tx, account.username, "token.revoked", str(token_id), address=address, details={"name": name}
        )
    return here.pages.redirect("/account", {"done": "saved"})
