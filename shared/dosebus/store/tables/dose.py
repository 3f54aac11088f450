"""The published `dose` schema: extract writes it, everybody reads it.

Event tables carry the keys of the record under their own names (`columns.py`). Quantities keep the unit of
their name. Times are the device's own, without a zone; those that DoseBus sets (`Instant`) have one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from dosebus.domain.ct import CTEvent, CTSource
from dosebus.domain.projection import (
    FluoroscopyAccumulated,
    IntegratedAccumulated,
    PlaneAccumulated,
    ProjectionEvent,
)
from dosebus.domain.radiopharmaceutical import Administration, PETSeries
from dosebus.domain.study import Patient, StudyHeader, Totals, UnreadConcept
from dosebus.store.tables.columns import columns

SCHEMA = "dose"
metadata = sa.MetaData(schema=SCHEMA)
Instant = sa.DateTime(timezone=True)

TYPES_OF = {"ct": ("CT",), "rf": ("RF",), "mg": ("MG",), "dx": ("DX", "CR", "PX"), "nm": ("NM",)}
"""The modalities of which a study of a listing has one."""
CT = "modality_types @> '{CT}'::text[]"
RF = "modality_types @> '{RF}'::text[]"
MG = "modality_types @> '{MG}'::text[]"
RADIOGRAPHY = "modality_types && '{DX,CR,PX}'::text[]"
NM = "modality_types @> '{NM}'::text[]"
LISTED = {"ct": CT, "rf": RF, "mg": MG, "dx": RADIOGRAPHY, "nm": NM}
"""What makes a study part of a listing: predicates of partial indexes, so queries must use them literally."""

LISTED_IN = {"ct": 1, "rf": 2, "mg": 4, "dx": 8, "nm": 16}
"""The bits of `listed_in`: the listings that a study is part of."""

CHARTED = (
    "study_at", "device_id", "not_patient_indicator", "study_description", "requested_procedure",
    "procedure_code_meaning", "patient_weight_kg", "patient_age_years", "number_of_events",
)  # fmt: skip
CHARTED_OF = {
    "ct": ("total_dlp_mgycm",),
    "rf": ("total_dap_gym2", "dose_rp_total_gy", "total_fluoro_time_s", "performing_physician"),
    "mg": (),
    "dx": ("total_dap_gym2",),
    "nm": ("administered_activity_mbq",),
}
"""What charts of a listing read of studies: its index holds it, so that they need not read the wide rows."""

NAMED = ("study_description", "requested_procedure", "procedure_code_meaning")
"""What people call a study: few names for many studies, so that each listing has an index to find its names in."""

EVENT_FACTS = ("study_at", "device_id", "patient_weight_kg", "test_data")
"""What an event knows of its study, beside `listed_in`, so that charts need not look for the study."""

CHARTED_EVENTS = {
    "ct": ("acquisition_protocol", "event_type_code", "dlp_mgycm", "ctdivol_mgy"),
    "rf": ("acquisition_protocol", "dap_gym2", "kvp_mean", "exposure_mas"),
    "mg": (
        "acquisition_protocol",
        "view_meaning",
        "kvp_mean",
        "exposure_mas",
        "agd_mgy",
        "compressed_thickness_mm",
    ),
    "dx": ("acquisition_protocol", "dap_gym2", "kvp_mean", "exposure_mas"),
}
"""What charts of a listing read of events."""


def listed_event(name: str) -> str:
    """What makes an event part of a listing: the predicate of a partial index, so queries must use it literally."""
    return f"(listed_in & {LISTED_IN[name]}) <> 0"


STUDY_AT_KEY = "coalesce(study_at, '-infinity'::timestamp)"
"""Sort keys are never null, so that one row comparison finds the next page; the absent counts as lowest."""

device = sa.Table(
    "device",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("identity_key", sa.Text, nullable=False, unique=True),
    sa.Column("manufacturer", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("institution", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("station_name", sa.Text),
    sa.Column("device_serial_number", sa.Text),
    sa.Column("device_observer_uid", sa.Text),
    sa.Column("gantry_id", sa.Text),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("modality_override", sa.Text),
    sa.Column("first_seen_at", Instant, nullable=False),
    sa.Column("last_seen_at", Instant, nullable=False),
    sa.CheckConstraint("modality_override IN ('RF', 'DX', 'dual')", name="device_modality_override_known"),
)

device_software = sa.Table(
    "device_software",
    metadata,
    sa.Column("device_id", sa.ForeignKey(device.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("software_version", sa.Text, primary_key=True),
    sa.Column("first_seen_at", sa.DateTime, nullable=False),
    sa.Column("last_seen_at", sa.DateTime, nullable=False),
)
"""Which software a device ran when: the first and last study time at which a version was seen."""

study = sa.Table(
    "study",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("study_instance_uid", sa.Text, nullable=False, unique=True),
    sa.Column("modality_types", ARRAY(sa.Text), nullable=False),
    sa.Column("study_at", sa.DateTime),
    *columns(
        StudyHeader,
        without=frozenset({"study_instance_uid", "modality_types", "sop_instance_uids_processed"}),
    ),
    *columns(Patient),
    *columns(Totals),
    sa.Column("software_version", sa.Text),
    sa.Column("device_id", sa.ForeignKey(device.c.id)),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("extractor_version", sa.Text, nullable=False),
    sa.Column("first_received_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Index("study_study_at", sa.text(f"({STUDY_AT_KEY})"), "id"),
    sa.Index("study_device_study_at", "device_id", sa.text(f"({STUDY_AT_KEY})"), "id",
             postgresql_include=["modality_types", "not_patient_indicator"]),
    sa.Index("study_patient_weight", "patient_weight_kg", postgresql_where=sa.text("patient_weight_kg IS NOT NULL")),
    sa.Index("study_accession_number", "accession_number"),
    sa.Index("study_patient_id_study_at", "patient_id", "study_at"),
    sa.Index("study_recorded_at", "recorded_at"),
    sa.Index("study_total_dlp", sa.text("(coalesce(total_dlp_mgycm, '-infinity'::double precision))"), "id",
             postgresql_where=sa.text(CT)),
    sa.Index("study_total_dap_rf", sa.text("(coalesce(total_dap_gym2, '-infinity'::double precision))"), "id",
             postgresql_where=sa.text(RF)),
    *(
        sa.Index(f"study_{name}_{column}", column,
                 postgresql_where=sa.text(f"{predicate} AND not_patient_indicator IS NULL"))
        for name, predicate in LISTED.items() for column in NAMED
    ),
    *(
        sa.Index(f"study_listed_{name}", sa.text(f"({STUDY_AT_KEY})"), "id",
                 postgresql_where=sa.text(predicate), postgresql_include=[*CHARTED, *CHARTED_OF[name]])
        for name, predicate in LISTED.items()
    ),
)  # fmt: skip
"""One row a Study Instance UID. `id` is ours; `study_id` is DICOM's Study ID (0020,0010). `record` is the
whole record as compressed JSON (`dosebus.store.packed`)."""


def _entries(name: str, *own: sa.Column[Any] | sa.Index, counted: str = "event") -> sa.Table:
    """A table of what a study's reports list, addressed by the indexes of the record's lists."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), nullable=False),
        sa.Column("report_index", sa.Integer, nullable=False),
        sa.Column(f"{counted}_index", sa.Integer, nullable=False),
        *own,
    )


def _chart_index(table: str, listing: str) -> sa.Index:
    """What charts of a listing read of events."""
    return sa.Index(
        f"{table}_chart_{listing}",
        "study_id",
        postgresql_where=sa.text(listed_event(listing)),
        postgresql_include=[*CHARTED_EVENTS[listing], *EVENT_FACTS],
    )


def _events(name: str, *own: sa.Column[Any] | sa.Index, listings: tuple[str, ...]) -> sa.Table:
    """A table of irradiation events. `uid_occurrence` is 1, and counts up where a device repeats a UID."""
    table = _entries(
        name,
        sa.Column("uid_occurrence", sa.Integer, nullable=False),
        *own,
        # Copies of the study's, which triggers keep equal.
        sa.Column("study_at", sa.DateTime),
        sa.Column("device_id", sa.BigInteger),
        sa.Column("patient_weight_kg", sa.Double),
        sa.Column("test_data", sa.Boolean),
        sa.Column("listed_in", sa.SmallInteger),
        *(_chart_index(name, listing) for listing in listings),
        sa.Index(
            f"{name}_protocol",
            "acquisition_protocol",
            "study_id",
            postgresql_include=["test_data", "listed_in"],
        ),
    )
    table.append_constraint(sa.UniqueConstraint("study_id", "report_index", "event_index"))
    table.append_constraint(sa.UniqueConstraint("study_id", "irradiation_event_uid", "uid_occurrence"))
    return table


study_tally = sa.Table(
    "study_tally",
    metadata,
    sa.Column("listed_in", sa.SmallInteger, nullable=False),
    sa.Column("device_id", sa.BigInteger),
    sa.Column("studies", sa.BigInteger, nullable=False),
)
"""How many studies a device has, without test data, by the listings they are part of: the sum of the rows. A trigger
adds a row for each study that comes, goes or changes, so that nobody waits for a counter; extract adds rows up from
time to time."""

ct_event = _events(
    "ct_event",
    *columns(CTEvent, without=frozenset({"sources"})),
    listings=("ct",),
)

ct_source = _entries(
    "ct_source",
    sa.Column("source_index", sa.Integer, nullable=False),
    *columns(CTSource),
    sa.Index("ct_source_place", "study_id", "report_index", "event_index", "source_index", unique=True),
)

projection_event = _events(
    "projection_event",
    *columns(ProjectionEvent),
    sa.Column("kvp_mean", sa.Double, sa.Computed("dose.mean_of(kvp)", persisted=True)),
    sa.Column("exposure_mas", sa.Double, sa.Computed("dose.sum_of(exposure_uas) / 1000.0", persisted=True)),
    listings=("rf", "mg", "dx"),
)

projection_accumulated = _entries(
    "projection_accumulated",
    *columns(PlaneAccumulated, without=frozenset({"fluoro_and_acquisition", "integrated_total"})),
    *columns(FluoroscopyAccumulated),
    *columns(IntegratedAccumulated, prefix="integrated_"),
    sa.Index("projection_accumulated_place", "study_id", "report_index", "plane_index", unique=True),
    counted="plane",
)

administration = _entries(
    "administration",
    *columns(Administration),
    sa.Index("administration_place", "study_id", "report_index", "event_index", unique=True),
)

pet_series = _entries(
    "pet_series",
    *columns(PETSeries),
    sa.Index("pet_series_place", "study_id", "report_index", "event_index", unique=True),
)

dicom_object = sa.Table(
    "object",
    metadata,
    sa.Column("object_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("sop_instance_uid", sa.Text),
    sa.Column("sop_class_uid", sa.Text),
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="SET NULL")),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("extractor_version", sa.Text, nullable=False),
    sa.Column("contribution", sa.LargeBinary),
    sa.Column("blob_key", sa.Text),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("deleted_at", Instant),
    sa.Column("kept_for_download", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("outcome IN ('recorded', 'ignored', 'rejected')", name="object_outcome_known"),
    sa.Index("object_recorded_once", "sop_instance_uid", "study_id", unique=True,
             postgresql_where=sa.text("outcome = 'recorded'")),
    sa.Index("object_sop_instance_uid", "sop_instance_uid"),
    sa.Index("object_study", "study_id"),
    sa.Index("object_set_aside", sa.text("recorded_at DESC"),
             postgresql_where=sa.text("outcome <> 'recorded'")),
    sa.Index("object_kept_for_download", "received_at", postgresql_where=sa.text("kept_for_download")),
    sa.Index("object_blob_key", "blob_key", postgresql_using="hash"),
)  # fmt: skip
"""One row an object that came in, with what became of it. One that was deleted after reading keeps its row, without a
blob. An object is recorded once in its study: copies that were
given another Study Instance UID and kept their SOP Instance UID do exist, and are studies of their own."""

finding = sa.Table(
    "finding",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("code", sa.Text, nullable=False, index=True),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("place", sa.Text),
    sa.Column("sop_instance_uid", sa.Text),
    sa.Column("found_at", sa.DateTime),
)

unread_concept = sa.Table(
    "unread_concept",
    metadata,
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), nullable=False, index=True),
    *columns(UnreadConcept),
)
"""Content items that no row of the reader's tables reads, counted a study and concept."""

study_history = sa.Table(
    "study_history",
    metadata,
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("extractor_version", sa.Text, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("replaced_at", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
"""Records that something else than a new object replaced, as they were, with the reason."""

skin_map = sa.Table(
    "skin_map",
    metadata,
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("method", sa.Text),
    sa.Column("method_version", sa.Text),
    sa.Column("peak_skin_dose_gy", sa.Double),
    sa.Column("peak_low_gy", sa.Double),
    sa.Column("peak_high_gy", sa.Double),
    sa.Column("peak_bound_gy", sa.Double),
    sa.Column("peak_row", sa.Integer),
    sa.Column("peak_column", sa.Integer),
    sa.Column("peak_region", sa.Text),
    sa.Column("dap_fraction", sa.Double),
    sa.Column("events_total", sa.Integer, nullable=False, server_default="0"),
    sa.Column("events_used", sa.Integer, nullable=False, server_default="0"),
    sa.Column("event_that_gave_most", sa.Integer),
    sa.Column("row_count", sa.Integer),
    sa.Column("column_count", sa.Integer),
    sa.Column("dose_map", sa.LargeBinary),
    sa.Column("contributions", sa.LargeBinary),
    sa.Column("steps", JSONB, nullable=False, server_default="[]"),
    sa.Column("geometry", JSONB),
    sa.Column("not_computed", JSONB, nullable=False, server_default="[]"),
    sa.Column("provenance", JSONB, nullable=False, server_default="{}"),
    sa.Column("study_revision", sa.Integer, nullable=False),
    sa.Column("input_key", sa.Text, nullable=False),
    sa.Column("computed_at", Instant, nullable=False),
    sa.Column("compute_seconds", sa.Double, nullable=False),
    sa.CheckConstraint("outcome IN ('computed', 'partial', 'not_computed')", name="skin_map_outcome_known"),
    sa.CheckConstraint(
        "(outcome = 'not_computed') = (dose_map IS NULL) AND (outcome = 'not_computed') = (reason IS NOT NULL)",
        name="skin_map_is_there_or_says_why",
    ),
)
"""One row a study of fluoroscopy that was looked at. `dose_map` and `contributions` are what `dosebus.skin.arrays`
reads. Numbers of events count from 1 over all reports. `input_key` is a digest of method, device settings and size."""

skin_sum = sa.Table(
    "skin_sum",
    metadata,
    sa.Column("study_id", sa.ForeignKey(study.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("weeks", sa.Integer, primary_key=True),
    sa.Column("peak_skin_dose_gy", sa.Double),
    sa.Column("peak_bound_gy", sa.Double),
    sa.Column("peak_low_gy", sa.Double),
    sa.Column("peak_high_gy", sa.Double),
    sa.Column("peak_row", sa.Integer),
    sa.Column("peak_column", sa.Integer),
    sa.Column("peak_region", sa.Text),
    sa.Column("member_ids", ARRAY(sa.BigInteger), nullable=False),
    sa.Column("unmapped_ids", ARRAY(sa.BigInteger), nullable=False),
    sa.Column("row_count", sa.Integer),
    sa.Column("column_count", sa.Integer),
    sa.Column("dose_map", sa.LargeBinary),
    sa.Column("geometry", JSONB),
    sa.Column("provenance", JSONB, nullable=False, server_default="{}"),
    sa.Column("input_key", sa.Text, nullable=False),
    sa.Column("computed_at", Instant, nullable=False),
    sa.CheckConstraint("weeks > 0", name="skin_sum_weeks_positive"),
    sa.Index("skin_sum_members", "member_ids", postgresql_using="gin"),
)
"""The sum of one patient's maps over the weeks up to a study, on one surface. `member_ids` are the studies in the
window, in order of time, this one included; `unmapped_ids` those of them without a map, which count in the bound
only. A bound is NULL where some study's dose cannot be bounded."""
