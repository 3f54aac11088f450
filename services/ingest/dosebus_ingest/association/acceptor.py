"""An association that stores: served by one thread that sleeps until a message is whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import Counter, Gauge
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association

from dosebus_ingest.association.command import encode_store_response
from dosebus_ingest.association.messages import MakePlace, SpoolingMessages, StoreRequest
from dosebus_ingest.association.pdata import data_primitive
from dosebus_ingest.association.reactor import WATCH_SECONDS, WaitingReactor

if TYPE_CHECKING:
    from pynetdicom.ae import ApplicationEntity

OPEN = Gauge("dosebus_associations", "Connections to the storage port that are open")
ENDED = Counter(
    "dosebus_associations_ended_total",
    "Associations by their end (released, aborted, rejected, closed)",
    ["end"],
)
_PART_OF_COMMAND, _LAST_OF_COMMAND = 0x01, 0x03
_PDV_OVERHEAD = 6
_SMALLEST_PDU = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Who stores."""

    calling_ae_title: str
    called_ae_title: str
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of a C-STORE (PS3.4 B.2.3) and, with a failure, why."""

    status: int
    comment: str = ""


Store = Callable[[StoreRequest, Caller], Answer]
"""Keeps an object for good before it answers with success."""


class StoringAssociation(Association):
    """The acceptor's side of an association, with our reactor, messages and storage service."""

    def __init__(
        self, entity: ApplicationEntity, *, store: Store, place: MakePlace, max_pdu_bytes: int
    ) -> None:
        super().__init__(entity, MODE_ACCEPTOR)
        self._bell = threading.Event()
        self.dul = WaitingReactor(self, self._bell, max_pdu_bytes)
        self.dimse = SpoolingMessages(self, self._bell, place)
        self.acse_timeout = entity.acse_timeout
        self.network_timeout = entity.network_timeout
        self._store = store
        self._stored = 0

    def _bind_defaults(self) -> None:
        """Bind what serves requests, not what logs every PDU: those logs would carry identifiers."""
        for event in evt._INTERVENTION_EVENTS:
            self.bind(event, evt.get_default_handler(event))

    def run_reactor(self) -> None:
        """Negotiate and serve until the association ends; whatever happens, nothing stays behind."""
        OPEN.inc()
        try:
            super().run_reactor()
        finally:
            OPEN.dec()
            ENDED.labels(self._end()).inc()
            self.dul.kill_dul()
            if isinstance(self.dimse, SpoolingMessages):
                self.dimse.close()
            structlog.get_logger("dosebus.scp").debug(
                "association ended", end=self._end(), peer=self.requestor.address, stored=self._stored
            )

    def _run_reactor(self) -> None:
        """Serve messages as they become whole, and see the association end."""
        self._is_paused = False
        while not self._kill:
            self._bell.wait(WATCH_SECONDS)
            self._bell.clear()
            context_id, message = self.dimse.get_msg(block=False)
            while message is not None and not self._kill:
                self._serve_request(message, context_id or 0)
                context_id, message = self.dimse.get_msg(block=False)
            if self._has_ended():
                return

    def _has_ended(self) -> bool:
        if self.is_established and self.acse.is_release_requested():
            self.acse.send_release(is_response=True)
            self.is_released = True
        elif self.acse.is_aborted():
            self.dul.receive_pdu(wait=False)
            self.is_aborted = True
        elif self.dul.idle_timer_expired():
            structlog.get_logger("dosebus.scp").warning(
                "idle association aborted", peer=self.requestor.address
            )
            self.abort()
            self.is_aborted = True
        elif self.dul.is_alive():
            return False
        self.is_established = False
        self.kill()
        return True

    def _serve_request(self, message: Any, context_id: int) -> None:
        if not isinstance(message, StoreRequest):
            super()._serve_request(message, context_id)
            return
        answer = self._store(message, self._caller())
        self._stored += answer.status == 0
        if self.is_established:
            self._respond(context_id, encode_store_response(message.command, answer.status, answer.comment))
        self.dul._idle_timer.restart()

    def _respond(self, context_id: int, command: bytes) -> None:
        """Send a command set, in as many fragments as the peer's PDUs need."""
        limit = self.requestor.maximum_length or len(command) + _PDV_OVERHEAD
        size = max(limit, _SMALLEST_PDU) - _PDV_OVERHEAD
        for position in range(0, len(command), size):
            last = position + size >= len(command)
            part = command[position : position + size]
            self.dul.send_pdu(
                data_primitive(context_id, _LAST_OF_COMMAND if last else _PART_OF_COMMAND, part)
            )

    def _caller(self) -> Caller:
        request = self.requestor.primitive
        called = "" if request is None else str(request.called_ae_title)
        return Caller(
            calling_ae_title=self.requestor.ae_title.strip(),
            called_ae_title=called.strip(),
            address=str(self.requestor.address),
        )

    def _end(self) -> str:
        for end in ("released", "aborted", "rejected"):
            if getattr(self, f"is_{end}"):
                return end
        return "closed"
