"""Saving and deleting views."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import Response

from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import QueryError
from dosebus_web.auth.gate import ViewerWrites
from dosebus_web.language import gettext as _
from dosebus_web.pages.studies import listview, views
from dosebus_web.web import Here

router = APIRouter()


@router.post("/views")
def save_view(
    *,
    session: ViewerWrites,
    here: Here,
    listing: Annotated[str, Form(max_length=20)],
    name: Annotated[str, Form(min_length=1, max_length=80)],
    query: Annotated[str, Form(max_length=4000)] = "",
    shared: Annotated[bool, Form()] = False,
) -> Response:
    """Keep a list's filter and sort under a name; what names a patient cannot be kept."""
    if listing not in LISTINGS:
        raise HTTPException(400, "There is no such list.")
    asked = listview.Asked(LISTINGS[listing], parse_qsl(query), (), "", allow_pid=False)
    try:
        items = asked.parse().items(page=False)
    except QueryError as error:
        raise HTTPException(400, _("The filter cannot be kept: %(why)s.", why=error)) from error
    kept = urlencode(items)
    with here.database.transaction() as tx:
        views.save(tx, session.account.id, LISTINGS[listing], name.strip(), kept, shared=shared)
    return here.pages.redirect(f"/studies/{listing}", [*items, ("done", "saved")])


@router.post("/views/{view_id}/delete")
def delete_view(session: ViewerWrites, here: Here, view_id: int) -> Response:
    """Delete one's own view."""
    with here.database.transaction() as tx:
        listing = views.delete(tx, session.account.id, view_id)
    if listing is None:
        raise HTTPException(404)
    return here.pages.redirect(f"/studies/{listing}", {"done": "deleted"})
