"""No answer of a peer is lost, even if the library's reactor looks for messages while we wait for one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from dosebus.dicom.requestor import give_answers_to_who_asked
from dosebus.dicom.storage import VERIFICATION
from tests.fixtures.network import free_port

ECHOES = 50


@pytest.fixture
def association() -> Iterator[Association]:
    """An open association with a real peer, as we open them."""
    peer, port = AE(), free_port()
    peer.add_supported_context(VERIFICATION)
    server = peer.start_server(("127.0.0.1", port), block=False)
    entity = AE()
    entity.dimse_timeout = 5
    entity.add_requested_context(VERIFICATION)
    opened = entity.associate("127.0.0.1", port)
    assert opened.is_established
    give_answers_to_who_asked(opened)
    yield opened
    opened.release()
    server.shutdown()


def test_a_reactor_that_woke_up_late_takes_no_answer(association: Association) -> None:
    done = threading.Event()

    def look_as_the_reactor_does() -> None:
        while not done.is_set():
            association.dimse.get_msg(block=False)

    reactor = threading.Thread(target=look_as_the_reactor_does)
    reactor.start()
    try:
        answered = [association.send_c_echo() for _ in range(ECHOES)]
    finally:
        done.set()
        reactor.join()
    assert all("Status" in answer for answer in answered)
