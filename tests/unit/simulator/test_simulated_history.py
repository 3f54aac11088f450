"""The demonstration and the stream: weeks of studies in order, and one patient who passes the level."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from dosebus_simulator.history import (
    DAP_LEVEL_GYM2,
    DEMONSTRATION_STUDIES,
    DOSE_RP_LEVEL_GY,
    demonstration,
    stream,
)
from dosebus_simulator.kinds import make
from dosebus_simulator.simulated import SimulatedStudy

UNTIL = date(2026, 6, 30)


@pytest.fixture(scope="module")
def shown() -> list[SimulatedStudy]:
    return list(demonstration(UNTIL))


def test_demonstration_is_varied_and_in_order(shown: list[SimulatedStudy]) -> None:
    assert len(shown) == DEMONSTRATION_STUDIES >= 150
    truths = [study.truth for study in shown if study.truth]
    days = [truth.study_date for truth in truths if truth.study_date]
    assert days == sorted(days)
    assert UNTIL - timedelta(weeks=16) <= days[0]
    assert days[-1] <= UNTIL
    assert set(Counter(truth.modality_type for truth in truths)) == {"CT", "RF", "DX", "MG", "NM"}
    assert len({truth.equipment.station_name for truth in truths}) >= 12
    assert any((truth.patient.patient_age_years or 99) < 16 for truth in truths)
    upgraded = {
        truth.equipment.software_version for truth in truths if truth.equipment.station_name == "CTRIVER2"
    }
    assert len(upgraded) == 2
    uids = [one.sop_instance_uid for study in shown for one in study.objects]
    assert len(set(uids)) == len(uids)


def test_three_patients_pass_a_level_within_twelve_weeks(shown: list[SimulatedStudy]) -> None:
    visits: dict[str | None, list[tuple[date, float, float]]] = defaultdict(list)
    for study in shown:
        truth = study.truth
        if truth and truth.modality_type == "RF" and truth.study_date:
            totals = truth.totals
            dose = (totals.dose_rp_total_plane_a_gy or 0) + (totals.dose_rp_total_plane_b_gy or 0)
            visits[truth.patient.patient_id].append((truth.study_date, dose, totals.total_dap_gym2 or 0))
    passed = []
    for patient_id, seen in visits.items():
        for day, _, _ in seen:
            window = [one for one in seen if day - timedelta(weeks=12) <= one[0] <= day]
            if (
                sum(one[1] for one in window) > DOSE_RP_LEVEL_GY
                or sum(one[2] for one in window) > DAP_LEVEL_GYM2
            ):
                passed.append((patient_id, day))
    assert sorted(passed, key=lambda one: one[1]) == [
        ("SIM990002", UNTIL - timedelta(days=12)),
        ("SIM990003", UNTIL - timedelta(days=5)),
        ("SIM990001", UNTIL - timedelta(days=2)),
    ]


def test_stream_makes_what_was_asked_and_repeats_itself() -> None:
    first, again = (list(stream(("ct", "rf"), 6, 2, UNTIL, seed=3)) for _ in range(2))
    assert [study.kind for study in first] == ["ct", "rf"] * 3
    assert [study.truth for study in first] == [study.truth for study in again]
    other = list(stream(("ct", "rf"), 6, 2, UNTIL, seed=4))
    assert {study.objects[0].sop_instance_uid for study in first}.isdisjoint(
        study.objects[0].sop_instance_uid for study in other
    )


def test_size_is_met_and_an_unknown_kind_is_refused() -> None:
    for kind in ("ct", "rf"):
        size = len(make(kind, 1, day=UNTIL, size_bytes=97_000).objects[0].encoded())
        assert size == pytest.approx(97_000, rel=0.15)
    with pytest.raises(ValueError, match="no kind 'xx'"):
        make("xx", 1, day=UNTIL)
    with pytest.raises(ValueError, match="cannot be chosen"):
        make("mg", 1, day=UNTIL, size_bytes=50_000)
