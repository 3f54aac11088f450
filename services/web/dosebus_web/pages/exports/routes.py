"""The exports page: ask for a file, watch it grow, fetch it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.store.tables import export as tables
from dosebus_web.auth.caller import of_page
from dosebus_web.auth.gate import Exporter, ExporterWrites
from dosebus_web.language import gettext as _
from dosebus_web.pages.exports.formats import formats_of
from dosebus_web.pages.studies import private
from dosebus_web.web import Here, Web
from dosebus_web.wishes import exports

router = APIRouter()
J = tables.job.c


def _jobs(connection: sa.Connection) -> Sequence[Any]:
    return connection.execute(sa.select(tables.job).order_by(J.requested_at.desc()).limit(200)).all()


def _render(request: Request, here: Web, template: str) -> Response:
    with here.database.reading() as connection:
        jobs = _jobs(connection)
    return here.pages.render(request, template, {"jobs": jobs, "listings": LISTINGS, "asked": _asked})


def _asked(listing: str, query: str) -> list[str]:
    """The filter of an export as words."""
    known = LISTINGS[listing].filters_by_key if listing in LISTINGS else {}
    return [
        f"{_(known[key].label) if key in known else key}: {text}"
        for key, text in parse_qsl(query)
        if key not in ("sort", "limit")
    ]


@router.get("/exports")
def show_exports(request: Request, session: Exporter, here: Here) -> Response:  # noqa: ARG001 - the gate
    """All exports, newest first."""
    return _render(request, here, "pages/exports/exports.html")


@router.get("/exports/rows")
def show_rows(request: Request, session: Exporter, here: Here) -> Response:  # noqa: ARG001
    """The list alone."""
    return _render(request, here, "pages/exports/rows.html")


@router.post("/exports")
def request_export(
    *,
    session: ExporterWrites,
    here: Here,
    listing: Annotated[str, Form(max_length=20)],
    file_format: Annotated[str, Form(max_length=20)],
    query: Annotated[str, Form(max_length=4000)] = "",
    include_patient: Annotated[bool, Form()] = False,
) -> Response:
    """Ask for an export of a list with its filter."""
    if listing not in LISTINGS or file_format not in dict(formats_of(listing)):
        raise HTTPException(400, "There is no such export.")
    items = parse_qsl(query)
    if private.asked_in(LISTINGS[listing], items):
        raise HTTPException(400, "A search by patient or accession number cannot be exported.")
    try:
        ListQuery.parse(LISTINGS[listing], items)
    except QueryError as error:
        raise HTTPException(400, _("The filter cannot be read: %(why)s.", why=error)) from error
    caller = of_page(session)
    exports.ask(here, caller, LISTINGS[listing], query, file_format, include_patient=include_patient)
    return here.pages.redirect("/exports", {"done": "requested"})


@router.get("/exports/{export_id}/file")
def download(session: Exporter, here: Here, export_id: UUID) -> Response:
    """The file."""
    return exports.fetch(here, of_page(session), export_id)


@router.post("/exports/{export_id}/cancel")
def cancel(session: ExporterWrites, here: Here, export_id: UUID) -> Response:
    """Ask to stop an export."""
    exports.cancel(here, of_page(session), export_id)
    return here.pages.redirect("/exports", {"done": "cancelling"})


@router.post("/exports/{export_id}/delete")
def delete(session: ExporterWrites, here: Here, export_id: UUID) -> Response:
    """Ask to delete an export and its file."""
    exports.delete(here, of_page(session), export_id)
    return here.pages.redirect("/exports", {"done": "requested"})
