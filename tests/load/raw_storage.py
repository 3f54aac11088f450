"""A storage SCU on a bare socket: costs next to nothing, so that a receiver is measured and not its sender.

It can also misbehave on purpose, which tests need: stay idle, stop in the middle, send what is no data set.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Self

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
CONTEXT_ID = 1


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """An explicit little-endian element."""
    if len(value) % 2:
        value += b"\x00" if vr in (b"UI", b"OB") else b" "
    if vr in (b"OB", b"OW", b"UN", b"UT", b"SQ"):
        return struct.pack("<HH2s2xL", group, number, vr, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def data_set(
    sop_instance_uid: str, study_instance_uid: str | None, size: int, sop_class_uid: str = DOSE_SR
) -> bytes:
    """An encoded data set of about `size` bytes with the identifying elements at their places."""
    study = b"" if study_instance_uid is None else element(0x20, 0x0D, b"UI", study_instance_uid.encode())
    front = b"".join(
        (
            element(0x08, 0x16, b"UI", sop_class_uid.encode()),
            element(0x08, 0x18, b"UI", sop_instance_uid.encode()),
            element(0x08, 0x60, b"CS", b"SR"),
            element(0x08, 0x70, b"LO", b"Manufacturer"),
            element(0x08, 0x1090, b"LO", b"Model"),
            study,
        )
    )
    return front + element(0x40, 0xA160, b"UT", b"x" * max(0, size - len(front) - 12))


def bare_data_set(file: bytes) -> bytes:
    """The encoded data set of a Part 10 file, as a C-STORE carries it (PS3.10 7.1)."""
    (meta_length,) = struct.unpack_from("<L", file, 140)
    return file[144 + meta_length :]


def command(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """A command set of (element number, value)."""
    body = b"".join(struct.pack("<HHL", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def store_command(message_id: int, sop_instance_uid: str, sop_class_uid: str = DOSE_SR) -> bytes:
    """A C-STORE request."""
    return command(
        (
            (0x0002, _even(sop_class_uid)),
            (0x0100, struct.pack("<H", 1)),
            (0x0110, struct.pack("<H", message_id)),
            (0x0700, struct.pack("<H", 0)),
            (0x0800, struct.pack("<H", 1)),
            (0x1000, _even(sop_instance_uid)),
        )
    )


def data_pdus(control: int, data: bytes, pdu_length: int) -> bytes:
    """P-DATA-TF PDUs of at most `pdu_length` bytes; `control` is 1 for a command, 0 for a data set."""
    size = pdu_length - 6
    pieces = []
    for position in range(0, len(data), size):
        part = data[position : position + size]
        last = 2 if position + size >= len(data) else 0
        pieces.append(struct.pack(">BxLLBB", 4, len(part) + 6, len(part) + 2, CONTEXT_ID, control | last))
        pieces.append(part)
    return b"".join(pieces)


@dataclass(slots=True)
class RawAssociation:
    """An open association with one presentation context."""

    connection: socket.socket
    _numbers: count[int]

    @classmethod
    def open(
        cls,
        port: int,
        *,
        sop_class_uid: str = DOSE_SR,
        called: str = "DOSEBUS",
        calling: str = "RAW",
        max_pdu: int = 131_072,
        nodelay: bool = False,
        timeout: float = 30.0,
    ) -> Self:
        """Connect and negotiate. Raises ConnectionError when rejected."""
        connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if nodelay:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(associate_request(sop_class_uid, called, calling, max_pdu))
        kind, body = receive_pdu(connection)
        if kind != 2:
            connection.close()
            raise ConnectionError(f"PDU type {kind} instead of an acceptance: {body.hex()}")
        return cls(connection, count(1))

    def store(
        self,
        sop_instance_uid: str,
        encoded: bytes,
        pdu_length: int = 131_072,
        sop_class_uid: str = DOSE_SR,
    ) -> int:
        """Send a C-STORE and give the status of its answer."""
        self.connection.sendall(
            data_pdus(1, store_command(next(self._numbers), sop_instance_uid, sop_class_uid), pdu_length)
            + data_pdus(0, encoded, pdu_length)
        )
        return self.answer()

    def answer(self) -> int:
        """The status in the next command that comes."""
        _kind, body = receive_pdu(self.connection)
        position = body.find(struct.pack("<HHL", 0, 0x0900, 2))
        return int(struct.unpack_from("<H", body, position + 8)[0])

    def release(self) -> None:
        """End in good order."""
        self.connection.sendall(struct.pack(">BxLL", 5, 4, 0))
        receive_pdu(self.connection)
        self.connection.close()


def associate_request(sop_class_uid: str, called: str, calling: str, max_pdu: int) -> bytes:
    """An A-ASSOCIATE-RQ PDU with one presentation context (PS3.8 9.3.2)."""
    context = _item(
        0x20,
        struct.pack("BBBB", CONTEXT_ID, 0, 0, 0)
        + _item(0x30, sop_class_uid.encode())
        + _item(0x40, EXPLICIT_LITTLE.encode()),
    )
    user = _item(0x50, _item(0x51, struct.pack(">L", max_pdu)) + _item(0x52, b"1.2.3.4"))
    body = (
        struct.pack(">H2x16s16s32x", 1, called.encode().ljust(16), calling.encode().ljust(16))
        + _item(0x10, APPLICATION_CONTEXT.encode())
        + context
        + user
    )
    return struct.pack(">BxL", 1, len(body)) + body


def receive_pdu(connection: socket.socket) -> tuple[int, bytes]:
    """Type and body of the next PDU. Raises ConnectionError when the connection ends."""
    kind, length = struct.unpack(">BxL", _exactly(connection, 6))
    return kind, _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ConnectionError("the peer closed the connection")
        data += part
    return bytes(data)


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def _even(uid: str) -> bytes:
    return uid.encode() + b"\x00" * (len(uid) % 2)
