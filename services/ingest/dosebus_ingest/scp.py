"""The DICOM door: C-STORE and C-ECHO."""

from __future__ import annotations

import ssl
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import PresentationContext, build_context

from dosebus.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, encode_file_meta
from dosebus.dicom.storage import STORAGE_CLASSES, TRANSFER_SYNTAXES, UNCOMPRESSED, VERIFICATION
from dosebus.dicom.tls import server_context
from dosebus.telemetry import traces
from dosebus_ingest.admit import Admission, CannotKeepError, Declared, Origin
from dosebus_ingest.association.acceptor import Answer, Caller
from dosebus_ingest.association.command import StoreCommand
from dosebus_ingest.association.messages import StoreRequest
from dosebus_ingest.association.server import StorageServer
from dosebus_ingest.settings import IngestSettings
from dosebus_ingest.spool import Spool, Spooled, TooLargeError

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
"""PS3.4 B.2.3: refused, the sender keeps its object and tries again."""

_REJECTED_PERMANENT, _BY_SERVICE_USER, _CALLED_AE_UNKNOWN = 0x01, 0x01, 0x07


def presentation_contexts() -> list[PresentationContext]:
    """What we accept: verification, and every storage class that can carry dose in every usual encoding."""
    contexts = [build_context(uid, list(TRANSFER_SYNTAXES)) for uid in STORAGE_CLASSES]
    return [build_context(VERIFICATION, list(UNCOMPRESSED)), *contexts]


class StoreService:
    """Keeps what a C-STORE brings."""

    def __init__(self, spool: Spool, admission: Admission) -> None:
        self._spool = spool
        self._admission = admission
        self._log = structlog.get_logger("dosebus.scp")

    def place(self, command: StoreCommand, transfer_syntax_uid: str) -> Spooled:
        """A place for the object of a request. Raises OSError when the disk is full."""
        return self._spool.place(
            encode_file_meta(command.sop_class_uid, command.sop_instance_uid, transfer_syntax_uid)
        )

    def store(self, request: StoreRequest, caller: Caller) -> Answer:
        """Answer a C-STORE request: with success only once the object cannot be lost any more."""
        command = request.command
        with traces.span(
            "C-STORE",
            kind=SpanKind.SERVER,
            **{
                "dicom.sop_class_uid": command.sop_class_uid,
                "dicom.sop_instance_uid": command.sop_instance_uid,
            },
        ):
            answer = self._keep(request, caller)
        if answer.status != SUCCESS:
            self._log.error(
                "object refused",
                reason=answer.comment,
                sop_instance_uid=command.sop_instance_uid,
                peer=caller.address,
            )
        return answer

    def _keep(self, request: StoreRequest, caller: Caller) -> Answer:
        if request.spooled is None:
            too_large = isinstance(request.error, TooLargeError)
            return Answer(OUT_OF_RESOURCES, "object too large" if too_large else "storage not available")
        declared = Declared(
            request.command.sop_class_uid, request.command.sop_instance_uid, request.transfer_syntax_uid
        )
        origin = Origin("c-store", caller.calling_ae_title, caller.called_ae_title, caller.address)
        try:
            self._admission.admit(request.spooled, declared, origin)
        except CannotKeepError as error:
            return Answer(OUT_OF_RESOURCES, str(error))
        return Answer(SUCCESS)


def make_server(settings: IngestSettings, service: StoreService) -> StorageServer:
    """The storage server, listening but not yet serving. Raises OSError when the port is taken."""
    entity = ApplicationEntity(settings.ingest_ae_title)
    entity.maximum_associations = settings.max_associations
    entity.maximum_pdu_size = settings.max_pdu_bytes
    entity.network_timeout = settings.network_timeout_seconds
    entity.acse_timeout = settings.acse_timeout_seconds
    entity.dimse_timeout = settings.dimse_timeout_seconds
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.require_calling_aet = list(settings.calling_ae_titles)
    handlers: list[tuple[Any, Any, list[Any] | None]] = []
    if settings.called_ae_titles:
        handlers.append((evt.EVT_REQUESTED, reject_unknown_called, [frozenset(settings.called_ae_titles)]))
    return StorageServer(
        entity,
        (settings.dicom_host, settings.dicom_port),
        presentation_contexts(),
        store=service.store,
        place=service.place,
        handlers=handlers,
        tls=_tls(settings),
    )


def reject_unknown_called(event: evt.Event, known: frozenset[str]) -> None:
    """Reject an association that asks for an AE title which is not ours (PS3.8 9.3.4)."""
    association = event.assoc
    request = association.requestor.primitive
    if request is not None and str(request.called_ae_title).strip() not in known:
        association.acse.send_reject(_REJECTED_PERMANENT, _BY_SERVICE_USER, _CALLED_AE_UNKNOWN)
        association.is_rejected = True
        association.kill()


def _tls(settings: IngestSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None
    return server_context(settings.tls_certificate_file, settings.tls_key_file, settings.tls_ca_file)
