"""People deal with alerts: who did what and when, and the chain that keeps it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.bus.message import Reject
from dosebus.events.alerts import AlertStateRequested
from dosebus.store.tables.alerts import alert, mail
from dosebus_alerts import audit, consumers

DAY = date(2026, 5, 4)


def raised(hospital: Any) -> Any:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    return hospital.rows(alert)[0].id


def ask(hospital: Any, alert_id: Any, state: Any, code: str | None = None, by: str = "anna") -> None:
    event = AlertStateRequested(alert_id=alert_id, state=state, justification_code=code, requested_by=by)
    with hospital.alerts.transaction() as tx:
        consumers.change_state(event, tx)


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
