"""DIMSE messages: a C-STORE request goes straight to the spool, the rest to pynetdicom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from dosebus_ingest.association.command import StoreCommand, parse_store_command
from dosebus_ingest.association.pdata import Fragment, ReceivedData, data_primitive
from dosebus_ingest.association.reactor import Attention
from dosebus_ingest.spool import Spooled

if TYPE_CHECKING:
    from pynetdicom.association import Association

MakePlace = Callable[[StoreCommand, str], Spooled]
"""Makes a place for the object of a C-STORE request; the second argument is its transfer syntax."""


@dataclass(slots=True, eq=False)
class StoreRequest:
    """A C-STORE request whose data set has come, or could not be kept (`error`)."""

    command: StoreCommand
    context_id: int
    transfer_syntax_uid: str
    spooled: Spooled | None
    error: OSError | None = None

    def write(self, data: memoryview) -> None:
        """Append to the object; after an error the rest is let go."""
        if self.spooled is None:
            return
        try:
            self.spooled.write(data)
        except OSError as error:
            self.give_up(error)

    def give_up(self, error: OSError | None = None) -> None:
        """Throw away what has come."""
        self.error = error
        if self.spooled is not None:
            self.spooled.discard()
            self.spooled = None


class SpoolingMessages(DIMSEServiceProvider):
    """Assembles messages. Nothing is decoded but a few elements of the command."""

    def __init__(self, association: Association, bell: threading.Event, place: MakePlace) -> None:
        super().__init__(association)
        self.msg_queue = Attention(bell)
        self._place = place
        self._command = bytearray()
        self._incoming: StoreRequest | None = None

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a P-DATA indication of the state machine."""
        for fragment in cast("ReceivedData", primitive).fragments:
            if fragment.is_command:
                self._take_command(fragment)
            elif self._incoming is not None:
                self._take_object(self._incoming, fragment)
            else:
                self._pass_on(fragment, bytes(fragment.data))

    def close(self) -> None:
        """Throw away what was not served."""
        if self._incoming is not None:
            self._incoming.give_up()
            self._incoming = None
        while not self.msg_queue.empty():
            self._forget(self.msg_queue.get(block=False)[1])

    @staticmethod
    def _forget(message: object) -> None:
        if isinstance(message, StoreRequest):
            message.give_up()

    def _take_command(self, fragment: Fragment) -> None:
        self._command += fragment.data
        if not fragment.is_last:
            return
        encoded, self._command = bytes(self._command), bytearray()
        command = parse_store_command(encoded)
        context = self.assoc._accepted_cx.get(fragment.context_id)
        if command is None or context is None:
            self._pass_on(fragment, encoded)
            return
        syntax = str(context.transfer_syntax[0])
        self._incoming = StoreRequest(command, fragment.context_id, syntax, None)
        try:
            self._incoming.spooled = self._place(command, syntax)
        except OSError as error:
            self._incoming.error = error

    def _take_object(self, incoming: StoreRequest, fragment: Fragment) -> None:
        incoming.write(fragment.data)
        if fragment.is_last:
            self._incoming = None
            self.msg_queue.put((incoming.context_id, cast("Any", incoming)))

    def _pass_on(self, fragment: Fragment, data: bytes) -> None:
        super().receive_primitive(data_primitive(fragment.context_id, fragment.control, data))
