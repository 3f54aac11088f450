"""Studies made by hand, written by the store of extract into a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dosebus.blobs.blobs import Blobs
from dosebus.domain.base import Code
from dosebus.domain.ct import CTEvent, CTReport, CTSource
from dosebus.domain.projection import (
    Filter,
    FluoroscopyAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
    ProjectionReport,
)
from dosebus.domain.radiopharmaceutical import Administration, RadiopharmaceuticalReport
from dosebus.domain.study import Equipment, Finding, Patient, Study, Totals
from dosebus.events.ingest import ObjectStored
from dosebus.store.engine import Database
from dosebus.store.packed import unpack
from dosebus.store.tables import dose
from dosebus_extract.consumers import record_dose
from dosebus_extract.devices import see_device
from dosebus_extract.reading_rules import ReadingCache
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_study import standing, write_study
from dosebus_simulator.simulated import SimulatedObject

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPIRAL = Code(code_value="116152004", coding_scheme_designator="SCT", code_meaning="Spiral Acquisition")
SINGLE = Code(code_value="113622", coding_scheme_designator="DCM", code_meaning="Single Plane")


def ct_study(
    number: int, *, dlp: float = 100.0, events: int = 2, model: str = "Somatom", **more: object
) -> Study:
    """A CT study with `events` spiral events that share `dlp`."""
    report = CTReport(
        events=tuple(
            CTEvent(
                irradiation_event_uid=f"1.2.{number}.{index}",
                acquisition_protocol="Thorax" if index == 0 else "Abdomen 100%_x",
                event_type=SPIRAL,
                dlp_mgycm=dlp / events,
                ctdivol_mgy=5.0 + index,
                sources=(CTSource(source_id="A", kvp=120.0), CTSource(source_id="B", kvp=140.0)),
            )
            for index in range(events)
        )
    )
    values: dict[str, object] = {
        "study_instance_uid": f"1.2.{number}",
        "modality_type": "CT",
        "modality_types": ("CT",),
        "study_date": date(2026, 1, 1 + number % 28),
        "study_time": time(8, number % 60),
        "accession_number": f"ACC{number}",
        "study_description": f"CT Thorax {number}",
        "patient": Patient(patient_id=f"P{number}", patient_age_years=40.0 + number, patient_weight_kg=70.0),
        "equipment": Equipment(
            manufacturer="SIEMENS", model=model, institution="St. Elsewhere", station_name="CT1"
        ),
        "totals": Totals(number_of_events=events, total_dlp_mgycm=dlp, number_of_ct_spiral_events=events),
        "ct_reports": (report,),
        "findings": (Finding(code="clock", severity="notice", message="The clock is off."),),
    }
    return Study.model_validate(values | more)


def rf_study(number: int, *, dap: float = 1e-3, events: int = 3) -> Study:
    """A fluoroscopy study of one plane."""
    report = ProjectionReport(
        accumulated_per_plane=(
            PlaneAccumulated(
                acquisition_plane=SINGLE,
                fluoro_and_acquisition=FluoroscopyAccumulated(dap_total_gym2=dap, total_fluoro_time_s=61.0),
            ),
        ),
        events=tuple(
            ProjectionEvent(
                irradiation_event_uid=f"1.3.{number}.{index}",
                acquisition_protocol="Cardiac",
                acquisition_plane=SINGLE,
                dap_gym2=dap / events,
                dose_rp_gy=0.01,
                kvp=(70.0, 80.0),
                exposure_uas=(1000.0, 3000.0),
                filters=(
                    Filter(material=Code(code_value="C-127F9", code_meaning="Copper"), thickness_max_mm=0.2),
                ),
            )
            for index in range(events)
        ),
    )
    return Study(
        study_instance_uid=f"1.3.{number}",
        modality_type="RF",
        modality_types=("RF",),
        study_date=date(2026, 2, 1 + number % 28),
        study_time=time(9),
        study_description="Coronary angiography",
        patient=Patient(patient_id="P1"),
        equipment=Equipment(manufacturer="Philips", model="Azurion", device_serial_number="4711"),
        totals=Totals(number_of_events=events, total_dap_gym2=dap, dose_rp_total_gy=0.01 * events),
        projection_reports=(report,),
    )


def nm_study(number: int) -> Study:
    """A PET study."""
    agent = Code(code_value="35321007", code_meaning="Fluorodeoxyglucose F^18^")
    return Study(
        study_instance_uid=f"1.4.{number}",
        modality_type="NM",
        modality_types=("NM",),
        study_date=date(2026, 2, 3),
        totals=Totals(administered_activity_mbq=250.0),
        radiopharmaceutical_reports=(
            RadiopharmaceuticalReport(
                administrations=(
                    Administration(radiopharmaceutical_agent=agent, administered_activity_mbq=250.0),
                )
            ),
        ),
    )


@pytest.fixture(scope="session")
def study_of() -> dict[str, Callable[..., Study]]:
    """Makers of studies by listing."""
    return {"ct": ct_study, "rf": rf_study, "nm": nm_study}


@pytest.fixture(scope="module")
def dose_database(postgres_url: str) -> Iterator[Database]:
    """The database as extract sees it."""
    database = Database(postgres_url, schema="dose", service="extract")
    yield database
    database.close()


@pytest.fixture(scope="module")
def keep(dose_database: Database) -> Callable[[Study], int]:
    """Writes a study as extract does, and gives its id."""

    def write(study: Study) -> int:
        with dose_database.transaction() as tx:
            device = see_device(tx, study.equipment, RECEIVED)
            before = standing(tx, study.study_instance_uid)
            return write_study(
                tx, study, before, device_id=device.id, extractor_version="test", received_at=RECEIVED
            )

    return write


@dataclass
class Arrivals:
    """Objects that arrive at extract: stored as ingest stores them, then handed to the consumer."""

    database: Database
    blobs: Blobs
    settings: ExtractSettings
    reading: ReadingCache = field(default_factory=lambda: ReadingCache(fresh_s=0))

    def stored(
        self, data: bytes, *, sop_instance_uid: str, sop_class_uid: str, study_instance_uid: str | None
    ) -> ObjectStored:
        """Keep an object's bytes and make the event that tells of it."""
        return ObjectStored(
            object_id=uuid4(),
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            study_instance_uid=study_instance_uid,
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            blob_key=self.blobs.put(data),
            size_bytes=len(data),
            door="c-store",
            received_at=RECEIVED,
        )

    def take(self, event: ObjectStored) -> ObjectStored:
        """Let the consumer handle an event in a transaction, as the runtime does."""
        with self.database.transaction() as tx:
            record_dose(event, tx, self.blobs, self.settings, self.reading)
        return event

    def send(self, one: SimulatedObject) -> ObjectStored:
        """Let a simulated object arrive."""
        return self.take(
            self.stored(
                one.encoded(),
                sop_instance_uid=one.sop_instance_uid,
                sop_class_uid=str(one.dataset.file_meta.MediaStorageSOPClassUID),
                study_instance_uid=one.study_instance_uid,
            )
        )

    def object(self, event: ObjectStored) -> dict[str, Any]:
        """What became of an object."""
        o = dose.dicom_object
        with self.database.reading() as connection:
            return dict(
                connection.execute(sa.select(o).where(o.c.object_id == event.object_id)).mappings().one()
            )

    def study(self, study_instance_uid: str) -> dict[str, Any] | None:
        """The study's row, its record unpacked under `study`."""
        with self.database.reading() as connection:
            select = sa.select(dose.study).where(dose.study.c.study_instance_uid == study_instance_uid)
            row = connection.execute(select).mappings().first()
        return None if row is None else dict(row) | {"study": unpack(Study, row["record"])}

    def letters(self, topic: str) -> list[dict[str, Any]]:
        """The data of the events of a topic that wait in the outbox."""
        with self.database.reading() as connection:
            outbox = self.database.outbox
            select = sa.select(outbox.c.body).where(outbox.c.topic == topic).order_by(outbox.c.id)
            bodies = connection.execute(select).scalars().all()
        return [json.loads(bytes(body))["data"] for body in bodies]


@pytest.fixture
def arrivals(dose_database: Database, blobs: Blobs) -> Arrivals:
    """The consumer with a blob store of its own."""
    settings = ExtractSettings(pseudonym_key=SecretStr("a key for tests"))
    return Arrivals(dose_database, blobs, settings)
