"""qr and ingest as running services, and small reports to query for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydicom.dataset import Dataset, FileMetaDataset

from dosebus.bus.local import LocalBus
from dosebus.bus.message import Outgoing
from dosebus.dicom.storage import EXPLICIT_VR_LITTLE_ENDIAN, XRAY_RADIATION_DOSE_SR
from dosebus.events.base import Event
from dosebus.events.envelope import Envelope
from dosebus.runtime.host import Host
from dosebus.store.engine import driver_url
from dosebus_ingest.service import SERVICE as INGEST
from dosebus_ingest.settings import IngestSettings
from dosebus_qr.service import SERVICE as QR
from dosebus_qr.settings import QrSettings
from tests.fixtures.network import free_port

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


def dicom_object(study: str, series: str, uid: str, **more: Any) -> bytes:
    """A small object as a file; a dose report unless told otherwise."""
    dataset = Dataset()
    dataset.SOPClassUID = more.pop("sop_class_uid", XRAY_RADIATION_DOSE_SR)
    dataset.SOPInstanceUID = uid
    dataset.StudyInstanceUID = study
    dataset.SeriesInstanceUID = series
    dataset.Modality = more.pop("modality", "SR")
    dataset.StudyDate = more.pop("study_date", "20260115")
    dataset.StudyTime = "101500"
    dataset.PatientID = "P1"
    dataset.PatientName = "Secret^Person"
    dataset.AccessionNumber = ""
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = uid
    dataset.file_meta = meta
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@dataclass
class Hospital:
    """Running qr and ingest services, and the bus to command them."""

    database_url: str
    settings: QrSettings
    ingest_settings: IngestSettings
    bus: LocalBus
    engine: sa.Engine
    hosts: list[Host] = field(default_factory=list)

    def start(self) -> Host:
        """Start the services."""
        host = Host((QR, INGEST), {"qr": self.settings, "ingest": self.ingest_settings})
        host.start()
        self.hosts.append(host)
        return host

    def stop(self) -> None:
        """Stop whatever runs."""
        while self.hosts:
            self.hosts.pop().stop()

    def command(self, event: Event) -> None:
        """Send a command as web does."""
        envelope = Envelope.of(event)
        self.bus.publish([Outgoing(envelope.id, event.topic, envelope.to_bytes(), True)])

    def rows(self, statement: str, **parameters: object) -> list[Any]:
        """Rows of a query."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(statement), parameters).all())

    def execute(self, statement: str, **parameters: object) -> None:
        """Change something by hand."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), parameters)

    def add_node(self, port: int, ae_title: str = "ORTHANC", **more: object) -> int:
        """Configure a node."""
        values = {"name": f"node {uuid4()}", "ae_title": ae_title, "host": "127.0.0.1", "port": port, **more}
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        with self.engine.begin() as connection:
            statement = f"INSERT INTO config.node ({names}) VALUES ({places}) RETURNING id"  # noqa: S608
            return int(connection.execute(sa.text(statement), values).scalar_one())

    def job(self, job_id: UUID) -> Any:
        """A job's row, or None while it is not there."""
        found = self.rows("SELECT * FROM qr.job WHERE id = :id", id=job_id)
        return found[0] if found else None

    def ended(self, job_id: UUID, seconds: float = 120) -> Any:
        """A job's row once it is over."""

        def over() -> bool:
            row = self.job(job_id)
            return row is not None and row.ended_at is not None

        assert wait_until(over, seconds), self.job(job_id)
        return self.job(job_id)

    def studies(self, query_id: UUID) -> dict[str, tuple[bool, str]]:
        """What became of each study of a query."""
        rows = self.rows("SELECT * FROM qr.study WHERE query_id = :id", id=query_id)
        return {row.study_instance_uid: (row.kept, row.reason_code) for row in rows}


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.fixture(scope="module")
def running_hospital(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    common = {
        "database_url": postgres_url,
        "bus_url": "local:",
        "blobs_url": (tmp_path_factory.mktemp("hospital") / "blobs").as_uri(),
        "http_port": 0,
        "drain_seconds": 5.0,
        "log_format": "console",
    }
    engine = sa.create_engine(driver_url(postgres_url))
    made = Hospital(
        postgres_url,
        QrSettings(**common, connect_timeout_seconds=3, qr_pause_seconds=0.2),  # type: ignore[arg-type]
        IngestSettings(**common, dicom_port=free_port(), min_free_bytes=0),  # type: ignore[arg-type]
        LocalBus(postgres_url, role="dosebus_web", name="test"),
        engine,
    )
    made.start()
    yield made
    made.stop()
    made.bus.close()
    engine.dispose()


@pytest.fixture
def hospital(running_hospital: Hospital) -> Hospital:
    """The running services with empty tables."""
    running_hospital.execute("TRUNCATE qr.job, qr.study, qr.series, qr.instance, qr.node_status")
    running_hospital.execute("TRUNCATE config.node, ingest.object")
    return running_hospital
