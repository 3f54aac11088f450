"""Administration of API tokens: those of services are made here, everybody's can be revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from dosebus_web.auth import audit, tokens
from dosebus_web.auth.gate import AdminWrites
from dosebus_web.http.address import client_address
from dosebus_web.language import gettext as _
from dosebus_web.pages.admin.users import Chosen, Line, users_page
from dosebus_web.web import Here

router = APIRouter()
Days = Annotated[str, Form(max_length=5, pattern=r"^[0-9]{0,5}$")]
"""A form sends an empty field as an empty text: a token that does not end."""
TokenId = Annotated[int, Path(ge=1, lt=2**63)]


@router.post("/admin/tokens")
def create_token(
    *, request: Request, session: AdminWrites, here: Here, name: Line, scope: Chosen = None, days: Days = ""
) -> Response:
    """Make a token of a service, shown once."""
    by = session.account.username
    try:
        with here.database.transaction() as tx:
            ends = int(days) if days else None
            value = tokens.create(tx, name, scope or (), days=ends, made_by=by, may=session.account.may)
            details = {"scopes": scope, "days": ends}
            address = client_address(request, here.settings)
            audit.note(tx, by, "token.created", name[:100], address=address, details=details)
    except ValueError as error:
        return users_page(request, here, error=_(str(error)), status=400)
    return users_page(request, here, secret=(_("API token %(name)s", name=name), value))


@router.post("/admin/tokens/{token_id}/revoke")
def revoke_token(request: Request, session: AdminWrites, here: Here, token_id: TokenId) -> Response:
    """Make a token worthless. Raises HTTPException 404."""
    with here.database.transaction() as tx:
        name = tokens.revoke(tx, token_id)
        if name is None:
            raise HTTPException(404)
        address = client_address(request, here.settings)
        details = {"name": name}
        audit.note(
            tx, session.account.username, "token.revoked", str(token_id), address=address, details=details
        )
    return here.pages.redirect("/admin/users", {"done": "saved"})
