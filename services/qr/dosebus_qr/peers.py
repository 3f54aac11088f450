"""Talking to a node: C-ECHO, C-FIND and C-MOVE as SCU, with errors that say what happened."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom._handlers import (
    standard_dimse_recv_handler,
    standard_dimse_sent_handler,
    standard_pdu_recv_handler,
    standard_pdu_sent_handler,
)
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.status import code_to_category

from dosebus.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dosebus.dicom.requestor import give_answers_to_who_asked, without_delay
from dosebus.dicom.storage import UNCOMPRESSED, VERIFICATION
from dosebus.dicom.tls import client_context
from dosebus_qr.node import Node
from dosebus_qr.settings import QrSettings

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"

TOO_MANY = frozenset((0xA700, 0xA702))
"""Out of resources: asking for fewer days may help (PS3.4 C.4.1.1.4)."""
MOVE_DESTINATION_UNKNOWN = 0xA801
_REJECTED_BY_NODE = "the node rejected the association"

_LOUD_HANDLERS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (evt.EVT_DIMSE_RECV, standard_dimse_recv_handler),
    (evt.EVT_DIMSE_SENT, standard_dimse_sent_handler),
    (evt.EVT_PDU_RECV, standard_pdu_recv_handler),
    (evt.EVT_PDU_SENT, standard_pdu_sent_handler),
)


class PeerError(Exception):
    """A node cannot be asked or did not answer; says what happened. Trying again may help."""


class UnreachableError(PeerError):
    """No connection to the node."""


class RefusedError(PeerError):
    """The node answered, but not with what was asked for; trying again will not help."""


class TooManyAnswersError(PeerError):
    """The node, or we, will not take so many answers at once."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a node says of a C-MOVE: objects sent, failed, still to send; `failure` is None after success."""

    completed: int
    failed: int
    remaining: int
    failure: str | None = None
    hopeless: bool = False


class Peer:
    """An open association with a node."""

    def __init__(self, association: Association, max_answers: int) -> None:
        self._association = association
        self._max_answers = max_answers

    def echo(self) -> float:
        """Milliseconds that a C-ECHO took. Raises PeerError."""
        began = time.perf_counter()
        status = self._association.send_c_echo()
        if "Status" not in status:
            raise PeerError("no answer to C-ECHO")
        if status.Status != 0x0000:
            raise RefusedError(f"C-ECHO answered with status {status.Status:04X}")
        return (time.perf_counter() - began) * 1000

    def find(self, keys: Dataset) -> Iterator[Dataset]:
        """The answers to a C-FIND. Raises TooManyAnswersError, PeerError."""
        count = 0
        for status, answer in self._association.send_c_find(keys, STUDY_ROOT_FIND):
            if "Status" not in status:
                raise PeerError("the node stopped answering C-FIND")
            category = code_to_category(status.Status)
            if status.Status in TOO_MANY:
                raise TooManyAnswersError("the node has too many answers")
            if category == "Pending" and answer is not None:
                count += 1
                if count > self._max_answers:
                    self._association.abort()
                    raise TooManyAnswersError(f"more than {self._max_answers} answers")
                yield answer
            elif category in ("Failure", "Cancel"):
                raise RefusedError(f"C-FIND ended with status {status.Status:04X}")

    def move(self, keys: Dataset, destination: str, goes_on: Callable[[Moved], bool]) -> Moved:
        """Have the node send objects to `destination`; `goes_on` hears of progress and may end it with False.

        Raises PeerError when the node stops answering.
        """
        message_id = 1
        asked_to_end = False
        moved = Moved(0, 0, 0, "no answer")
        for status, _answer in self._association.send_c_move(
            keys, destination, STUDY_ROOT_MOVE, msg_id=message_id
        ):
            if "Status" not in status:
                raise PeerError("the node stopped answering C-MOVE")
            moved = _moved(status)
            if not goes_on(moved) and not asked_to_end and code_to_category(status.Status) == "Pending":
                self._association.send_c_cancel(message_id, query_model=STUDY_ROOT_MOVE)
                asked_to_end = True
        return moved


def _moved(status: Dataset) -> Moved:
    category = code_to_category(status.Status)
    failure = None
    if category in ("Failure", "Warning", "Cancel"):
        failure = f"C-MOVE ended with status {status.Status:04X}"
    if status.Status == MOVE_DESTINATION_UNKNOWN:
        failure = "the node does not know the AE title it should send to"
    return Moved(
        completed=_number(status, "NumberOfCompletedSuboperations"),
        failed=_number(status, "NumberOfFailedSuboperations"),
        remaining=_number(status, "NumberOfRemainingSuboperations"),
        failure=failure,
        hopeless=status.Status == MOVE_DESTINATION_UNKNOWN,
    )


def _number(status: Dataset, keyword: str) -> int:
    value = status.get(keyword)
    return 0 if value is None else int(value)


@contextmanager
def connected(node: Node, settings: QrSettings, *services: str) -> Iterator[Peer]:
    """An association with a node for some services, released at the end. Raises UnreachableError, RefusedError."""
    entity = ApplicationEntity(node.calling_ae_title or settings.ingest_ae_title)
    entity.connection_timeout = settings.connect_timeout_seconds
    entity.acse_timeout = settings.acse_timeout_seconds
    entity.dimse_timeout = settings.dimse_timeout_seconds
    entity.network_timeout = settings.dimse_timeout_seconds
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    for uid in services:
        entity.add_requested_context(uid, list(UNCOMPRESSED[:2]))
    association = _associate(entity, node, settings)
    try:
        accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
        if not accepted.issuperset(services):
            raise RefusedError("the node does not offer the service")
        yield Peer(association, settings.qr_max_answers)
    except (RuntimeError, ValueError) as error:
        raise PeerError(f"the association ended: {error}") from error
    finally:
        if association.is_established:
            association.release()


def verification(node: Node, settings: QrSettings) -> contextlib.AbstractContextManager[Peer]:
    """An association for C-ECHO."""
    return connected(node, settings, VERIFICATION)


def _associate(entity: ApplicationEntity, node: Node, settings: QrSettings) -> Association:
    connections: list[bool] = []

    def opened(event: evt.Event) -> None:
        connections.append(True)
        without_delay(event)

    handlers: list[Any] = [(evt.EVT_CONN_OPEN, opened)]
    tls: Any = None
    if node.tls:
        context = client_context(settings.tls_ca_file, settings.tls_certificate_file, settings.tls_key_file)
        tls = (context, node.host)
    try:
        association = entity.associate(
            node.host, node.port, ae_title=node.ae_title, evt_handlers=handlers, tls_args=tls
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreachableError(f"no connection: {error}") from error
    for event, handler in _LOUD_HANDLERS:
        # They would write the answers of the node to the log.
        association.unbind(event, handler)
    if association.is_established:
        give_answers_to_who_asked(association)
        return association
    if association.is_rejected:
        raise RefusedError(_REJECTED_BY_NODE)
    raise UnreachableError("the node did not accept in time" if connections else "no connection")
