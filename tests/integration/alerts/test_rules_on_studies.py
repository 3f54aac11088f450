"""Rules with filters, on skin maps, on trial; trials on past data; what follows a change of identity or level."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.events.alerts import (
    AlertRuleTrialCancelRequested,
    AlertRuleTrialRequested,
    AlertSettingsChanged,
    RuleProposal,
)
from dosebus.events.identity import uuid7
from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables import config, dose
from dosebus.store.tables.alerts import (
    alert,
    mail,
    recalculation_change,
    study_dose,
    study_sum,
    trial,
    trial_alert,
)
from dosebus_alerts import consumers, recalculation
from dosebus_alerts.recalculation import Recalculator
from dosebus_alerts.settings import AlertsSettings
from dosebus_alerts.trials import Trials

DAY = date(2026, 5, 4)
SETTINGS = AlertsSettings(database_url="postgresql://unused")


def study(hospital: Any, uid: str, gray: float = 2.5, day: date = DAY, **values: Any) -> None:
    hospital.study(uid, day, dose_rp_total_plane_a_gy=gray, **values)


def study_id(hospital: Any, uid: str) -> int:
    wanted = sa.select(dose.study.c.id).where(dose.study.c.study_instance_uid == uid)
    with hospital.owner.reading() as connection:
        return int(connection.execute(wanted).scalar_one())


def mapped(
    hospital: Any, uid: str, outcome: str = "computed", sums: dict[int, float] | None = None, **values: Any
) -> None:
    """Write a skin map and its sums as extract does."""
    now, number = datetime.now(UTC), study_id(hospital, uid)
    is_map = outcome != "not_computed"
    row = {
        "study_id": number,
        "outcome": outcome,
        "reason": None if is_map else "unknown table",
        "dose_map": b"" if is_map else None,
        "study_revision": 1,
        "input_key": "k",
        "computed_at": now,
        "compute_seconds": 0.0,
    }
    with hospital.owner.transaction() as tx:
        for table in (dose.skin_map, dose.skin_sum):
            tx.execute(sa.delete(table).where(table.c.study_id == number))
        tx.execute(sa.insert(dose.skin_map).values(row | values))
        for weeks, peak in (sums or {}).items():
            tx.execute(
                sa.insert(dose.skin_sum).values(
                    study_id=number,
                    weeks=weeks,
                    peak_skin_dose_gy=peak,
                    member_ids=[number],
                    unmapped_ids=[],
                    input_key="k",
                    computed_at=now,
                )
            )


def raised(hospital: Any) -> dict[str, float]:
    return {row.study_instance_uid: row.value for row in hospital.rows(alert) if row.withdrawn_at is None}


def test_a_peak_skin_dose_counts_from_its_map_and_goes_when_the_map_is_another(hospital: Any) -> None:
    hospital.rule("rf-study-psd", quantity="peak_skin_dose_gy", scope="study", weeks=None)
    study(hospital, "1.2.1")
    hospital.check("1.2.1")
    assert raised(hospital) == {}
    mapped(hospital, "1.2.1", peak_skin_dose_gy=2.2)
    hospital.check("1.2.1")
    assert raised(hospital) == {"1.2.1": 2.2}
    mapped(hospital, "1.2.1", peak_skin_dose_gy=1.9)
    hospital.check("1.2.1")
    assert raised(hospital) == {}


def test_what_only_a_bound_reaches_is_a_notice_and_that_of_a_system_nobody_listed_is_none(
    hospital: Any,
) -> None:
    hospital.rule("rf-study-psd", quantity="peak_skin_dose_gy", scope="study", weeks=None)
    for number, (outcome, peak, bound, reason) in enumerate(
        [
            ("computed", 1.0, 9.0, None),
            ("partial", 1.0, 2.5, None),
            ("partial", 2.1, 2.6, None),
            ("not_computed", None, 3.0, "nothing_computed"),
            ("not_computed", None, 3.0, "not_listed"),
        ]
    ):
        study(hospital, f"1.2.{number}", patient_id=f"p{number}")
        values = {"peak_skin_dose_gy": peak, "peak_bound_gy": bound, "reason_code": reason}
        mapped(hospital, f"1.2.{number}", outcome, **values)
        hospital.check(f"1.2.{number}")
    told = {row.study_instance_uid: (row.value, row.at_most, row.severity) for row in hospital.rows(alert)}
    assert told == {
        "1.2.1": (2.5, True, "notice"),
        "1.2.2": (2.1, False, "warning"),
        "1.2.3": (3.0, True, "notice"),
    }


def test_a_level_that_could_not_be_excluded_and_then_is_reached_is_another_alert(hospital: Any) -> None:
    hospital.rule("rf-study-psd", quantity="peak_skin_dose_gy", scope="study", weeks=None)
    study(hospital, "1.2.1")
    mapped(hospital, "1.2.1", "partial", peak_skin_dose_gy=1.0, peak_bound_gy=2.5)
    hospital.check("1.2.1")
    mapped(hospital, "1.2.1", "computed", peak_skin_dose_gy=2.2, peak_bound_gy=2.2)
    hospital.check("1.2.1")
    told = {row.at_most: (row.value, row.withdrawn_reason) for row in hospital.rows(alert)}
    assert told == {True: (2.5, "level_reached_for_certain"), False: (2.2, None)}


def test_the_bound_of_a_sum_leaves_out_systems_nobody_listed(hospital: Any) -> None:
    hospital.rule("rf-sum-psd", quantity="peak_skin_dose_gy")
    for number in (1, 2, 3):
        study(hospital, f"1.2.{number}", day=DAY + timedelta(days=number))
    mapped(hospital, "1.2.1", "partial", peak_skin_dose_gy=1.0, peak_bound_gy=1.6, sums={12: 1.0})
    mapped(hospital, "1.2.2", "not_computed", peak_bound_gy=5.0, reason_code="not_listed", sums={12: 1.0})
    mapped(hospital, "1.2.3", "partial", peak_skin_dose_gy=0.5, peak_bound_gy=0.8, sums={12: 1.4})
    number_of = {row.study_instance_uid: row.id for row in hospital.rows(dose.study)}
    ids = [number_of[f"1.2.{number}"] for number in (1, 2, 3)]
    with hospital.owner.transaction() as tx:
        s = dose.skin_sum.c
        for last in (1, 2, 3):
            values = {"member_ids": ids[:last], "peak_bound_gy": (1.6, 6.6, 7.3)[last - 1]}
            tx.execute(sa.update(dose.skin_sum).where(s.study_id == ids[last - 1]).values(values))
    hospital.check("1.2.1", "1.2.2", "1.2.3")
    (row,) = hospital.rows(alert)
    assert (row.study_instance_uid, row.at_most) == ("1.2.3", True)
    assert row.value == pytest.approx(1.4 + 0.6 + 0.3)
    assert [part.get("at_most", False) for part in row.evidence] == [False, True, False]
    assert {one.study_instance_uid: one.bound for one in hospital.rows(study_sum)} == {
        "1.2.1": 1.6, "1.2.2": 6.6, "1.2.3": 7.3,
    }  # fmt: skip


def test_peaks_over_weeks_are_those_of_the_summed_maps_and_not_sums_of_peaks(hospital: Any) -> None:
    hospital.rule("rf-sum-psd", quantity="peak_skin_dose_gy")
    study(hospital, "1.2.1")
    study(hospital, "1.2.2", day=DAY + timedelta(days=3))
    mapped(hospital, "1.2.1", peak_skin_dose_gy=1.5, sums={12: 1.5})
    mapped(hospital, "1.2.2", peak_skin_dose_gy=1.5, sums={12: 1.7})
    hospital.check("1.2.1", "1.2.2")
    assert raised(hospital) == {}
    # The map of the first study changes, and with it the sum that ends with the second one.
    mapped(hospital, "1.2.2", peak_skin_dose_gy=1.5, sums={12: 2.4})
    hospital.check("1.2.1")
    assert raised(hospital) == {"1.2.2": 2.4}
    (row,) = hospital.rows(alert)
    assert [one["value"] for one in row.evidence] == [1.5, 1.5]
    totals = {one.study_instance_uid: one.total for one in hospital.rows(study_sum)}
    assert totals == {"1.2.1": 1.5, "1.2.2": 2.4}


def call(hospital: Any, raw_name: str, name: str) -> None:
    """Let one description of fluoroscopy studies have this standard name, and none else."""
    with hospital.web.transaction() as tx:
        tx.execute(sa.delete(config.standard_name_raw))
        tx.execute(sa.delete(config.standard_name))
        row = {"modality_type": "RF", "kind": "study", "name": name}
        number = tx.execute(
            sa.insert(config.standard_name).values(row).returning(config.standard_name.c.id)
        ).scalar_one()
        tx.execute(
            sa.insert(config.standard_name_raw).values(
                **row, source="study_description", raw_name=raw_name, standard_name_id=number
            )
        )


def test_after_a_change_of_standard_names_every_study_is_weighed_again(hospital: Any) -> None:
    call(hospital, "HERZKATHETER", "Coronary")
    hospital.rule("rf-study", scope="study", weeks=None, standard_names=["Coronary"])
    study(hospital, "1.2.1", study_description="Herzkatheter")
    study(hospital, "1.2.2", patient_id="p2", study_description="Embolisation")
    hospital.check("1.2.1", "1.2.2")
    assert raised(hospital).keys() == {"1.2.1"}
    call(hospital, "EMBOLISATION", "Coronary")
    with hospital.alerts.transaction() as tx:
        consumers.apply_settings(AlertSettingsChanged(), tx)
    worker = Recalculator(hospital.alerts, threading.Event(), "example.org", threading.Event())
    while worker.work():
        pass
    standing = {row.study_instance_uid for row in hospital.rows(alert) if row.withdrawn_at is None}
    assert standing == {"1.2.2"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"age_years_from": 0, "age_years_below": 16}, {"child"}),
        ({"age_years_from": 16}, {"adult", "heavy"}),
        ({"weight_kg_from": 100}, {"heavy"}),
        ({"weight_kg_below": 100}, {"child", "adult"}),
        ({"standard_names": ["Coronary"]}, {"adult"}),
        ({"device_ids": [-1]}, set()),
        ({"modality_types": ["CT"]}, set()),
        ({}, {"child", "adult", "heavy", "unknown"}),
    ],
)
def test_filters_choose_studies(hospital: Any, rule: dict[str, Any], expected: set[str]) -> None:
    call(hospital, "HERZKATHETER", "Coronary")
    hospital.rule("rf-study", **({"scope": "study", "weeks": None} | rule))
    people: dict[str, dict[str, Any]] = {
        "child": {"patient_age_years": 15.9, "patient_weight_kg": 40.0},
        "adult": {
            "patient_age_years": 16.0,
            "patient_weight_kg": 99.0,
            "study_description": " Herzkatheter ",
        },
        "heavy": {"patient_age_years": 50.0, "patient_weight_kg": 100.0},
        "unknown": {},
    }
    for uid, values in people.items():
        study(hospital, uid, patient_id=uid, **values)
        hospital.check(uid)
    assert raised(hospital).keys() == expected


def test_a_rule_on_trial_is_shown_and_tells_nobody_also_when_it_is_switched_on(hospital: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.rule("rf-study", scope="study", weeks=None, trial=True)
    study(hospital, "1.2.1")
    hospital.check("1.2.1")
    (row,) = hospital.rows(alert)
    assert (row.trial, row.mail_note, row.state) == (True, "rule_on_trial", "detected")
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.check("1.2.1")
    assert [one.trial for one in hospital.rows(alert)] == [False]
    assert hospital.rows(mail) == []


def test_a_rule_names_its_recipients_whatever_they_chose(hospital: Any) -> None:
    hospital.recipient("All", "all@example.org")
    head = hospital.recipient("Head", "head@example.org", rules=[])
    hospital.rule("rf-study", scope="study", weeks=None, recipients=[head])
    study(hospital, "1.2.1")
    hospital.check("1.2.1")
    assert [row.address for row in hospital.rows(mail)] == ["head@example.org"]


def proposal(**values: Any) -> RuleProposal:
    plain = {"quantity": "dose_rp_gy", "scope": "sum", "weeks": 12, "level": 2.0, "modality_types": ("RF",)}
    return RuleProposal.model_validate(plain | values)


def ask(hospital: Any, rule: RuleProposal, until: date = DAY + timedelta(days=300)) -> Any:
    event = AlertRuleTrialRequested(
        trial_id=uuid7(), rule_key=None, rule=rule, date_from=DAY, date_until=until, requested_by="anna"
    )
    for _ in range(2):
        with hospital.alerts.transaction() as tx:
            consumers.try_rule(event, tx)
    return event.trial_id


def work(hospital: Any, trial_id: Any) -> Any:
    worker = Trials(hospital.alerts, threading.Event())
    while worker.work():
        pass
    return hospital.rows(trial, trial.c.id == trial_id)[0]


past = st.lists(
    st.tuples(
        st.sampled_from(["p1", "p2"]),
        st.integers(0, 150),
        st.sampled_from([0.0, 0.4, 1.0, 1.2, 2.1]),
    ),
    max_size=10,
)


@given(past, st.sampled_from([("sum", 12), ("sum", 3), ("study", None)]))
@settings(max_examples=20)
def test_a_trial_tells_what_the_rule_would_have_raised_and_raises_nothing(
    hospital: Any, told: list[tuple[str, int, float]], scope: tuple[str, int | None]
) -> None:
    hospital.clear()
    for number, (patient, day, gray) in enumerate(told):
        study(hospital, f"1.2.{number}", gray, DAY + timedelta(days=day), patient_id=patient)
    hospital.check(*(f"1.2.{number}" for number in range(len(told))))
    row = work(hospital, ask(hospital, proposal(scope=scope[0], weeks=scope[1])))
    assert (row.state, row.studies_done, row.studies_total) == ("done", len(told), len(told))
    found = {one.study_instance_uid: one for one in hospital.rows(trial_alert)}
    assert row.alerts == len(found)
    assert hospital.rows(alert) == []
    # The rule itself, in force, raises the same.
    hospital.rule("tried", scope=scope[0], weeks=scope[1])
    hospital.check(*(f"1.2.{number}" for number in range(len(told))))
    assert raised(hospital) == {uid: pytest.approx(one.value) for uid, one in found.items()}
    for one in found.values():
        assert one.week.weekday() == 0
        assert timedelta(0) <= one.study_date - one.week < timedelta(days=7)


def test_a_trial_is_cancelled_between_batches_and_keeps_what_it_found(hospital: Any) -> None:
    study(hospital, "1.2.1")
    hospital.check("1.2.1")
    trial_id = ask(hospital, proposal(scope="study", weeks=None))
    worker = Trials(hospital.alerts, threading.Event())
    assert worker.work()
    with hospital.alerts.transaction() as tx:
        consumers.try_rule(AlertRuleTrialCancelRequested(trial_id=trial_id, requested_by="anna"), tx)
    assert not worker.work()
    (row,) = hospital.rows(trial)
    assert (row.state, row.studies_done, row.alerts) == ("cancelled", 1, 1)
    assert [one["state"] for one in hospital.published("alert.rule_trial.finished.v1")] == ["cancelled"]


def test_a_rule_that_cannot_be_tried_says_why(hospital: Any) -> None:
    row = work(hospital, ask(hospital, proposal(quantity="ctdivol_mgy", scope="study", weeks=None)))
    assert (row.state, row.failure) == ("failed", "ctdivol_mgy cannot be watched by study")


def test_only_the_days_that_were_asked_for_are_tried(hospital: Any) -> None:
    study(hospital, "1.2.1", 1.5, DAY - timedelta(days=1))
    study(hospital, "1.2.2", 1.5, DAY)
    study(hospital, "1.2.3", 1.5, DAY + timedelta(days=1))
    hospital.check("1.2.1", "1.2.2", "1.2.3")
    row = work(hospital, ask(hospital, proposal(), until=DAY))
    assert row.studies_total == 1
    assert [(one.study_instance_uid, one.value) for one in hospital.rows(trial_alert)] == [("1.2.2", 3.0)]


def test_a_patient_stored_under_another_identity_keeps_alerts_and_gains_sums(hospital: Any) -> None:
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.rule()
    study(hospital, "1.2.1", 1.5, patient_id="p1")
    study(hospital, "1.2.2", 1.0, patient_id="p1")
    study(hospital, "1.2.3", 0.5, DAY + timedelta(days=1), patient_id="other")
    hospital.check("1.2.1", "1.2.2", "1.2.3")
    before = {row.id: row.patient for row in hospital.rows(alert)}
    for uid in ("1.2.1", "1.2.2", "1.2.3"):
        with hospital.owner.transaction() as tx:
            tx.execute(
                sa.update(dose.study)
                .where(dose.study.c.study_instance_uid == uid)
                .values(patient_id="pseudonym", patient_id_is_hashed=True)
            )
    event = PatientIdentityChanged(study_instance_uids=("1.2.1", "1.2.2", "1.2.3"))
    with hospital.alerts.transaction() as tx:
        consumers.follow_patients(event, tx, SETTINGS)
    after = {row.id: row.patient for row in hospital.rows(alert) if row.withdrawn_at is None}
    assert before.keys() <= after.keys()
    assert len({row.patient for row in hospital.rows(study_dose)}) == 1
    assert not set(before.values()) & set(after.values())
    assert raised(hospital)["1.2.3"] == 3.0
    told = {row.alert_id for row in hospital.rows(mail)}
    assert told == before.keys()


def test_a_recalculation_lists_what_it_changed(hospital: Any) -> None:
    hospital.rule(level=5.0)
    hospital.rule("rf-study", scope="study", weeks=None, level=1.2)
    for number, gray in enumerate((1.0, 1.5, 1.0)):
        study(hospital, f"1.2.{number}", gray, DAY + timedelta(days=number))
        hospital.check(f"1.2.{number}")
    hospital.rule(level=3.0, version=2)
    hospital.rule("rf-study", scope="study", weeks=None, level=1.2, enabled=False)
    with hospital.alerts.transaction() as tx:
        recalculation.ask_for(tx, "settings_changed", None)
    worker = Recalculator(hospital.alerts, threading.Event(), "example.org", threading.Event())
    while worker.work():
        pass
    changes = [
        (row.change, row.rule_key, row.study_instance_uid, row.before, row.after)
        for row in sorted(hospital.rows(recalculation_change), key=lambda row: row.id)
    ]
    assert sorted(changes) == [
        ("raised", "rf-sum-dose-rp", "1.2.2", None, 3.5),
        ("withdrawn", "rf-study", "1.2.1", 1.5, None),
    ]
