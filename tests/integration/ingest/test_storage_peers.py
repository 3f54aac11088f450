"""Real peers store: dcmtk's tools, pynetdicom as SCU, plain and with TLS."""

from __future__ import annotations

import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import XRayRadiationDoseSRStorage  # type: ignore[attr-defined]

from dosebus.dicom.storage import EXPLICIT_VR_LITTLE_ENDIAN, STORAGE_CLASSES, TRANSFER_SYNTAXES
from dosebus.dicom.tls import client_context
from tests.integration.ingest.conftest import Intake, running_intake


def report(path: Path, number: int = 1) -> Path:
    """A small dose report as a file."""
    dataset = Dataset()
    dataset.SOPClassUID = XRayRadiationDoseSRStorage
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.Modality = "SR"
    dataset.Manufacturer = "Maker"
    dataset.PatientName = "Nobody^Special"
    dataset.StudyInstanceUID = "1.2.9"
    dataset.SeriesInstanceUID = "1.2.9.1"
    dataset.ContentDate = "20260101"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    file = path / f"report{number}.dcm"
    dataset.save_as(file, enforce_file_format=True)
    return file


def dcmtk(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(a) for a in arguments], capture_output=True, text=True, timeout=180, check=False
    )


def test_echoscu_is_answered(intake: Intake) -> None:
    answer = dcmtk("echoscu", "-v", "127.0.0.1", intake.port)
    assert answer.returncode == 0, answer.stderr


def test_storescu_is_believed_only_after_all_is_durable(intake: Intake, tmp_path: Path) -> None:
    files = [report(tmp_path, number) for number in (1, 2)]
    answer = dcmtk("storescu", "-v", "-aet", "CT1", "-aec", "ANYTHING", "127.0.0.1", intake.port, *files)
    assert answer.returncode == 0, answer.stderr
    rows = intake.rows()
    assert [row.sop_instance_uid for row in rows] == ["1.2.3.1", "1.2.3.2"]
    assert {row.calling_ae_title for row in rows} == {"CT1"}
    assert {row.called_ae_title for row in rows} == {"ANYTHING"}
    assert {row.peer_address for row in rows} == {"127.0.0.1"}
    assert {row.study_instance_uid for row in rows} == {"1.2.9"}
    for row, letter in zip(rows, intake.letters(), strict=True):
        assert letter.data["object_id"] == str(row.object_id)
        assert letter.data["blob_key"] == row.blob_key
        with intake.blobs.open(row.blob_key) as file:
            kept = dcmread(file)
        assert kept.SOPInstanceUID == row.sop_instance_uid
        assert kept.PatientName == "Nobody^Special"
    assert "Nobody" not in str(intake.letters())


def test_a_repeated_object_is_acknowledged_but_published_once(intake: Intake, tmp_path: Path) -> None:
    file = report(tmp_path)
    for _ in range(3):
        assert dcmtk("storescu", "127.0.0.1", intake.port, file).returncode == 0
    assert [row.status for row in intake.rows()] == ["stored", "duplicate", "duplicate"]
    first = intake.rows()[0]
    assert {row.duplicate_of for row in intake.rows()[1:]} == {first.object_id}
    assert len(intake.letters()) == 1


def test_another_version_of_an_object_is_kept_beside_the_first(intake: Intake, tmp_path: Path) -> None:
    file = report(tmp_path)
    assert dcmtk("storescu", "127.0.0.1", intake.port, file).returncode == 0
    changed = dcmread(file)
    changed.ContentDate = "20260102"
    changed.save_as(file)
    assert dcmtk("storescu", "127.0.0.1", intake.port, file).returncode == 0
    assert [row.status for row in intake.rows()] == ["stored", "stored"]
    assert len({row.blob_key for row in intake.rows()}) == 2
    assert len(intake.letters()) == 2


def test_every_class_and_transfer_syntax_is_accepted(intake: Intake) -> None:
    for syntax in TRANSFER_SYNTAXES:
        entity = AE()
        for uid in STORAGE_CLASSES:
            entity.add_requested_context(uid, syntax)
        association = entity.associate("127.0.0.1", intake.port)
        assert association.is_established
        assert len(association.accepted_contexts) == len(STORAGE_CLASSES), syntax
        association.release()


def test_pynetdicom_stores_and_many_at_once_lose_nothing(intake: Intake, tmp_path: Path) -> None:
    def send(first: int) -> None:
        entity = AE(ae_title=f"SCU{first}")
        entity.add_requested_context(XRayRadiationDoseSRStorage, EXPLICIT_VR_LITTLE_ENDIAN)
        association = entity.associate("127.0.0.1", intake.port)
        for number in range(first, first + 5):
            statuses.append(association.send_c_store(dcmread(report(tmp_path, number))).Status)
        association.release()

    statuses: list[int] = []
    threads = [threading.Thread(target=send, args=(first,)) for first in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0x0000] * 30
    assert len({row.sop_instance_uid for row in intake.rows(status="stored")}) == 30
    assert len(intake.letters()) == 30


def test_unknown_ae_titles_are_rejected(postgres_url: str, tmp_path: Path) -> None:
    with running_intake(
        postgres_url, tmp_path / "blobs", called_ae_titles=("DOSEBUS", "SECOND"), calling_ae_titles=("CT1",)
    ) as intake:
        assert dcmtk("echoscu", "-aet", "CT1", "-aec", "SECOND", "127.0.0.1", intake.port).returncode == 0
        wrong_called = dcmtk("echoscu", "-aet", "CT1", "-aec", "OTHER", "127.0.0.1", intake.port)
        assert "Called AE Title Not Recognized" in wrong_called.stderr
        wrong_calling = dcmtk("echoscu", "-aet", "CT2", "-aec", "DOSEBUS", "127.0.0.1", intake.port)
        assert "Calling AE Title Not Recognized" in wrong_calling.stderr


def test_unwanted_objects_are_acknowledged_and_not_kept(postgres_url: str, tmp_path: Path) -> None:
    rules = ({"field": "manufacturer", "pattern": "make?"},)
    with running_intake(postgres_url, tmp_path / "blobs", arrival_rules=rules) as intake:
        assert dcmtk("storescu", "127.0.0.1", intake.port, report(tmp_path)).returncode == 0
        (row,) = intake.rows()
        assert (row.status, row.blob_key) == ("unwanted", None)
        assert "manufacturer" in row.reason
        assert intake.letters() == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tmp_path / "cert.pem", tmp_path / "key.pem"


def test_tls_is_spoken_when_set(postgres_url: str, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    with running_intake(
        postgres_url, tmp_path / "blobs", tls_certificate_file=cert, tls_key_file=key, tls_ca_file=cert
    ) as intake:
        entity = AE()
        entity.add_requested_context(XRayRadiationDoseSRStorage, EXPLICIT_VR_LITTLE_ENDIAN)
        context = client_context(cert, cert, key)
        seen: list[str | None] = []

        def note(event: evt.Event) -> None:
            connection = event.assoc.dul.socket.socket
            seen.append(connection.version() if isinstance(connection, ssl.SSLSocket) else None)

        association = entity.associate(
            "localhost",
            intake.port,
            tls_args=(context, "localhost"),
            evt_handlers=[(evt.EVT_ESTABLISHED, note)],
        )
        assert association.is_established
        assert association.send_c_store(dcmread(report(tmp_path))).Status == 0x0000
        association.release()
        assert seen == ["TLSv1.3"]
        assert len(intake.rows()) == 1
        plain = entity.associate("127.0.0.1", intake.port)
        assert not plain.is_established
        stranger = ssl.create_default_context(cafile=str(cert))
        unknown = entity.associate("localhost", intake.port, tls_args=(stranger, "localhost"))
        assert not unknown.is_established
