"""Commands and P-DATA PDUs as bytes."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID
from pynetdicom.dimse_messages import C_STORE_RQ, C_STORE_RSP
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import decode, encode

from dosebus_ingest.association.command import StoreCommand, encode_store_response, parse_store_command
from dosebus_ingest.association.pdata import data_primitive, parse_data_pdu


def store_request() -> bytes:
    """A command set as pynetdicom encodes it."""
    primitive = C_STORE()
    primitive.MessageID = 7
    primitive.AffectedSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.88.67")
    primitive.AffectedSOPInstanceUID = UID("1.2.3.45")
    primitive.Priority = 2
    primitive.DataSet = BytesIO(b"x")
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, True, True)
    assert encoded is not None
    return encoded


def test_a_store_request_is_understood() -> None:
    assert parse_store_command(store_request()) == StoreCommand(
        7, "1.2.840.10008.5.1.4.1.1.88.67", "1.2.3.45"
    )


def test_another_command_is_left_to_others() -> None:
    from pynetdicom.dimse_messages import C_ECHO_RQ

    primitive = C_ECHO()
    primitive.MessageID = 1
    primitive.AffectedSOPClassUID = UID("1.2.840.10008.1.1")
    message = C_ECHO_RQ()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, True, True)
    assert encoded is not None
    assert parse_store_command(encoded) is None


@pytest.mark.parametrize(("status", "comment"), [(0x0000, ""), (0xA700, "storage not available")])
def test_pynetdicom_understands_our_response(status: int, comment: str) -> None:
    encoded = encode_store_response(
        StoreCommand(7, "1.2.840.10008.5.1.4.1.1.88.67", "1.2.3.45"), status, comment
    )
    message = C_STORE_RSP()
    message.command_set = decode(BytesIO(encoded), True, True)
    message.context_id = 1
    response = message.message_to_primitive()
    assert isinstance(response, C_STORE)
    assert response.is_valid_response
    assert response.MessageIDBeingRespondedTo == 7
    assert response.Status == status
    assert response.AffectedSOPInstanceUID == "1.2.3.45"
    assert (response.ErrorComment or "") == comment


@given(st.binary(max_size=300))
def test_random_commands_never_raise(data: bytes) -> None:
    command = parse_store_command(data)
    assert command is None or command.message_id >= 0


def test_a_pdu_is_taken_apart() -> None:
    body = struct.pack(">LBB3s", 5, 1, 3, b"abc") + struct.pack(">LBB2s", 4, 1, 0, b"de")
    first, second = parse_data_pdu(body).fragments
    assert (first.context_id, bytes(first.data), first.is_command, first.is_last) == (1, b"abc", True, True)
    assert (bytes(second.data), second.is_command, second.is_last) == (b"de", False, False)


@pytest.mark.parametrize("body", [b"\x00\x00", struct.pack(">LBB", 100, 1, 0), struct.pack(">LBB", 1, 1, 0)])
def test_a_pdu_that_does_not_fit_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="presentation data value"):
        parse_data_pdu(body)


def test_our_primitive_is_encoded_by_pynetdicom() -> None:
    from pynetdicom.pdu import P_DATA_TF

    encoded = P_DATA_TF(data_primitive(5, 3, b"abcd")).encode()
    assert encoded == struct.pack(">BxLLBB4s", 4, 10, 6, 5, 3, b"abcd")
