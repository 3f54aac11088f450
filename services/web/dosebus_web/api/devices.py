"""Devices, and the objects that gave no record."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException

from dosebus.store.tables import dose
from dosebus.store.tables.ingest import object_ as received
from dosebus_web.api import given, problem
from dosebus_web.api.paging import page
from dosebus_web.api.shape import list_of, model_of, page_of
from dosebus_web.api.studies import OBJECT
from dosebus_web.auth.gate import ApiAdmin, ApiReader
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1")
D, V, O = dose.device.c, dose.device_software.c, dose.dicom_object.c  # noqa: E741 - the object table
DEVICE = tuple(column for column in D if column.key != "identity_key")
SOFTWARE = tuple(column for column in V if column.key not in ("id", "device_id"))
ARRIVAL = tuple(
    received.c[key].label(key)
    for key in ("door", "calling_ae_title", "called_ae_title", "peer_address", "size_bytes")
)
"""How an object came; nothing of one that came by no door, such as a file that a command read."""
SEARCHED = (D.display_name, D.manufacturer, D.model, D.institution, D.station_name, D.device_serial_number)
Software = model_of("Software", "A software version and when it was seen.", SOFTWARE)
DeviceRow = model_of("Device", "A device, known by maker, model and serial number.", DEVICE)
Device = model_of(
    "DeviceWithSoftware", "A device and its software over time.", DEVICE, software=list_of(Software)
)
DevicePage = page_of("DevicePage", DeviceRow, int)
SetAside = model_of("ObjectSetAside", "An object that gave no record, and why.", (*OBJECT, *ARRIVAL))
SetAsidePage = page_of("ObjectSetAsidePage", SetAside, UUID)


@router.get(
    "/devices",
    response_model=DevicePage,
    responses=problem.responses(404),
    tags=["devices"],
    summary="Devices",
)
def list_devices(
    *,
    caller: ApiReader,  # noqa: ARG001 - the gate
    here: Here,
    text: given.Words = "",
    limit: given.Limit = 50,
    after: given.AfterId = None,
) -> Any:
    """The devices, those that were seen first last, of which a name, place or number holds `text`."""
    wanted = sa.select(*DEVICE)
    if text.strip():
        wanted = wanted.where(sa.or_(*(one.icontains(text.strip(), autoescape=True) for one in SEARCHED)))
    with here.database.reading() as connection:
        return page(connection, wanted, newest=D.id, key=D.id, after=after, limit=limit)


@router.get(
    "/devices/{device_id}",
    response_model=Device,
    responses=problem.responses(404),
    tags=["devices"],
    summary="One device",
)
def show_device(caller: ApiReader, here: Here, device_id: given.Id) -> Any:  # noqa: ARG001
    """A device and its software over time."""
    versions = sa.select(*SOFTWARE).where(V.device_id == device_id).order_by(V.first_seen_at)
    with here.database.reading() as connection:
        row = connection.execute(sa.select(*DEVICE).where(D.id == device_id)).mappings().first()
        if row is None:
            raise HTTPException(404, "There is no such device.")
        return dict(row) | {"software": [dict(one) for one in connection.execute(versions).mappings()]}


@router.get(
    "/objects",
    response_model=SetAsidePage,
    responses=problem.responses(404),
    tags=["objects"],
    summary="Objects set aside",
)
def list_objects(
    *,
    caller: ApiAdmin,  # noqa: ARG001
    here: Here,
    outcome: Literal["rejected", "ignored"] | None = None,
    reason_code: given.Words = "",
    limit: given.Limit = 50,
    after: given.AfterUuid = None,
) -> Any:
    """What gave no record, newest first. Needs the scope `admin`."""
    joined = dose.dicom_object.outerjoin(received, received.c.object_id == O.object_id)
    wanted = sa.select(*OBJECT, *ARRIVAL).select_from(joined).where(O.outcome != "recorded")
    if outcome is not None:
        wanted = wanted.where(O.outcome == outcome)
    if reason_code:
        wanted = wanted.where(O.reason_code == reason_code)
    with here.database.reading() as connection:
        return page(connection, wanted, newest=O.recorded_at, key=O.object_id, after=after, limit=limit)
