"""The socket of an accepted connection: bounded in time, without delays, read in large pieces."""

from __future__ import annotations

import select
import socket
import ssl
from typing import TYPE_CHECKING

from pynetdicom.transport import AssociationSocket

if TYPE_CHECKING:
    from pynetdicom.association import Association

_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


def prepare(connection: socket.socket, timeout_seconds: float | None) -> None:
    """Bound every wait on a new connection and turn off what delays small packets."""
    connection.settimeout(timeout_seconds)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class PromptSocket(AssociationSocket):
    """Reads whole PDUs and acknowledges at once.

    A sender with Nagle's algorithm keeps its last short segment until ours is acknowledged, and the kernel
    delays acknowledgements by 40 ms; TCP_QUICKACK stops that, but only until the next read, so it is set again
    around each one.
    """

    def __init__(self, association: Association, connection: socket.socket) -> None:
        super().__init__(association, client_socket=connection)
        self._unread = bytearray()

    def acknowledge_at_once(self) -> None:
        """Send the acknowledgement of what has come now, and of what comes next when it comes."""
        if _QUICKACK is not None and self.socket is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    @property
    def ready(self) -> bool:
        """Whether there is something to read; never blocks. Emits Evt17 when the connection is gone."""
        connection = self.socket
        if connection is None or not self._is_connected:
            return False
        if self._unread or (isinstance(connection, ssl.SSLSocket) and connection.pending()):
            return True
        try:
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly `nr_bytes`, or fewer when the peer has closed. Raises OSError, TimeoutError."""
        if self._unread:
            taken, self._unread = self._unread[:nr_bytes], self._unread[nr_bytes:]
            if len(taken) == nr_bytes:
                return taken
            return taken + self.recv(nr_bytes - len(taken))
        if self.socket is None:
            return bytearray()
        data = bytearray(nr_bytes)
        view = memoryview(data)
        filled = 0
        while filled < nr_bytes:
            got = self.socket.recv_into(view[filled:])
            if not got:
                return data[:filled]
            filled += got
            self.acknowledge_at_once()
        return data

    def unread(self, data: bytes | bytearray) -> None:
        """Put back what was read, so that the next read begins with it."""
        self._unread[:0] = data
