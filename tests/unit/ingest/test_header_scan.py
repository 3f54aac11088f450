"""The scan of a data set's front finds the identifying elements in every encoding, and gives up quietly."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from dosebus.dicom.header import Header, scan_header
from dosebus.dicom.part10 import encode_file_meta, read_file_meta
from dosebus.dicom.storage import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    XRAY_RADIATION_DOSE_SR,
)

STUDY = "1.2.3.4"


def report(*, undefined: bool) -> Dataset:
    inner = Dataset()
    inner.StudyInstanceUID = "9.9.9"
    inner.ReferencedSOPClassUID = "1.2"
    outer = Dataset()
    outer.ReferencedStudySequence = Sequence([inner])
    outer.ReferencedStudySequence.is_undefined_length = undefined
    inner.is_undefined_length_sequence_item = undefined
    dataset = Dataset()
    dataset.SOPClassUID = XRAY_RADIATION_DOSE_SR
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "SR"
    dataset.Manufacturer = "Maker"
    dataset.StationName = "ROOM 1"
    dataset.ProcedureCodeSequence = Sequence([outer])
    dataset["ProcedureCodeSequence"].is_undefined_length = undefined
    dataset.ManufacturerModelName = "Model"
    dataset.PatientName = "Somebody^Else"
    dataset.DeviceSerialNumber = "42"
    dataset.SoftwareVersions = "V1"
    dataset.StudyInstanceUID = STUDY
    dataset.SeriesInstanceUID = "1.2.5"
    return dataset


def encoded(dataset: Dataset, syntax: str) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = syntax == IMPLICIT_VR_LITTLE_ENDIAN
    buffer.is_little_endian = syntax != EXPLICIT_VR_BIG_ENDIAN
    write_dataset(buffer, dataset)
    data = BytesIO(buffer.getvalue()).read()
    if syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        data = squeezer.compress(data) + squeezer.flush()
    return data


@pytest.mark.parametrize("undefined", [False, True], ids=["defined", "undefined"])
@pytest.mark.parametrize(
    "syntax",
    [
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ],
)
def test_every_encoding_is_read_past_its_sequences(syntax: str, undefined: bool) -> None:
    assert scan_header(encoded(report(undefined=undefined), syntax), syntax) == Header(
        sop_class_uid=XRAY_RADIATION_DOSE_SR,
        sop_instance_uid="1.2.3",
        modality="SR",
        manufacturer="Maker",
        station_name="ROOM 1",
        model="Model",
        device_serial_number="42",
        software_version="V1",
        study_instance_uid=STUDY,
    )


def test_a_data_set_without_study_has_none() -> None:
    dataset = report(undefined=True)
    del dataset.StudyInstanceUID
    header = scan_header(encoded(dataset, EXPLICIT_VR_LITTLE_ENDIAN), EXPLICIT_VR_LITTLE_ENDIAN)
    assert header.study_instance_uid is None
    assert header.sop_instance_uid == "1.2.3"


def test_a_cut_front_gives_what_was_before_the_cut() -> None:
    data = encoded(report(undefined=False), EXPLICIT_VR_LITTLE_ENDIAN)
    header = scan_header(data[:110], EXPLICIT_VR_LITTLE_ENDIAN)
    assert header.sop_instance_uid == "1.2.3"
    assert header.study_instance_uid is None


@given(
    st.binary(max_size=2000),
    st.sampled_from(
        [
            EXPLICIT_VR_LITTLE_ENDIAN,
            IMPLICIT_VR_LITTLE_ENDIAN,
            EXPLICIT_VR_BIG_ENDIAN,
            DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            "",
        ]
    ),
)
def test_random_bytes_never_raise(data: bytes, syntax: str) -> None:
    header = scan_header(data, syntax)
    assert header.study_instance_uid is None or header.study_instance_uid.isprintable()


def test_file_meta_is_read_back_and_does_not_depend_on_time_or_sender() -> None:
    head = encode_file_meta("1.2", "1.2.3", EXPLICIT_VR_LITTLE_ENDIAN)
    assert head == encode_file_meta("1.2", "1.2.3", EXPLICIT_VR_LITTLE_ENDIAN)
    meta = read_file_meta(head + b"\x08\x00\x05\x00")
    assert meta is not None
    assert (meta.sop_class_uid, meta.sop_instance_uid) == ("1.2", "1.2.3")
    assert meta.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    assert meta.dataset_offset == len(head)


def test_pydicom_reads_our_file_meta() -> None:
    from pydicom import dcmread

    data = encode_file_meta(XRAY_RADIATION_DOSE_SR, "1.2.3", EXPLICIT_VR_LITTLE_ENDIAN) + encoded(
        report(undefined=False), EXPLICIT_VR_LITTLE_ENDIAN
    )
    dataset = dcmread(BytesIO(data))
    assert dataset.file_meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert dataset.StudyInstanceUID == STUDY


@given(st.binary(max_size=600))
def test_random_file_heads_never_raise(data: bytes) -> None:
    assert read_file_meta(data) is None or data[128:132] == b"DICM"
    read_file_meta(b"\x00" * 128 + b"DICM" + data)
