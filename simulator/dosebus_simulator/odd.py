"""Odd and broken objects: what must be refused with a reason, told apart, or read although it is no template."""

from __future__ import annotations

from datetime import date, datetime, time

from pydicom.dataset import FileDataset

from dosebus.domain.base import Code
from dosebus.domain.projection import FluoroscopyAccumulated, PlaneAccumulated, ProjectionReport
from dosebus.domain.study import Equipment, Study, Totals
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import Unit
from dosebus_simulator.ct import make_ct
from dosebus_simulator.devices import Device
from dosebus_simulator.document import dose_document
from dosebus_simulator.encode import encoded
from dosebus_simulator.identity import Person, chance
from dosebus_simulator.items import HAS_CONCEPT_MOD, code, moment, num, text
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.visit import REFERENCE_DAY, Visit, completed, make_study, visit

ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
NO_DATE = date(1900, 1, 1)
"""Under this day stand reports that tell none."""
RADIATION_SUMMARY = "99SMS_RADSUM"
GYCM2_WITH_CARET = Unit("Gy.cm^2", "Gray-squarecentimeter")
ARCADIS = Equipment(
    manufacturer="SIEMENS",
    model="ARCADIS",
    institution="Riverside Teaching Hospital",
    station_name="CARMOLD1",
    device_serial_number="SN1906",
    software_version="VC10A",
    display_name="Riverside Teaching Hospital CARMOLD1",
)


def _kind_of(made: SimulatedStudy) -> FileDataset:
    return made.objects[0].dataset


def _rejected(kind: str, dataset: FileDataset, data: bytes | None = None) -> SimulatedStudy:
    return SimulatedStudy(kind, (SimulatedObject(kind, dataset, "rejected", data),), None)


def make_duplicate(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """One CT report that is sent twice."""
    made = make_ct("duplicate", *seed, day=day)
    again = SimulatedObject("duplicate", _kind_of(made), "ignored")
    return SimulatedStudy("duplicate", (made.objects[0], again), made.truth)


def make_truncated(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT report that ends in the middle."""
    dataset = _kind_of(make_ct("truncated", *seed, day=day))
    whole = encoded(dataset)
    return _rejected("truncated", dataset, whole[: len(whole) * 2 // 3])


def make_random(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A file whose head is that of a dose report and whose data set is noise."""
    dataset = _kind_of(make_ct("random", *seed, day=day))
    source = chance("random", *seed)
    bare = FileDataset("", {}, preamble=b"\0" * 128, file_meta=dataset.file_meta)
    return _rejected("random", dataset, encoded(bare) + source.randbytes(4000))


def make_without_study(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT report without Study Instance UID."""
    dataset = _kind_of(make_ct("without study", *seed, day=day))
    del dataset.StudyInstanceUID
    return _rejected("without-study", dataset)


def make_undated(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT report of an examination in which no clock was set: no date and no time in its head."""
    made = make_ct("undated", *seed, day=day)
    dataset = _kind_of(made)
    for part in ("Study", "Series", "Content"):
        setattr(dataset, f"{part}Date", "")
        setattr(dataset, f"{part}Time", "")
    if made.truth is None:
        raise ValueError("a simulated CT report is recorded")
    age = made.truth.patient.patient_age_dicom_string
    truth = made.truth.model_copy(
        update={
            "study_date": NO_DATE,
            "study_time": time(),
            "content_time": None,
            "series_time": None,
            "patient": made.truth.patient.model_copy(
                update={"patient_age_years": float(age[:3]) if age and age.endswith("Y") else None}
            ),
        }
    )
    return SimulatedStudy("undated", (SimulatedObject("undated", dataset),), truth)


def make_test_patient(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT report of a phantom that is scanned for quality assurance; the patterns for non-patients match it."""
    phantom = Person("PHYQA001", "QA^Water phantom", "O", date(2000, 1, 1), 1.0, 20.0)
    made = make_ct("test patient", *seed, day=day, person=phantom, child=False)
    return SimulatedStudy("test-patient", made.objects, made.truth)


def _summary_visit(seed: tuple[object, ...], day: date) -> Visit:
    return visit("RF", "summary", *seed, device=Device("RF", ARCADIS), day=day, child=False)


def make_non_dose(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """An Enhanced SR that is a radiologist's report and no dose report."""
    visited = _summary_visit(("non-dose", *seed), day)
    study = completed(make_study(visited, "RF", "Knee MRI report", "MRKNEE"), visited.started, ())
    dataset = dose_document(
        study,
        visited.source.uid(),
        c.dcm("126000", "Imaging Measurement Report"),
        "1500",
        [text(c.COMMENT, "No dose in here")],
        completed=visited.started,
        sop_class_uid=ENHANCED_SR,
    )
    return _rejected("non-dose", dataset)


def _summary_code(value: str, meaning: str) -> Code:
    return Code(code_value=value, coding_scheme_designator=RADIATION_SUMMARY, code_meaning=meaning)


def _arcadis_document(
    study: Study, uid: str, at: datetime, *, frames: int, seconds: float, dap_gycm2: float
) -> FileDataset:
    language = Code(code_value="eng", coding_scheme_designator="ISO639_2", code_meaning="English")
    content = [
        code(
            c.dcm("121049", "Language of Content Item and Descendants"),
            language,
            relationship=HAS_CONCEPT_MOD,
        ),
        num(_summary_code("C-200", "Total number of exposures"), frames, c.NO_UNITS),
        num(_summary_code("C-202", "Cumulative fluoro time"), seconds, c.SECONDS),
        num(_summary_code("C-204", "Cumulative dose area product"), dap_gycm2, GYCM2_WITH_CARET),
        moment(_summary_code("C-206", "Start of the examination"), at),
        text(_summary_code("C-210", "Cumulative air kerma"), "not attempted"),
    ]
    title = _summary_code("C-10", "Radiation Summary Report")
    dataset = dose_document(study, uid, title, "0", content, completed=at, sop_class_uid=ENHANCED_SR)
    del dataset.ContentTemplateSequence
    return dataset


def make_arcadis(*seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A mobile C-arm that sends a private summary as Enhanced SR: totals only, DAP in Gy.cm2, no events."""
    visited = _summary_visit(("arcadis", *seed), day)
    source = visited.source
    uid, frames = source.uid(), source.randint(0, 40)
    seconds, dap_gycm2 = source.between(10, 300, 3), source.between(0.05, 6, 4)
    study = completed(make_study(visited, "RF", "Hip nailing", "RFHIP"), visited.started, (uid,))
    written = datetime.combine(visited.started.date(), study.content_time or visited.started.time())
    dataset = _arcadis_document(study, uid, written, frames=frames, seconds=seconds, dap_gycm2=dap_gycm2)
    dap = round(dap_gycm2 / 10_000, 10)
    total = FluoroscopyAccumulated(
        dap_total_gym2=dap, total_fluoro_time_s=seconds, total_number_of_radiographic_frames=frames
    )
    report = ProjectionReport(
        sop_instance_uid=uid,
        accumulated_per_plane=(
            PlaneAccumulated(acquisition_plane=c.SINGLE_PLANE, fluoro_and_acquisition=total),
        ),
    )
    totals = Totals(number_of_events=0, total_dap_gym2=dap, total_dap_plane_a_gym2=dap)
    truth = study.model_copy(update={"projection_reports": (report,), "totals": totals})
    return SimulatedStudy("arcadis", (SimulatedObject("arcadis", dataset),), truth)
