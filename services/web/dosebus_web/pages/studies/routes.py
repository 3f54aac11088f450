"""Study lists and study pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.events.extract import StudyRemovalRequested
from dosebus.store.tables import dose
from dosebus_web.auth import audit, options
from dosebus_web.auth.gate import AdminWrites, Viewer, ViewerWrites
from dosebus_web.auth.seen import note_seen
from dosebus_web.auth.sessions import Session
from dosebus_web.pages.alerts import quantities
from dosebus_web.pages.exports.formats import formats_of
from dosebus_web.pages.studies import detail, listview, private, views
from dosebus_web.records import record_document
from dosebus_web.web import Here

router = APIRouter()
Name = Annotated[str, Path(max_length=20)]
StudyId = Annotated[int, Path(ge=1, lt=2**63)]
NOT_QUERY = frozenset({"search", "done"})


def listing_called(name: str) -> Listing:
    """The listing of an address. Raises HTTPException 404."""
    if name not in LISTINGS:
        raise HTTPException(404)
    return LISTINGS[name]


def _view(
    request: Request, session: Session, here: Here, listing: Listing, *, refreshed: bool = False
) -> listview.ListView:
    allow_pid = "pid" in session.account.may
    search = request.query_params.get("search", "")
    public = [(key, raw) for key, raw in request.query_params.multi_items() if key not in NOT_QUERY]
    with here.database.reading() as connection:
        if not any(key == "columns" for key, _ in public):
            kept = options.chosen(connection, session.account.id, f"columns.{listing.name}")
            public += [("columns", key) for key in kept or () if key in listing.choosable]
        secret = private.recall(connection, session.account.id, listing, search) if search else []
        asked = listview.Asked(listing, public, secret, search, allow_pid)
        view = listview.view(connection, asked, here.settings.count_limit)
    if view.rows and any(heading.field.personal for heading in view.headings):
        ids = [row.id for row in view.rows]
        note_seen(here.database, session.account.username, f"list {listing.name}", ids, refreshed=refreshed)
    return view


@router.get("/studies/{name}")
def show_list(request: Request, session: Viewer, here: Here, name: Name) -> Response:
    """The list of a modality, filtered by the address."""
    listing = listing_called(name)
    view = _view(request, session, here, listing)
    with here.database.reading() as connection:
        saved = views.seen_by(connection, session.account.id, listing)
    items = [item for item in request.query_params.multi_items() if item[0] != "done"]
    values = {
        "view": view,
        "own_items": items,
        "columns_reset": [*_without_columns(view.own_query), ("columns", _keys(listing))],
        "export_query": urlencode([item for item in view.own_query if item[0] not in ("limit", "after", "before")]),
        "formats": formats_of(listing.name),
        "views": saved,
    }  # fmt: skip
    status = 400 if view.failed else 200
    return here.pages.render(request, "pages/studies/list.html", values, status_code=status)


def _without_columns(items: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, raw) for key, raw in items if key not in ("columns", "after", "before")]


def _keys(listing: Listing) -> str:
    return ",".join(one.key for one in listing.columns)


@router.post("/studies/{name}/columns")
def keep_columns(
    session: ViewerWrites,
    here: Here,
    name: Name,
    columns: Annotated[list[str] | None, Form(max_length=200)] = None,
) -> Response:
    """Show these columns from now on; the columns as delivered, or none, forget the choice."""
    listing = listing_called(name)
    chosen = [key for key in columns or () if key in listing.choosable]
    kept = None if chosen in ([], [one.key for one in listing.columns]) else chosen
    with here.database.transaction() as tx:
        options.choose(tx, session.account.id, f"columns.{listing.name}", kept)
    return here.pages.redirect(f"/studies/{listing.name}", {"done": "saved"})


@router.get("/studies/{name}/rows")
def show_rows(request: Request, session: Viewer, here: Here, name: Name) -> Response:
    """The table of the list alone, fetched again when studies come in."""
    view = _view(request, session, here, listing_called(name), refreshed=True)
    return here.pages.render(request, "pages/studies/rows.html", {"view": view})


@router.post("/studies/{name}/find")
def find(
    *,
    session: ViewerWrites,
    here: Here,
    name: Name,
    accession: Annotated[str, Form(max_length=200)] = "",
    patient_id: Annotated[str, Form(max_length=200)] = "",
    patient_name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Search by what must not stand in an address."""
    listing = listing_called(name)
    given = {"accession": accession, "patient_id": patient_id, "patient_name": patient_name}
    permitted = {one.key for one in private.filters_of(listing, allow_pid="pid" in session.account.may)}
    items = [(key, text.strip()) for key, text in given.items() if text.strip()]
    if any(key not in permitted for key, _ in items):
        raise HTTPException(403, "Searching for patients needs the group pid.")
    if not items:
        return here.pages.redirect(f"/studies/{listing.name}")
    secret = here.settings.pseudonym_key.get_secret_value().encode()
    with here.database.transaction() as tx:
        stored = private.as_stored(tx.connection, items, secret)
        key = private.remember(tx, session.account.id, listing, stored)
        audit.note(
            tx, session.account.username, "study.find", listing.name, details={"by": [k for k, _ in items]}
        )
    return here.pages.redirect(f"/studies/{listing.name}", {"search": key, "test": "include"})


@router.get("/study/{place}")
def find_place(
    session: Viewer,  # noqa: ARG001 - the gate
    here: Here,
    place: Annotated[str, Path(max_length=64)],
) -> Response:
    """The page of a study by our id or by its Study Instance UID; e-mails link here."""
    study = dose.study.c
    by_id = place.isdigit() and len(place) < 19
    where = study.id == int(place) if by_id else study.study_instance_uid == place
    with here.database.reading() as connection:
        row = connection.execute(sa.select(study.id, study.modality_types).where(where)).first()
    listings = detail.listings_of(row.modality_types) if row is not None else ()
    if row is None or not listings:
        raise HTTPException(404)
    return here.pages.redirect(f"/studies/{listings[0].name}/{row.id}")


@router.get("/studies/{name}/{study_id}")
def show_study(request: Request, session: Viewer, here: Here, name: Name, study_id: StudyId) -> Response:
    """One study."""
    listing, allow_pid = listing_called(name), "pid" in session.account.may
    with here.database.reading(snapshot=True) as connection:
        fold_by = request.query_params.get("fold", "")
        view = detail.view(connection, listing, study_id, allow_pid=allow_pid, fold_by=fold_by)
    if view is None:
        raise HTTPException(404)
    if allow_pid:
        note_seen(here.database, session.account.username, f"study {study_id}")
    values = {
        "view": view,
        "over": {quantities.TOTALS.get(alert.quantity, "") for alert in view.alerts},
        "alert_value": quantities.value_of,
        "alert_level": quantities.level_of,
    }
    return here.pages.render(request, "pages/studies/detail.html", values)


@router.get("/studies/{name}/{study_id}/record")
def show_record(request: Request, session: Viewer, here: Here, name: Name, study_id: StudyId) -> Response:
    """The whole record as a tree that opens."""
    listing, study = listing_called(name), dose.study.c
    wanted = sa.select(study.study_instance_uid, study.record).where(study.id == study_id)
    with here.database.reading() as connection:
        row = connection.execute(wanted).first()
    if row is None:
        raise HTTPException(404)
    allow_pid = "pid" in session.account.may
    if allow_pid:
        note_seen(here.database, session.account.username, f"study {study_id}")
    record = record_document(row.record, allow_pid=allow_pid)
    values = {
        "listing": listing,
        "study_id": study_id,
        "study_instance_uid": row.study_instance_uid,
        "record": record,
    }
    return here.pages.render(request, "pages/studies/record.html", values)


@router.post("/studies/{name}/{study_id}/remove")
def remove(session: AdminWrites, here: Here, name: Name, study_id: StudyId) -> Response:
    """Ask extract to remove a study."""
    listing, study = listing_called(name), dose.study.c
    with here.database.transaction() as tx:
        uid = tx.execute(sa.select(study.study_instance_uid).where(study.id == study_id)).scalar()
        if uid is None:
            raise HTTPException(404)
        tx.publish(StudyRemovalRequested(study_instance_uid=uid, requested_by=session.account.username))
        audit.note(tx, session.account.username, "study.remove", uid)
    return here.pages.redirect(f"/studies/{listing.name}", {"done": "removing"})
