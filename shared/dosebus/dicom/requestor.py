"""What an association that we open needs so that no answer comes late or gets lost."""

from __future__ import annotations

import socket
from typing import Any

from pynetdicom import evt
from pynetdicom.association import Association


def without_delay(event: evt.Event) -> None:
    """Send small last segments at once, instead of waiting 40 ms for the receiver's delayed acknowledgement.

    A handler of `evt.EVT_CONN_OPEN`.
    """
    connection = event.assoc.dul.socket
    if connection is not None and connection.socket is not None:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def give_answers_to_who_asked(association: Association) -> None:
    """Keep pynetdicom's reactor thread from taking the answer that a `send_c_...` waits for until its time-out.

    The reactor is told to pause while somebody asks, but on a busy machine it may look once more after that. It looks
    for requests of the peer, which an association gets only if we offered to serve on it: we never do.
    """
    take = association.dimse.get_msg

    def take_if_awaited(block: bool = False) -> Any:
        return take(block=True) if block else (None, None)

    association.dimse.get_msg = take_if_awaited  # type: ignore[method-assign]
