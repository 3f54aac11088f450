"""Sums follow patients whose ID is stored in another form."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables import dose
from dosebus.store.tables.alerts import alert, mail, study_dose, study_sum
from dosebus_alerts.consumers import follow_patients
from dosebus_alerts.ledger import patient_digest

pytestmark = pytest.mark.services
DAY = date(2026, 5, 4)


def test_sums_stay_whole_when_ids_become_pseudonyms_and_join_what_was_one_already(hospital: Any) -> None:
    hospital.rule()
    hospital.recipient("Anna", "anna@example.org")
    for number, gray in (("1", 0.5), ("2", 1.6)):
        hospital.study(f"1.2.{number}", DAY + timedelta(days=int(number)), dose_rp_total_plane_a_gy=gray)
    hospital.study("1.2.3", DAY, dose_rp_total_plane_a_gy=1.0, patient_id="pseudonym")
    hospital.check("1.2.1", "1.2.2", "1.2.3")
    (before,) = hospital.rows(alert)
    mails = len(hospital.rows(mail))
    with hospital.owner.transaction() as tx:
        tx.execute(sa.update(dose.study).values(patient_id="pseudonym"))
    told = PatientIdentityChanged(study_instance_uids=("1.2.1", "1.2.2"))
    settings: Any = SimpleNamespace(mail_domain="example.org")
    for _ in range(2):
        with hospital.alerts.transaction() as tx:
            follow_patients(told, tx, settings)
    assert {row.patient for row in hospital.rows(study_dose)} == {patient_digest("pseudonym")}
    sums = {row.study_instance_uid: row.total for row in hospital.rows(study_sum)}
    assert sums["1.2.2"] == pytest.approx(3.1)
    (after,) = hospital.rows(alert)
    assert (after.id, after.withdrawn_at) == (before.id, None)
    assert after.value == pytest.approx(3.1)
    assert after.patient == patient_digest("pseudonym")
    assert len(hospital.rows(mail)) == mails
