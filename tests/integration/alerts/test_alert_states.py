"""People deal with alerts: who did what and when, and the chain that keeps it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.events.alerts import AlertStateRequested
from dosebus.store.tables import config
from dosebus.store.tables.alerts import alert, mail
from dosebus_alerts import audit

DAY = date(2026, 5, 4)


def raised(hospital: Any) -> Any:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    return hospital.rows(alert)[0].id


def ask(hospital: Any, alert_id: Any, state: Any, code: str | None = None, by: str = "anna") -> None:
    event = AlertStateRequested(alert_id=alert_id, state=state, justification_code=code, requested_by=by)
    hospital.ask(event)


def open_again(hospital: Any, alert_id: Any, reason: str | None, by: str = "dora") -> None:
    note = {
        "id": uuid4(),
        "alert_id": alert_id,
        "text": reason,
        "written_by": by,
        "written_at": datetime.now(UTC),
    }
    if reason is not None:
        with hospital.web.transaction() as tx:
            tx.execute(sa.insert(config.alert_note).values(note))
    hospital.ask(
        AlertStateRequested(alert_id=alert_id, state="reopened", note_id=note["id"], requested_by=by)
    )


def test_an_alert_is_acknowledged_justified_and_closed_each_with_who_and_when(hospital: Any) -> None:
    alert_id = raised(hospital)
    ask(hospital, alert_id, "acknowledged")
    ask(hospital, alert_id, "justified", "complex_procedure", by="bert")
    ask(hospital, alert_id, "closed", by="cleo")
    (row,) = hospital.rows(alert)
    assert row.state == "closed"
    assert (row.acknowledged_by, row.justified_by, row.closed_by) == ("anna", "bert", "cleo")
    assert row.justification_code == "complex_procedure"
    assert row.acknowledged_at < row.justified_at < row.closed_at
    entries = sorted(hospital.rows(audit.audit), key=lambda entry: entry.seq)
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("raised", "dosebus"),
        ("acknowledged", "anna"),
        ("justified", "bert"),
        ("closed", "cleo"),
    ]


def test_an_alert_does_not_go_back_and_the_first_who_acknowledges_stands(hospital: Any) -> None:
    alert_id = raised(hospital)
    ask(hospital, alert_id, "acknowledged", by="anna")
    ask(hospital, alert_id, "acknowledged", by="bert")
    ask(hospital, alert_id, "closed")
    ask(hospital, alert_id, "acknowledged", by="cleo")
    (row,) = hospital.rows(alert)
    assert (row.state, row.acknowledged_by) == ("closed", "anna")


def test_a_justification_needs_a_reason(hospital: Any) -> None:
    alert_id = raised(hospital)
    with pytest.raises(Reject):
        ask(hospital, alert_id, "justified")


def test_a_closed_alert_is_not_withdrawn_and_its_mail_still_goes(hospital: Any) -> None:
    alert_id = raised(hospital)
    ask(hospital, alert_id, "closed")
    hospital.remove("1.2.1")
    assert hospital.check("1.2.1").withdrawn == 0
    assert hospital.rows(alert)[0].withdrawn_at is None
    assert [row.state for row in hospital.rows(mail)] == ["queued"]


@pytest.mark.parametrize("deed", ["acknowledged", "justified", "closed"])
def test_an_alert_that_was_dealt_with_is_opened_again_with_a_reason(
    hospital: Any, mail_server: Any, deed: str
) -> None:
    alert_id = raised(hospital)
    hospital.sender(mail_server.server).send_next()
    ask(hospital, alert_id, deed, "complex_procedure")
    open_again(hospital, alert_id, "The second plane was forgotten")
    (row,) = hospital.rows(alert)
    assert (row.state, row.reopened_by, row.reopening) == ("sent", "dora", "The second plane was forgotten")
    assert (row.acknowledged_by, row.justified_by, row.justification_code, row.closed_by) == (None,) * 4
    (entry,) = hospital.rows(audit.audit, audit.audit.c.action == "reopened")
    assert entry.actor == "dora"
    assert "plane" not in str(entry.details)
    assert len(entry.details["note_sha256"]) == 64
    assert hospital.published("alert.dealt_with.v1")[-1]["state"] == "reopened"
    assert len(hospital.rows(mail)) == 1
    ask(hospital, alert_id, "closed", by="emil")
    assert hospital.rows(alert)[0].closed_by == "emil"
    with hospital.alerts.reading() as connection:
        assert audit.verify(connection).broken_at is None


def test_nothing_is_opened_again_without_a_reason_or_when_it_is_open(hospital: Any) -> None:
    alert_id = raised(hospital)
    open_again(hospital, alert_id, "too early")
    assert hospital.rows(alert)[0].reopened_at is None
    ask(hospital, alert_id, "closed")
    with pytest.raises(Reject):
        open_again(hospital, alert_id, None)
    assert hospital.rows(alert)[0].state == "closed"


def test_an_alert_opened_again_is_withdrawn_if_its_level_is_not_reached_any_more(hospital: Any) -> None:
    alert_id = raised(hospital)
    ask(hospital, alert_id, "closed")
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=0.5)
    hospital.check("1.2.1")
    open_again(hospital, alert_id, "Look again")
    (row,) = hospital.rows(alert)
    assert row.state == "queued"
    assert row.withdrawn_reason == "level_no_longer_reached"
    assert [one.state for one in hospital.rows(mail)] == ["cancelled"]


def test_an_alert_of_which_nobody_was_told_is_found_again_when_opened(hospital: Any) -> None:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    alert_id = hospital.rows(alert)[0].id
    ask(hospital, alert_id, "closed")
    open_again(hospital, alert_id, "Closed by mistake")
    assert hospital.rows(alert)[0].state == "detected"


def test_a_cut_off_end_shows_against_a_noted_head(hospital: Any) -> None:
    alert_id = raised(hospital)
    ask(hospital, alert_id, "acknowledged")
    with hospital.alerts.reading() as connection:
        head = audit.verify(connection).head
        assert audit.verify(connection, head).head_found
    with hospital.alerts.transaction() as tx:
        tx.execute(sa.delete(audit.audit).where(audit.audit.c.seq == 2))
        verdict = audit.verify(tx.connection, head)
    assert (verdict.broken_at, verdict.head_found) == (None, False)
