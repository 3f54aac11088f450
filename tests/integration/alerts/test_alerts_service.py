"""The alerts service as it runs: from the news of a study to a mail in the sink, in one trace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest

from dosebus.events.alerts import AlertRecalculationRequested, AlertSettingsChanged, AlertTestMailRequested
from dosebus.events.extract import StudyRecorded, StudyRemoved
from dosebus.runtime.host import Host
from dosebus.store.tables.alerts import alert, mail, recalculation
from dosebus.telemetry import traces
from dosebus_alerts.service import SERVICE
from dosebus_alerts.settings import AlertsSettings
from tests.integration.ground.waiting import eventually

DAY = date(2026, 5, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alerts")


@pytest.fixture(scope="module")
def host(postgres_url: str, folder: Path) -> Iterator[Host]:
    settings = AlertsSettings(
        database_url=postgres_url,
        blobs_url=f"file://{folder / 'blobs'}",
        http_port=0,
        bus_url="local:",
        trace_file=folder / "trace.jsonl",
        public_url="https://dose.example",
        mail_sink=True,
        mail_sink_folder=folder / "mail",
        mail_poll_s=0.2,
    )
    made = Host((SERVICE,), {"alerts": settings})
    made.start()
    yield made
    made.stop()


def tell(host: Host, *events: Any) -> None:
    with host.running["alerts"].database.transaction() as tx:
        for event in events:
            tx.publish(event)


def is_idle(host: Host) -> bool:
    """Whether every event that was told has been handled."""
    running = host.running["alerts"]
    with running.database.reading() as connection:
        letters = connection.exec_driver_sql("SELECT count(*) FROM alerts.outbox").scalar_one()
    own = [one for one in running.context.bus.depths() if one.service == "alerts" and not one.dead]
    return letters == 0 and all(one.ready + one.delayed == 0 for one in own)


def mails_sent(host: Host) -> float:
    """The counter as `/metrics` shows it; it counts the whole process, other test files included."""
    metrics = httpx.get(f"http://127.0.0.1:{host.http_port}/metrics", timeout=60).text
    found = re.search(r"^dosebus_alert_mails_sent_total (\S+)$", metrics, re.MULTILINE)
    assert found is not None
    return float(found[1])


def recorded(uid: str) -> StudyRecorded:
    return StudyRecorded(
        study_id=1,
        study_instance_uid=uid,
        modality_types=("RF",),
        device_id=None,
        sop_instance_uid="1.2.3.4",
        object_id="01a1fcc4-c3d3-7d25-832b-869feb44ae3c",  # type: ignore[arg-type]
        change="added",
        recorded_at=datetime.now(UTC),
    )


def test_an_older_study_that_comes_late_is_mailed_of_once_in_one_trace(
    host: Host, hospital: Any, folder: Path
) -> None:
    sent_before = mails_sent(host)
    hospital.rule()
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.study("1.2.2", DAY, dose_rp_total_plane_a_gy=1.5)
    tell(host, recorded("1.2.2"))
    # Else the news of this study may find the older one already, and the alert is of its trace.
    assert eventually(lambda: is_idle(host))
    hospital.study("1.2.1", DAY - timedelta(days=9), dose_rp_total_plane_a_gy=0.6)
    with traces.span("C-STORE") as span:
        trace_id = f"{span.get_span_context().trace_id:032x}"
        tell(host, recorded("1.2.1"), recorded("1.2.1"))
    assert eventually(lambda: [row.state for row in hospital.rows(alert)] == ["sent"])
    (path,) = (folder / "mail").glob("*.eml")
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["To"] == "physicist@example.org"
    assert "https://dose.example/study/1.2.2" in message.get_body(("plain",)).get_content()

    def spans_of_the_trace() -> set[str]:
        spans = [json.loads(line) for line in (folder / "trace.jsonl").read_text().split("\n")[:-1]]
        return {one["name"] for one in spans if one["trace_id"] == trace_id}

    # A span is written when it ends, a moment after what it did can be seen.
    assert eventually(lambda: {"C-STORE", "handle alerts.check_study", "SMTP send"} <= spans_of_the_trace())
    assert eventually(lambda: mails_sent(host) == sent_before + 1)
    tell(host, StudyRemoved(study_id=1, study_instance_uid="1.2.1", modality_types=("RF",)))
    hospital.remove("1.2.1")
    tell(host, StudyRemoved(study_id=1, study_instance_uid="1.2.1", modality_types=("RF",)))
    assert eventually(lambda: hospital.rows(alert)[0].withdrawn_at is not None)
    assert eventually(lambda: is_idle(host))


def test_changed_settings_are_applied_to_old_studies_in_the_background(host: Host, hospital: Any) -> None:
    hospital.rule(level=9.0)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=5.0)
    tell(host, recorded("1.2.1"))
    # What is looked at on arrival must have been so before the level changes.
    assert eventually(lambda: is_idle(host))
    tell(host, AlertRecalculationRequested(requested_by="admin"))
    assert eventually(lambda: [row.state for row in hospital.rows(recalculation)] == ["done"])
    assert hospital.rows(alert) == []
    hospital.rule(level=4.0)
    tell(host, AlertSettingsChanged())
    assert eventually(
        lambda: (
            sorted((row.state, row.raised) for row in hospital.rows(recalculation))
            == [("done", 0), ("done", 1)]
        )
    )
    assert [row.origin for row in hospital.rows(alert)] == ["recalculation"]


def test_a_test_mail_reaches_its_recipient(host: Host, hospital: Any) -> None:
    recipient_id = hospital.recipient("Physicist", "physicist@example.org")
    tell(host, AlertTestMailRequested(recipient_id=recipient_id, requested_by="admin"))
    assert eventually(lambda: [row.state for row in hospital.rows(mail)] == ["sent"])
