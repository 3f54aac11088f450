"""ingest as data: what the runtime hosts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import cast

from starlette.applications import Starlette

from dosebus.bus.consumers import Consumers
from dosebus.runtime.service import Context, Service, Task
from dosebus_ingest.admit import Admission
from dosebus_ingest.association.server import StorageServer
from dosebus_ingest.folder import WatchedFolder
from dosebus_ingest.ledger import Ledger
from dosebus_ingest.scp import StoreService, make_server
from dosebus_ingest.settings import IngestSettings
from dosebus_ingest.spool import Spool, open_spool
from dosebus_ingest.stow import StowService, make_stow_app


def make_resources(context: Context) -> Mapping[str, object]:
    """The spool, the admission and the DICOM listener. Raises OSError when the port is taken."""
    settings = _settings(context)
    spool = open_spool(
        context.blobs,
        settings.spool_folder,
        max_object_bytes=settings.max_object_bytes,
        min_free_bytes=settings.min_free_bytes,
    )
    admission = Admission(context.blobs, Ledger(context.database), settings.arrival_rules)
    server = make_server(settings, StoreService(spool, admission))
    return {"spool": spool, "admission": admission, "listener": server}


def serve_dicom(context: Context, stop: threading.Event) -> None:
    """Serve associations until told to stop, then let the running ones end."""
    settings = _settings(context)
    server = _listener(context)
    server.start()
    context.log.info("DICOM door open", host=settings.dicom_host, port=server.port)
    while not stop.wait(1.0):
        if not server.is_serving():
            raise RuntimeError("the DICOM listener has ended")
    server.stop(settings.drain_seconds)


def watch_folder(context: Context, stop: threading.Event) -> None:
    """Take in what is put into the watched folder, if one is set."""
    settings = _settings(context)
    if settings.watch_folder is None:
        stop.wait()
        return
    folder = WatchedFolder(settings.watch_folder, _spool(context), _admission(context))
    while not stop.wait(settings.watch_seconds):
        folder.look()


def make_app(context: Context) -> Starlette:
    """DICOMweb."""
    return make_stow_app(StowService(_settings(context), _spool(context), _admission(context)))


def check_listener(context: Context) -> None:
    """Raise when associations are not served."""
    if not _listener(context).is_serving():
        raise RuntimeError("the DICOM listener does not run")


def check_room(context: Context) -> None:
    """Raise when the disk is too full to accept anything."""
    _spool(context).check()


def _settings(context: Context) -> IngestSettings:
    return cast("IngestSettings", context.settings)


def _spool(context: Context) -> Spool:
    return cast("Spool", context.resources["spool"])


def _admission(context: Context) -> Admission:
    return cast("Admission", context.resources["admission"])


def _listener(context: Context) -> StorageServer:
    return cast("StorageServer", context.resources["listener"])


SERVICE = Service(
    name="ingest",
    schema="ingest",
    settings=IngestSettings,
    consumers=Consumers("ingest"),
    tasks=(Task("dicom", serve_dicom), Task("watched folder", watch_folder)),
    app=make_app,
    mount="/dicom-web",
    resources=make_resources,
    readiness={"dicom": check_listener, "room": check_room},
)
