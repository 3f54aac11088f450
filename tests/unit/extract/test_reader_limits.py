"""Broken and malicious bytes end in a clear reason, quickly and without much memory."""

from __future__ import annotations

import random
import time
import zlib
from pathlib import Path

import pytest

from dosebus.domain.contribution import Contribution
from dosebus_extract.archive import header_of
from dosebus_extract.merge import combine
from dosebus_extract.read import Ignored, Rejected, read_object
from dosebus_extract.sr.encoding import MAX_DEPTH
from dosebus_extract.sr.reader import UnreadableObject, read_dicom
from tests.unit.extract import dose_objects as make

SEQUENCE = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff"
ITEM = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"


def bare(body: bytes) -> bytes:
    return b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + body


def test_every_truncation_of_a_report_is_told_as_such() -> None:
    data = make.encoded(make.ct_report(["1.2.3.4", "1.2.3.5"]))
    for end in range(0, len(data) - 1, 7):
        with pytest.raises((Rejected, Ignored)) as refused:
            read_object(data[:end])
        assert refused.value.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a DICOM object"),
        (b"hello, this is no DICOM object at all", "not a DICOM object"),
        (bytes(128) + b"DICM", "holds no data set"),
        (bare(SEQUENCE), "has no end"),
        (bare((SEQUENCE + ITEM) * (MAX_DEPTH + 2)), "nested deeper"),
        (bare(b"\x08\x00\x18\x00UI\xff\xff1.2"), "ends inside a value"),
        (bare(b"\x08\x00\x18"), "ends inside an element's head"),
    ],
)
def test_the_reason_says_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableObject, match=reason) as refused:
        read_dicom(data)
    assert refused.value.where


def test_nested_sequences_of_unknown_representation_do_not_double_the_work() -> None:
    unknown = b"\x40\x00\x30\xa7UN\0\0\xff\xff\xff\xff" + ITEM
    start = time.process_time()
    with pytest.raises(UnreadableObject):
        read_dicom(bare(unknown * 40))
    assert time.process_time() - start < 2


IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


def labelled(data: bytes, is_in: str, says: str) -> bytes:
    """The file with another transfer syntax in its file meta information."""

    def element(syntax: str) -> bytes:
        value = syntax.encode() + b"\0" * (len(syntax) % 2)
        return b"\x02\x00\x10\x00UI" + len(value).to_bytes(2, "little") + value

    assert element(is_in) in data
    return data.replace(element(is_in), element(says))


@pytest.mark.parametrize("is_in", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize(
    "says", [IMPLICIT, EXPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.4.70", "1.2.840.113619.5.2"]
)
def test_a_file_under_a_wrong_transfer_syntax_is_read_as_what_it_is(is_in: str, says: str) -> None:
    data = labelled(make.encoded(make.ct_report(["1.2.3.4"]), is_in), is_in, says)
    (report,) = read_object(data).study.ct_reports
    assert report.events[0].dlp_mgycm == 100.0


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("zeros", [1, 7, 8, 9, 512])
def test_zeros_that_fill_a_file_up_are_no_element(syntax: str, zeros: int) -> None:
    data = make.encoded(make.ct_report(["1.2.3.4"]), syntax)
    assert read_object(data + bytes(zeros)) == read_object(data)


def test_a_deflated_bomb_is_not_inflated() -> None:
    data = make.encoded(make.ct_report(["1.2.3.4"]), "1.2.840.10008.1.2.1.99")
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(80_000_000)) + packer.flush()
    with pytest.raises(UnreadableObject, match="inflates to more"):
        read_dicom(data[:meta_end] + bomb)


def test_pixel_data_is_not_read() -> None:
    image = make.header("1.2.840.10008.5.1.4.1.1.128", Modality="PT")
    image.Rows, image.Columns, image.BitsAllocated = 1, 1, 8
    image.PixelData = bytes(100)
    header = read_dicom(make.encoded(image)[:-50]).header
    assert not header.has(0x7FE00010)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom tells of what it mends
def test_mutated_reports_never_crash() -> None:
    rng = random.Random(20240301)
    seeds = [
        make.encoded(make.ct_report(["1.2.3.4"])),
        make.encoded(make.ct_report(["1.2.3.4"]), undefined=True),
        make.encoded(make.projection_report(make.projection_event("1.2.3.4")), "1.2.840.10008.1.2"),
        make.encoded(make.projection_report(make.projection_event("1.2.3.4")), "1.2.840.10008.1.2.2"),
    ]
    outcomes = set()
    for _ in range(1500):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            contribution = read_object(bytes(data))
        except (Ignored, Rejected) as refused:
            outcomes.add(type(refused).__name__ if refused.reason else "without a reason")
        else:
            assert Contribution.model_validate_json(contribution.model_dump_json()) == contribution
            combine([contribution])
            outcomes.add("recorded")
    assert {"Rejected", "recorded"} <= outcomes <= {"Rejected", "recorded", "Ignored"}


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_an_image_is_cut_before_its_pixels_and_tells_the_same(syntax: str, tmp_path: Path) -> None:
    made = make.header("1.2.840.10008.5.1.4.1.1.1.1", Modality="DX", KVP="81", PatientComments="x" * 300)
    made.Rows = made.Columns = 64
    made.BitsAllocated, made.SamplesPerPixel, made.PixelRepresentation = 8, 1, 0
    made.PixelData = bytes(range(256)) * 16
    made["PixelData"].VR = "OB"
    whole = make.encoded(made, syntax)
    stored = tmp_path / "image.dcm"
    stored.write_bytes(whole)
    header = header_of(stored)
    assert header == header_of(whole)
    assert whole.startswith(header)
    assert len(whole) - len(header) in {4096 + 8, 4096 + 12}
    assert read_object(header) == read_object(whole)
