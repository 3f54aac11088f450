"""The upper layer's thread: sleeps until there is something to do."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import struct
import threading
from typing import TYPE_CHECKING, Any, cast

import structlog
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import A_ABORT_RQ

from dosebus_ingest.association.pdata import P_DATA_TF, parse_data_pdu
from dosebus_ingest.association.sockets import PromptSocket

if TYPE_CHECKING:
    from pynetdicom.association import Association

WATCH_SECONDS = 1.0
"""How often timers are looked at."""
_PDU_HEADER = struct.Struct(">BBL")
_IDLE, _REQUESTED, _AWAITING_CLOSE = "Sta1", "Sta3", "Sta13"
"""States of PS3.8 9.2: idle; asked for an association; waiting for the connection to close."""


class Attention(queue.Queue[Any]):
    """A queue that also rings a bell, so that one thread can wait for several queues."""

    def __init__(self, bell: threading.Event) -> None:
        super().__init__()
        self._bell = bell

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item and ring."""
        super().put(item, block, timeout)
        self._bell.set()


class WaitingReactor(DULServiceProvider):
    """pynetdicom's upper layer provider without its one-millisecond poll.

    Its thread waits on the socket and on a pipe that every order from the other thread writes to.
    """

    def __init__(self, association: Association, bell: threading.Event, max_pdu_bytes: int) -> None:
        super().__init__(association)
        self.daemon = True
        self.to_user_queue = Attention(bell)
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._max_pdu_bytes = max_pdu_bytes
        self._poll = select.poll()
        self._poll.register(self._wake_reader, select.POLLIN)
        self._polled: int | None = None
        self._pipe_lock = threading.Lock()
        self._pipe_open = True
        self._was_asked = False

    def send_pdu(self, primitive: Any) -> None:
        """Queue a primitive and wake the thread."""
        super().send_pdu(primitive)
        self.wake()

    def kill_dul(self) -> None:
        """End the thread."""
        super().kill_dul()
        self.wake()

    def stop_dul(self) -> bool:
        """End the thread if the connection is closed; says whether it was."""
        self.wake()
        if self.state_machine.current_state != _IDLE:
            return False
        self._kill_thread = True
        self.join(timeout=10)
        return True

    def wake(self) -> None:
        """Let the thread look around now."""
        with self._pipe_lock:
            if self._pipe_open:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._wake_writer, b"w")

    def run_reactor(self) -> None:
        """Carry PDUs and primitives until the association ends."""
        self._idle_timer.start()
        self.assoc._dul_ready.set()
        try:
            while not self._kill_thread:
                self._turn()
        finally:
            with self._pipe_lock:
                self._pipe_open = False
                os.close(self._wake_reader)
                os.close(self._wake_writer)

    def _turn(self) -> None:
        try:
            idle = not self._advance()
        except Exception as error:  # noqa: BLE001 - whatever it is, only this association may end
            self._fail(error)
            return
        if idle:
            self._wait()

    def _advance(self) -> bool:
        """Do one thing; says whether there was one to do."""
        if self.artim_timer.expired:
            self.event_queue.put("Evt18")
        if not self._process_recv_primitive() and self._is_transport_event():
            self._idle_timer.restart()
        try:
            event = self.event_queue.get(block=False)
        except queue.Empty:
            return False
        self.state_machine.do_action(event)
        state = self.state_machine.current_state
        self._was_asked = self._was_asked or state == _REQUESTED
        if state == _IDLE and not self._was_asked:
            # Closed before it asked for an association (a TCP probe, noise): nobody need wait for that any more.
            self.to_user_queue.put(cast("Any", None))
        return True

    def _wait(self) -> None:
        if self.state_machine.current_state == _AWAITING_CLOSE:
            return
        association_socket = cast("PromptSocket", self.socket)
        self._follow(association_socket)
        with contextlib.suppress(OSError):
            association_socket.acknowledge_at_once()
        for descriptor, _event in self._poll.poll(WATCH_SECONDS * 1000):
            if descriptor == self._wake_reader:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_reader, 4096)

    def _follow(self, association_socket: PromptSocket) -> None:
        """Poll the connection as long as it is open."""
        connection = association_socket.socket
        descriptor = -1 if connection is None else connection.fileno()
        if self._polled == descriptor:
            return
        if self._polled is not None and self._polled >= 0:
            with contextlib.suppress(KeyError, OSError):
                self._poll.unregister(self._polled)
        if descriptor >= 0:
            self._poll.register(descriptor, select.POLLIN)
        self._polled = descriptor

    def _fail(self, error: Exception) -> None:
        structlog.get_logger("dosebus.scp").error(
            "association broken", error=type(error).__name__, text=str(error)
        )
        abort = A_ABORT_RQ()
        abort.source = 0x02
        abort.reason_diagnostic = 0x00
        if self.socket is not None and self.socket.socket is not None:
            self.socket.send(abort.encode())
        self.assoc.is_aborted = True
        self.assoc.is_established = False
        self.assoc._kill = True
        self._kill_thread = True

    def _read_pdu_data(self) -> None:
        """Read one PDU: a P-DATA-TF the short way, any other by pynetdicom's own code."""
        association_socket = cast("PromptSocket", self.socket)
        try:
            head = association_socket.recv(_PDU_HEADER.size)
            if len(head) < _PDU_HEADER.size:
                self.event_queue.put("Evt17")
                return
            kind, _reserved, length = _PDU_HEADER.unpack(head)
            if length > self._max_pdu_bytes:
                self.event_queue.put("Evt19")
                return
            if kind != P_DATA_TF:
                association_socket.unread(head)
                super()._read_pdu_data()
                return
            body = association_socket.recv(length)
        except OSError:
            self.event_queue.put("Evt17")
            return
        if len(body) < length:
            self.event_queue.put("Evt17")
            return
        try:
            self._recv_pdu.put(cast("Any", parse_data_pdu(body)))
        except ValueError:
            self.event_queue.put("Evt19")
            return
        self.event_queue.put("Evt10")
