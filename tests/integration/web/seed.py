"""Realistic data for the pages: the simulator's demonstration, recorded by extract itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import alerts, config, dose, export, qr
from dosebus_extract.outcome import Rejected
from dosebus_extract.record import record, set_aside
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_object import Incoming
from dosebus_simulator.history import demonstration
from dosebus_simulator.simulated import SimulatedStudy

SATURDAY = 5


def record_demonstration(url: str, count: int | None = None) -> None:
    """Record the newest `count` studies of the demonstration, or all.

    It ends on the last Saturday: who works on which day follows the week, and tests shall see the same every day.
    """
    today = date.today()  # noqa: DTZ011 - the home page counts from today
    studies = list(demonstration(today - timedelta(days=(today.weekday() - SATURDAY) % 7)))
    record_studies(url, studies if count is None else studies[-count:])


def record_studies(url: str, studies: Iterable[SimulatedStudy]) -> None:
    """Record studies as extract does."""
    database = Database(url, schema="dose", service="extract")
    settings = ExtractSettings(pseudonym_key="a key for tests", keep_patient_name="plain")
    for study in studies:
        for made in study.objects:
            with database.transaction() as tx:
                record(tx, incoming(), made.encoded(), settings)
    database.close()


def incoming() -> Incoming:
    """An object that came just now."""
    return Incoming(uuid4(), None, None, f"sha256/aa/{uuid4().hex}", datetime.now(UTC))


def set_some_aside(url: str) -> None:
    """Objects that gave no record."""
    database = Database(url, schema="dose", service="extract")
    reasons = (
        ("unreadable", "The file ends in the middle of element (0040,A730)."),
        ("no_study_instance_uid", "The object names no study: Study Instance UID (0020,000D) is empty."),
        ("unreadable", "This is not a DICOM file: neither a preamble nor a data set is recognised."),
    )
    for code, text in reasons:
        with database.transaction() as tx:
            set_aside(tx, incoming(), Rejected(code, text))
    database.close()


def raise_alert(url: str) -> int:
    """An alert of the study with the highest dose, mailed to one and failed for another; gives the study's id."""
    reading = Database(url, schema="web", service="web")
    with reading.reading() as connection:
        study = dose.study.c
        worst = connection.execute(
            sa.select(study.id, study.study_instance_uid, study.total_dap_gym2)
            .where(sa.literal_column(dose.RF))
            .order_by(study.total_dap_gym2.desc().nulls_last())
            .limit(1)
        ).one()
    reading.close()
    now, alert_id = datetime.now(UTC), uuid4()
    writing = Database(url, schema="alerts", service="alerts")
    alert = {
        "id": alert_id, "identity": f"rf-sum-dose-rp|{worst.study_instance_uid}", "rule_key": "rf-sum-dose-rp",
        "rule_version": 1, "rule_title": "Dose at the reference point of a patient's fluoroscopy studies in 12 weeks",
        "quantity": "dose_rp_gy", "scope": "sum", "weeks": 12, "level": 2.0, "severity": "warning",
        "study_id": worst.id, "study_instance_uid": worst.study_instance_uid, "value": 2.264,
        "evidence": [{"study_id": worst.id, "value": 2.264}], "origin": "arrival", "state": "sent",
        "raised_at": now - timedelta(minutes=12), "changed_at": now,
    }  # fmt: skip
    mail = {
        "alert_id": alert_id, "kind": "alert", "locale": "en", "next_attempt_at": now, "created_at": now,
        "changed_at": now,
    }  # fmt: skip
    with writing.transaction() as tx:
        tx.execute(sa.insert(alerts.alert).values(alert))
        tx.execute(sa.insert(alerts.mail).values(**mail, id=uuid4(), recipient_name="Medical physics", address="mp@h.example", state="sent", attempts=1, sent_at=now, message_id="<1@h>"))  # fmt: skip  # noqa: E501
        tx.execute(sa.insert(alerts.mail).values(**mail, id=uuid4(), recipient_name="Cath lab", address="cl@h.example", state="failed", attempts=6, reason_code="smtp_550", last_error="550", message_id="<2@h>"))  # fmt: skip  # noqa: E501
    writing.close()
    return int(worst.id)


def make_jobs(url: str) -> None:
    """Exports in several states."""
    database = Database(url, schema="export", service="export")
    now = datetime.now(UTC)
    jobs = (
        {"state": "running", "rows_total": 6500, "rows_done": 2710},
        {
            "state": "completed",
            "rows_total": 812,
            "rows_done": 812,
            "blob_key": "sha256/aa/bb",
            "size_bytes": 187_220,
        },
        {"state": "failed", "rows_done": 0, "reason": "The disk is full."},
    )
    with database.transaction() as tx:
        for number, job in enumerate(jobs):
            tx.execute(
                sa.insert(export.job).values(
                    export_id=uuid4(), listing="ct", query="date_from=2026-10-01&study_description=thorax&sort=-study_at",  # noqa: E501
                    file_format="csv", include_patient=False, requested_by="admin",
                    requested_at=now - timedelta(hours=number), **job,
                )
            )  # fmt: skip
    database.close()


def make_query(url: str) -> str:
    """A node, its status, and an answered query; gives the query's id."""
    web = Database(url, schema="web", service="web")
    with web.transaction() as tx:
        node = {"name": "Main archive", "ae_title": "ORTHANC", "host": "pacs.example", "port": 4242}
        node_id = tx.execute(sa.insert(config.node).values(node).returning(config.node.c.id)).scalar_one()
    web.close()
    database, now, query_id = Database(url, schema="qr", service="qr"), datetime.now(UTC), uuid4()
    with database.transaction() as tx:
        tx.execute(sa.insert(qr.node_status).values(node_id=node_id, state="answering", round_trip_ms=7.4, checked_at=now, answered_at=now))  # fmt: skip  # noqa: E501
        tx.execute(sa.insert(qr.job).values(id=query_id, kind="query", node_id=node_id, modalities=["CT"], date_from=date(2026, 11, 19), date_to=date(2026, 11, 20), requested_by="admin", state="finished", done=3, total=3))  # fmt: skip  # noqa: E501
        for number, (kept, code) in enumerate(((True, "has_dose_report"), (False, "no_dose_report"), (True, "has_dose_report"))):  # fmt: skip  # noqa: E501
            study_id = tx.execute(sa.insert(qr.study).values(query_id=query_id, study_instance_uid=f"1.2.{number}", study_date=date(2026, 11, 19), modalities=["CT", "SR"], study_description="CT thorax with contrast", station_name="CTRIVER2", kept=kept, reason_code=code).returning(qr.study.c.id)).scalar_one()  # fmt: skip  # noqa: E501
            tx.execute(sa.insert(qr.series).values(study_id=study_id, series_instance_uid=f"1.3.{number}", modality="SR", series_description="Dose report", kept=kept, reason_code=code))  # fmt: skip  # noqa: E501
    database.close()
    return str(query_id)
