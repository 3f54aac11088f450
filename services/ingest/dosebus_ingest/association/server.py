"""The listening socket and the connections it has made."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any, cast

import structlog
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dosebus_ingest.association.acceptor import Store, StoringAssociation
from dosebus_ingest.association.messages import MakePlace
from dosebus_ingest.association.sockets import PromptSocket, prepare

if TYPE_CHECKING:
    from pynetdicom.ae import ApplicationEntity

BACKLOG = 128
SPARE_CONNECTIONS = 16
"""Connections beyond the allowed associations, so that one too many is told so instead of being cut off."""
_POLL_SECONDS = 0.25


class _Connection(RequestHandler):
    """Turns a connection into an association."""

    server: StorageServer

    def _create_association(self) -> Association:
        server = self.server
        association = server.new_association()
        association._server = server
        association.name = f"AcceptorThread {self.client_address[0]}:{self.client_address[1]}"
        association.set_socket(PromptSocket(association, cast("socket.socket", self.request)))
        association.acceptor.maximum_length = self.ae.maximum_pdu_size
        association.acceptor.ae_title = server.ae_title
        association.acceptor.address_info = self.local
        association.acceptor.implementation_class_uid = self.ae.implementation_class_uid
        association.acceptor.implementation_version_name = self.ae.implementation_version_name
        # Negotiation only reads them, so all associations share one list; pynetdicom copies it each time.
        association.acceptor.supported_contexts = server.contexts
        association.requestor.address_info = self.remote
        for event, handler, arguments in server.handlers:
            association.bind(event, handler, arguments)
        return association


class StorageServer(ThreadedAssociationServer):
    """Listens and starts associations; a TLS handshake is done on the connection's own thread."""

    request_queue_size = BACKLOG
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        entity: ApplicationEntity,
        address: tuple[str, int],
        contexts: Sequence[PresentationContext],
        *,
        store: Store,
        place: MakePlace,
        handlers: Sequence[tuple[Any, Any, list[Any] | None]] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handlers = tuple(handlers)
        self._store = store
        self._place = place
        self._thread: threading.Thread | None = None
        super().__init__(
            entity, address, entity.ae_title, list(contexts), ssl_context=tls, request_handler=_Connection
        )

    @property
    def port(self) -> int:
        """The TCP port that is listened on."""
        return int(self.server_address[1])

    def new_association(self) -> StoringAssociation:
        """An association that is not connected yet."""
        return StoringAssociation(
            self.ae,
            store=self._store,
            place=self._place,
            # An association request with 128 contexts is larger than a small data PDU may be.
            max_pdu_bytes=max(self.ae.maximum_pdu_size, 1024 * 1024),
        )

    def start(self) -> None:
        """Serve on a thread of its own."""
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="dicom listener", daemon=True
        )
        self._thread.start()

    def is_serving(self) -> bool:
        """Whether the listener's thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Give the port back; harmless after `stop`."""
        self.server_close()

    def stop(self, drain_seconds: float) -> None:
        """Stop listening, give running associations time to end, then abort them."""
        BaseServer.shutdown(self)
        self.server_close()
        deadline = time.monotonic() + drain_seconds
        while self.active_associations and time.monotonic() < deadline:
            time.sleep(0.05)
        for association in self.active_associations:
            association.abort(block=False)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; the TLS handshake comes later."""
        listener = cast("socket.socket", self.socket)
        connection, address = listener.accept()
        try:
            prepare(connection, self.ae.network_timeout)
            if self.ssl_context is not None:
                connection = self.ssl_context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
        except OSError:
            connection.close()
            raise
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Close connections that are far beyond the allowed number of associations at once."""
        del request
        if len(self.active_associations) < self.ae.maximum_associations + SPARE_CONNECTIONS:
            return True
        structlog.get_logger("dosebus.scp").warning("too many connections", peer=str(client_address[0]))
        return False

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands if TLS is spoken, then start the association."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def service_actions(self) -> None:
        """Nothing: pynetdicom would collect garbage here, which stalls every association."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say that a connection could not be made, without the trace that would go to standard error."""
        del request
        structlog.get_logger("dosebus.scp").warning(
            "connection refused", peer=str(client_address[0]), exc_info=False
        )

    def _bind_defaults(self) -> None:
        """Nothing: associations bind their own."""
