"""A study page as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.source import with_studies
from dosebus.store.tables import alerts, dose
from dosebus_web.language import gettext as _
from dosebus_web.pages.studies import nuclear
from dosebus_web.pages.studies.events import Events, events_of
from dosebus_web.pages.studies.facts import (
    DEVICE_FACTS,
    FIGURES,
    PATIENT_FACTS,
    STUDY_FACTS,
    Fact,
    PlaneTotals,
    facts,
    plane_totals,
)
from dosebus_web.records import record_document

S = dose.study.c
WEEKS = 12
COMPANION_HOURS = 18
"""PET and CT of one examination are at most this far apart, when they come as two studies."""


@dataclass(frozen=True)
class Others:
    """The patient's other studies of the weeks before, with their sums."""

    rows: Sequence[Any]
    companions: Sequence[Any]
    """The CT of a PET or SPECT study, or the other way round, where it came as a study of its own."""
    total_dap: float | None
    total_dlp: float | None
    total_dose_rp: float | None


@dataclass(frozen=True)
class StudyView:
    """Everything that the study template shows."""

    id: int
    study_instance_uid: str
    title: str
    modality_types: tuple[str, ...]
    listing: Listing
    listings: tuple[Listing, ...]
    figures: tuple[Fact, ...]
    study: tuple[Fact, ...]
    device: tuple[Fact, ...]
    patient: tuple[Fact, ...]
    planes: tuple[PlaneTotals, ...]
    events: Events
    tables: tuple[nuclear.Table, ...]
    findings: Sequence[Any]
    unread: Sequence[Any]
    objects: Sequence[Any]
    alerts: Sequence[Any]
    others: Others | None
    history: Sequence[Any]
    head: Any
    skin: Any
    """What stands of the skin dose of a study of fluoroscopy; None where nothing was looked at."""


def listings_of(modality_types: Sequence[str]) -> tuple[Listing, ...]:
    """The listings that a study stands in."""
    return tuple(one for one in LISTINGS.values() if set(one.modality_types) & set(modality_types))


def find_id(connection: sa.Connection, study_instance_uid: str) -> tuple[int, tuple[str, ...]] | None:
    """The id and modality types of a study by its UID."""
    wanted = sa.select(S.id, S.modality_types).where(S.study_instance_uid == study_instance_uid)
    row = connection.execute(wanted).first()
    return None if row is None else (int(row.id), tuple(row.modality_types))


def view(
    connection: sa.Connection, listing: Listing, study_id: int, *, allow_pid: bool, fold_by: str = ""
) -> StudyView | None:
    """The page of a study in a listing, its events folded by the field that is named; None when it is not there."""
    head = connection.execute(sa.select(dose.study).where(S.id == study_id)).first()
    if head is None or not set(listing.modality_types) & set(head.modality_types):
        return None
    known = {**_of_event_reports(connection, listing, study_id), **head._mapping}
    return StudyView(
        id=study_id,
        study_instance_uid=head.study_instance_uid,
        title=head.study_description
        or head.requested_procedure
        or _("%(list)s study", list=_(listing.title)),
        modality_types=tuple(head.modality_types),
        listing=listing,
        listings=listings_of(head.modality_types),
        figures=facts(listing, known, FIGURES[listing.name], allow_pid=allow_pid),
        study=facts(listing, known, STUDY_FACTS, allow_pid=allow_pid),
        device=facts(listing, known, DEVICE_FACTS, allow_pid=allow_pid),
        patient=facts(listing, known, PATIENT_FACTS, allow_pid=allow_pid),
        planes=plane_totals(listing, known),
        events=events_of(connection, listing, study_id, fold_by),
        tables=nuclear.tables(record_document(head.record, allow_pid=allow_pid))
        if listing.name == "nm"
        else (),
        findings=_rows(connection, dose.finding, study_id, dose.finding.c.id),
        unread=_rows(connection, dose.unread_concept, study_id, dose.unread_concept.c["count"].desc()),
        objects=_rows(connection, dose.dicom_object, study_id, dose.dicom_object.c.received_at),
        alerts=_alerts(connection, head.study_instance_uid),
        others=_others(connection, head),
        history=_rows(connection, dose.study_history, study_id, dose.study_history.c.revision.desc()),
        head=head,
        skin=_skin(connection, study_id) if listing.name == "rf" else None,
    )


def _of_event_reports(connection: sa.Connection, listing: Listing, study_id: int) -> Mapping[str, Any]:
    fields = [field.labelled() for field in (*listing.study_fields, *listing.columns)]
    unique = {column.name: column for column in fields}
    source = with_studies(listing, list(unique.values()))
    select = sa.select(*unique.values()).select_from(source).where(S.id == study_id)
    return dict(connection.execute(select).mappings().one())


def _rows(
    connection: sa.Connection, table: sa.Table, study_id: int, order: sa.ColumnElement[Any]
) -> Sequence[Any]:
    heavy = {"record", "contribution"}
    columns = [column for column in table.c if column.name not in heavy]
    wanted = sa.select(*columns).where(table.c.study_id == study_id).order_by(order).limit(500)
    return connection.execute(wanted).all()


def _skin(connection: sa.Connection, study_id: int) -> Any:
    skin = dose.skin_map.c
    wanted = sa.select(skin.outcome, skin.peak_skin_dose_gy, skin.peak_bound_gy, skin.dap_fraction).where(
        skin.study_id == study_id
    )
    return connection.execute(wanted).first()


def _alerts(connection: sa.Connection, study_instance_uid: str) -> Sequence[Any]:
    alert = alerts.alert.c
    wanted = (
        sa.select(alerts.alert)
        .where(alert.study_instance_uid == study_instance_uid, alert.withdrawn_at.is_(None))
        .order_by(alert.raised_at)
    )
    return connection.execute(wanted).all()


def _others(connection: sa.Connection, head: Any) -> Others | None:
    if head.patient_id is None or head.study_at is None:
        return None
    weeks = sa.text(f"interval '{WEEKS} weeks'")
    moment = sa.literal(head.study_at, sa.DateTime())
    wanted = (
        sa.select(
            S.id, S.study_at, S.modality_types, S.study_description, S.total_dap_gym2, S.total_dlp_mgycm,
            S.dose_rp_total_gy,
        )
        .where(
            S.patient_id == head.patient_id,
            S.study_at.between(moment - weeks, moment + weeks),
        )
        .order_by(S.study_at.desc())
        .limit(200)
    )  # fmt: skip
    rows = connection.execute(wanted).all()
    window = [row for row in rows if row.study_at <= head.study_at]
    return Others(
        rows=[row for row in rows if row.id != head.id],
        companions=[row for row in rows if row.id != head.id and is_companion(head, row)],
        total_dap=_sum(row.total_dap_gym2 for row in window),
        total_dlp=_sum(row.total_dlp_mgycm for row in window),
        total_dose_rp=_sum(row.dose_rp_total_gy for row in window),
    )


def is_companion(one: Any, other: Any) -> bool:
    """Whether one study is nuclear medicine and the other CT, at about the same time."""
    kinds = set(one.modality_types), set(other.modality_types)
    pair = any("NM" in a and "CT" in b and "NM" not in b for a, b in (kinds, kinds[::-1]))
    return pair and abs(one.study_at - other.study_at) <= timedelta(hours=COMPANION_HOURS)


def _sum(values: Any) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) if known else None
