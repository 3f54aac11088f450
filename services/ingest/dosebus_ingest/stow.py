"""The HTTP door: DICOMweb STOW-RS (PS3.18 10.5)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio.from_thread
import structlog
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from dosebus.dicom.header import scan_header
from dosebus.telemetry import traces
from dosebus_ingest.admit import Admission, Admitted, CannotKeepError, Origin
from dosebus_ingest.files import FileArrival, arrival_of
from dosebus_ingest.multipart import MultipartError, MultipartReader, Part, boundary_of
from dosebus_ingest.settings import IngestSettings
from dosebus_ingest.spool import Spool

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"

OUT_OF_RESOURCES = 0xA700
NOT_THE_STUDY = 0xA900
NOT_UNDERSTOOD = 0xC000
"""Failure reasons (PS3.18 table 10.5.3-2, PS3.4 B.2.3)."""

_STORED_CODE = {True: 200, False: 202}


@dataclass(slots=True)
class Outcome:
    """What became of the parts of one request."""

    stored: list[Admitted] = field(default_factory=list)
    failed: list[tuple[str, str, int]] = field(default_factory=list)

    def fail(self, sop_class_uid: str, sop_instance_uid: str, reason: int) -> None:
        """Note that an object was not taken."""
        self.failed.append((sop_class_uid, sop_instance_uid, reason))

    @property
    def status_code(self) -> int:
        """200 when all were stored, 202 when some were; else 503 when trying again may help, or 409."""
        if self.stored or not self.failed:
            return _STORED_CODE[not self.failed]
        return 503 if all(reason == OUT_OF_RESOURCES for *_uids, reason in self.failed) else 409

    def body(self) -> dict[str, Any]:
        """The response module of the store transaction, as DICOM JSON (PS3.18 table 10.5.3-3)."""
        module: dict[str, Any] = {}
        if self.failed:
            module["00081198"] = _sequence(
                [_reference(of, uid) | {"00081197": _us(reason)} for of, uid, reason in self.failed]
            )
        if self.stored:
            module["00081199"] = _sequence(
                [_reference(one.sop_class_uid, one.sop_instance_uid) for one in self.stored]
            )
        return module


class _RefusedError(Exception):
    """A request that is not looked into any further."""

    def __init__(self, code: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = headers


class StowService:
    """Stores the parts of requests."""

    def __init__(self, settings: IngestSettings, spool: Spool, admission: Admission) -> None:
        self._settings = settings
        self._spool = spool
        self._admission = admission
        self._log = structlog.get_logger("dosebus.stow")

    def store(self, request: Request) -> Response:
        """Take a store transaction: `POST /studies` or `POST /studies/{study_instance_uid}`."""
        try:
            self._let_in(request)
            boundary = _boundary(request)
            with traces.span("STOW-RS", kind=SpanKind.SERVER):
                outcome = self._take_all(request, boundary)
        except _RefusedError as refused:
            return JSONResponse(
                {"detail": refused.detail},
                refused.code,
                refused.headers,
                media_type="application/problem+json",
            )
        headers = {"Retry-After": "60"} if outcome.status_code == 503 else None
        return JSONResponse(outcome.body(), outcome.status_code, headers, media_type=DICOM_JSON)

    def _take_all(self, request: Request, boundary: str) -> Outcome:
        outcome = Outcome()
        study = request.path_params.get("study_instance_uid")
        origin = Origin("stow", peer_address=None if request.client is None else request.client.host)
        try:
            for part in MultipartReader(_body(request), boundary).parts():
                self._take(part, study, origin, outcome)
        except ClientDisconnect as error:
            raise _RefusedError(400, "the body did not end") from error
        except MultipartError as error:
            if not outcome.stored:
                raise _RefusedError(400, str(error)) from error
            outcome.fail("", "", NOT_UNDERSTOOD)
        if not outcome.stored and not outcome.failed:
            raise _RefusedError(400, "the body has no part")
        return outcome

    def _take(self, part: Part, study: str | None, origin: Origin, outcome: Outcome) -> None:
        if part.content_type not in ("", DICOM):
            outcome.fail("", "", NOT_UNDERSTOOD)
            return
        try:
            arrival = arrival_of(self._spool, part.chunks)
        except OSError as error:
            self._log.error("object refused", reason=str(error))
            outcome.fail("", "", OUT_OF_RESOURCES)
            return
        self._admit(arrival, study, origin, outcome)

    def _admit(self, arrival: FileArrival, study: str | None, origin: Origin, outcome: Outcome) -> None:
        declared = None
        try:
            spooled, declared = arrival.finish()
            if study is not None:
                told = scan_header(spooled.front(), declared.transfer_syntax_uid).study_instance_uid
                if told != study:
                    spooled.discard()
                    outcome.fail(declared.sop_class_uid, declared.sop_instance_uid, NOT_THE_STUDY)
                    return
            admitted = self._admission.admit(spooled, declared, origin)
        except (CannotKeepError, OSError) as error:
            self._log.error("object refused", reason=str(error))
            uids = ("", "") if declared is None else (declared.sop_class_uid, declared.sop_instance_uid)
            outcome.fail(*uids, OUT_OF_RESOURCES)
            return
        if arrival.is_dicom:
            outcome.stored.append(admitted)
        else:
            # Kept all the same, so that the failed-objects page can show it.
            outcome.fail(admitted.sop_class_uid, admitted.sop_instance_uid, NOT_UNDERSTOOD)

    def _let_in(self, request: Request) -> None:
        token = self._settings.stow_token
        if token is None:
            if self._settings.stow_without_token:
                return
            raise _RefusedError(403, "no token is configured for this door")
        scheme, _space, given = request.headers.get("authorization", "").partition(" ")
        expected = token.get_secret_value().encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
            raise _RefusedError(
                401, "a bearer token is needed", {"WWW-Authenticate": 'Bearer realm="DICOMweb"'}
            )


def make_stow_app(service: StowService) -> Starlette:
    """The application: at `/studies` for a runtime that mounts it, at `/dicom-web/studies` where it stands alone."""
    return Starlette(
        routes=[
            Route(f"{prefix}/studies{study}", service.store, methods=["POST"])
            for prefix in ("", "/dicom-web")
            for study in ("", "/{study_instance_uid}")
        ]
    )


def _body(request: Request) -> Iterator[bytes]:
    """The chunks of the body as the client sends them. Raises ClientDisconnect."""
    while True:
        message = anyio.from_thread.run(_receive, request)
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def _receive(request: Request) -> Message:
    return await request.receive()


def _boundary(request: Request) -> str:
    try:
        inner, boundary = boundary_of(request.headers.get("content-type", ""))
    except MultipartError as error:
        raise _RefusedError(415, str(error)) from error
    if inner not in ("", DICOM):
        raise _RefusedError(415, "parts must be application/dicom")
    return boundary


def _reference(sop_class_uid: str, sop_instance_uid: str) -> dict[str, Any]:
    return {"00081150": _ui(sop_class_uid), "00081155": _ui(sop_instance_uid)}


def _ui(value: str) -> dict[str, Any]:
    return {"vr": "UI", "Value": [value]} if value else {"vr": "UI"}


def _us(value: int) -> dict[str, Any]:
    return {"vr": "US", "Value": [value]}


def _sequence(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"vr": "SQ", "Value": items}
