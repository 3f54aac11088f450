"""Skin dose maps in the database: made on arrival, on request and when what they depend on changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from dosebus.domain.projection import ProjectionEvent, ProjectionReport
from dosebus.domain.study import Equipment, Patient, Study, Totals
from dosebus.events.extract import SkinMapComputed, SkinMapRequested, SkinSumsRequested
from dosebus.skin.arrays import dose_of, steps_of
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus_extract import skin_mapping, skin_store
from dosebus_extract.skin.calculation import skin_dose_map
from dosebus_extract.skin.method import METHOD_VERSION, REFERENCE
from dosebus_extract.skin_devices import skin_settings
from dosebus_extract.skin_mapping import study_to_map
from dosebus_extract.skin_store import StudyKeepsChanging, map_study
from dosebus_extract.skin_sums import sum_maps
from dosebus_extract.skin_sweep import ask_for_stale
from dosebus_extract.store_study import lock_study, remove_study

pytestmark = pytest.mark.services
Keep = Callable[[Study], int]
EVENT: dict[str, Any] = {
    "event_type": {"code_value": "113611", "code_meaning": "Stationary Acquisition"},
    "dose_rp_gy": 0.1,
    "dap_gym2": 0.0006,
    "kvp": [80.0],
    "distance_source_isocenter_mm": 785.0,
    "positioner_primary_angle_deg": 0.0,
    "positioner_secondary_angle_deg": 0.0,
    "table_longitudinal_position_mm": 0.0,
    "table_lateral_position_mm": 600.0,
    "table_height_position_mm": 138.0,
    "event_reference_point_definition": {"code_value": "113860"},
}


def study(number: int, *events: dict[str, Any], **changes: Any) -> Study:
    """A fluoroscopy study of an Artis; each of `events` changes the one under the middle of the torso."""
    made = tuple(
        ProjectionEvent.model_validate(
            {
                key: value
                for key, value in {
                    **EVENT, "irradiation_event_uid": f"1.9.{number}.{index}", **event
                }.items()
                if value is not None
            }
        )
        for index, event in enumerate(events or ({},))
    )  # fmt: skip
    values: dict[str, Any] = {
        "study_instance_uid": f"1.9.{number}",
        "modality_type": "RF",
        "modality_types": ("RF",),
        "study_date": date(2026, 3, 1),
        "study_time": time(9, number % 60),
        "patient": Patient(patient_id=f"SKIN{number}", patient_height_m=1.79, patient_weight_kg=77.0),
        "equipment": Equipment(manufacturer="Siemens", model="AXIOM-Artis", device_serial_number="1"),
        "totals": Totals(
            total_dap_gym2=sum(event.dap_gym2 or 0.0 for event in made),
            dose_rp_total_gy=sum(event.dose_rp_gy or 0.0 for event in made),
        ),
        "projection_reports": (ProjectionReport(events=made),),
    }
    return Study.model_validate(values | changes)


@pytest.fixture
def database(dose_database: Database) -> Iterator[Database]:
    """The module's database without studies; the safelist as it was."""
    yield dose_database
    with dose_database.transaction() as tx:
        tx.execute(sa.delete(dose.study))
        tx.execute(sa.delete(dose_database.outbox))


def run(database: Database, uid: str, **options: Any) -> bool:
    with database.transaction() as tx:
        return map_study(tx, uid, seconds=options.pop("seconds", 60.0), **options)


def row(database: Database, study_id: int) -> Any:
    with database.reading() as connection:
        return connection.execute(sa.select(dose.skin_map).where(dose.skin_map.c.study_id == study_id)).one()


@pytest.fixture
def web(postgres_url: str) -> Iterator[Database]:
    """The database as web sees it; what was configured is taken back."""
    database = Database(postgres_url, schema="web", service="web")
    yield database
    change(database, table_type="fixed", position_offset_cm=[0.0, 0.0, 0.0], enabled=True)
    with database.transaction() as tx:
        tx.execute(sa.delete(config.setting).where(config.setting.c.key == "skin_method"))
    database.close()


def change(web: Database, **values: Any) -> None:
    """What a person changes in the entry of the Artis."""
    with web.transaction() as tx:
        entry = config.skin_device.c
        tx.execute(sa.update(config.skin_device).where(entry.model == "AXIOM-Artis*").values(values))


def letters(database: Database, topic: str) -> int:
    with database.reading() as connection:
        outbox = database.outbox
        select = sa.select(sa.func.count()).where(outbox.c.topic == topic)
        return int(connection.execute(select).scalar_one())


def test_a_map_is_stored_with_all_that_is_needed_to_show_and_to_repeat_it(
    database: Database, keep: Keep
) -> None:
    made = study(1, {}, {"positioner_primary_angle_deg": 30.0}, {"dose_rp_gy": None})
    study_id = keep(made)
    assert run(database, made.study_instance_uid)
    kept = row(database, study_id)
    with database.reading() as connection:
        settings = skin_settings(connection)
    entry = settings.entry_for("Siemens", "AXIOM-Artis", None)
    expected = skin_dose_map(study_to_map(made, entry))

    assert (kept.outcome, kept.method, kept.method_version) == ("partial", "corrected", METHOD_VERSION)
    doses = np.array(dose_of(kept.dose_map, kept.row_count, kept.column_count))
    assert np.array_equal(doses.reshape(expected.shape), expected.dose_gy)
    assert kept.peak_skin_dose_gy == expected.peak_gy == doses.max()
    assert doses.argmax() == kept.peak_row * kept.column_count + kept.peak_column
    assert kept.peak_region == "torso back"
    assert kept.peak_low_gy < kept.peak_skin_dose_gy < kept.peak_high_gy
    assert kept.peak_bound_gy is None, "an event without air kerma cannot be bounded"
    assert (kept.events_used, kept.events_total) == (2, 3)
    assert kept.dap_fraction == pytest.approx(expected.dap_fraction)
    assert 0.6 < kept.dap_fraction < 0.7
    assert [one["event"] for one in kept.not_computed] == [3]
    assert "reference point is missing" in kept.not_computed[0]["reason"]

    replay = np.zeros(doses.size)
    for step in steps_of(kept.contributions, kept.steps):
        replay[np.array(step.cells)] += step.dose_gy
    assert np.allclose(replay, doses, rtol=1e-6)
    told = kept.provenance
    assert told["choices"]["r1_field_direction"] == "frame"
    assert told["device"]["model"] == "AXIOM-Artis*"
    assert (told["height_cm"], told["height_source"]) == (179.0, "extracted")
    at_peak = {one["event"]: one["at_peak_gy"] for one in told["events"]}
    assert sum(at_peak.values()) == pytest.approx(kept.peak_skin_dose_gy)
    assert max(at_peak, key=lambda event: at_peak[event]) == kept.event_that_gave_most
    covered = sum(part["rows"] * part["columns"] for part in kept.geometry["parts"])
    assert covered <= kept.row_count * kept.column_count
    assert all(len(part["ring_cm"]) == part["columns"] + 1 for part in kept.geometry["parts"])
    assert letters(database, SkinMapComputed.topic) == letters(database, SkinSumsRequested.topic) == 1


def test_what_is_up_to_date_is_not_made_again_unless_a_person_asks(database: Database, keep: Keep) -> None:
    made = study(2)
    study_id = keep(made)
    uid = made.study_instance_uid
    assert run(database, uid)
    first = row(database, study_id)
    assert not run(database, uid)
    assert not run(database, uid, asked_at=first.computed_at - timedelta(seconds=1))
    assert run(database, uid, asked_at=datetime.now(UTC))
    assert row(database, study_id).computed_at > first.computed_at
    assert not run(database, "1.9.no.such.study")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"equipment": Equipment(manufacturer="Acme", model="Ray 3")}, "not_listed", "Acme Ray 3"),
        ({"projection_reports": ()}, "no_events", "no report lists"),
    ],
)
def test_a_study_that_cannot_be_mapped_says_why_and_is_bounded(
    database: Database, keep: Keep, changes: dict[str, Any], code: str, words: str
) -> None:
    made = study(3, **changes)
    study_id = keep(made)
    assert run(database, made.study_instance_uid)
    kept = row(database, study_id)
    assert (kept.outcome, kept.reason_code) == ("not_computed", code)
    assert words in kept.reason
    assert (kept.dose_map, kept.peak_skin_dose_gy) == (None, None)
    # No skin is nearer to the focus than the spacer lets it be: the mapped peak would be below.
    mapped = study(4)
    mapped_id = keep(mapped)
    run(database, mapped.study_instance_uid)
    assert kept.peak_bound_gy > row(database, mapped_id).peak_skin_dose_gy


def test_an_event_that_misses_something_is_named_with_the_share_that_is_left(
    database: Database, keep: Keep
) -> None:
    refused = {"distance_source_isocenter_mm": None}
    decubitus = {
        "patient_table_relationship": {"code_value": "F-10470", "code_meaning": "headfirst"},
        "patient_orientation_modifier": {"code_value": "F-10318", "code_meaning": "oblique"},
    }
    no_position = {"table_height_position_mm": None}
    made = study(5, {}, refused, decubitus, no_position)
    study_id = keep(made)
    run(database, made.study_instance_uid)
    kept = row(database, study_id)
    reasons = {one["event"]: one["reason"] for one in kept.not_computed}
    assert kept.outcome == "partial"
    assert "source to isocentre" in reasons[2]
    assert "F-10318 oblique is not supported" in reasons[3]
    assert "no position" in reasons[4]
    assert kept.dap_fraction == pytest.approx(0.25, rel=0.05)
    assert kept.peak_bound_gy > kept.peak_skin_dose_gy


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"table_type": "none"}, "table type none"),
        ({"table_type": "tilting"}, "tilt of the table is missing"),
    ],
)
def test_a_table_that_gives_no_place_is_refused(
    database: Database, web: Database, keep: Keep, entry: dict[str, Any], words: str
) -> None:
    made = study(6)
    study_id = keep(made)
    change(web, **entry)
    run(database, made.study_instance_uid)
    kept = row(database, study_id)
    assert (kept.outcome, kept.reason_code) == ("not_computed", "nothing_computed")
    assert words in kept.reason
    assert kept.not_computed[0]["event"] == 1
    assert kept.peak_bound_gy > 0


def test_a_changed_size_offset_switch_or_method_makes_the_map_stale(
    database: Database, web: Database, keep: Keep
) -> None:
    study_id, uid = keep(study(7)), study(7).study_instance_uid
    run(database, uid)
    with database.transaction() as tx:
        sum_maps(tx, [study_id])
    first = row(database, study_id)
    assert _asked(database) == 0

    heavy = Patient(patient_id="SKIN7", patient_height_m=1.6, patient_weight_kg=95.0)
    keep(study(7, patient=heavy))
    assert _asked(database) == 1
    assert run(database, uid)
    heavier = row(database, study_id)
    assert heavier.study_revision == first.study_revision + 1
    assert heavier.column_count > first.column_count

    change(web, position_offset_cm=[0.0, 5.0, 0.0])
    assert _asked(database) == 1
    assert run(database, uid)
    # The lateral position is DICOM's word for along the table: 5 cm more is 5 rows further to the feet.
    assert abs(row(database, study_id).peak_row - heavier.peak_row - 5) <= 1

    with web.transaction() as tx:
        tx.execute(sa.insert(config.setting).values(key="skin_method", value="reference"))
    assert _asked(database) == 1
    assert run(database, uid)
    kept = row(database, study_id)
    assert kept.method == "reference"
    with database.reading() as connection:
        entry = skin_settings(connection).entry_for("Siemens", "AXIOM-Artis", None)
    expected = skin_dose_map(study_to_map(study(7, patient=heavy), entry), REFERENCE)
    assert np.array_equal(
        np.array(dose_of(kept.dose_map, kept.row_count, kept.column_count)), expected.dose_gy.ravel()
    )

    change(web, enabled=False)
    assert _asked(database) == 1
    assert run(database, uid)
    assert row(database, study_id).reason_code == "disabled"


def _asked(database: Database) -> int:
    """How many maps the sweep asks for; the requests are thrown away."""
    with database.transaction() as tx:
        ask_for_stale(tx)
    count = letters(database, SkinMapRequested.topic)
    with database.transaction() as tx:
        tx.execute(sa.delete(database.outbox))
    return count


def test_a_study_that_changes_while_it_is_mapped_is_mapped_again_and_is_never_locked(
    database: Database, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(8)
    study_id = keep(made)
    real = skin_mapping.map_values
    seen: list[int] = []

    def meanwhile(*given: Any) -> dict[str, Any]:
        if not seen:
            # Would wait for ever if the map's transaction held the study.
            keep(study(8, {}, {}))
        seen.append(1)
        return real(*given)

    monkeypatch.setattr(skin_store, "map_values", meanwhile)
    assert run(database, made.study_instance_uid)
    kept = row(database, study_id)
    assert len(seen) == 2
    assert (kept.study_revision, kept.events_total) == (2, 2)
    assert letters(database, SkinMapComputed.topic) == 1


def test_a_study_that_never_rests_is_left_for_later(
    database: Database, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(9)
    keep(made)
    real = skin_mapping.map_values

    def meanwhile(*given: Any) -> dict[str, Any]:
        keep(made)
        return real(*given)

    monkeypatch.setattr(skin_store, "map_values", meanwhile)
    with pytest.raises(StudyKeepsChanging):
        run(database, made.study_instance_uid)
    with database.transaction() as tx:
        lock_study(tx, made.study_instance_uid)


def test_when_time_is_over_the_rest_is_named(database: Database, keep: Keep) -> None:
    made = study(10, {}, {})
    study_id = keep(made)
    run(database, made.study_instance_uid, seconds=-1.0)
    kept = row(database, study_id)
    assert kept.outcome == "not_computed"
    assert "time for this study is over" in kept.reason


def test_a_calculation_that_fails_is_an_outcome(
    database: Database, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(11)
    study_id = keep(made)

    def broken(*_: Any) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(skin_store, "map_values", broken)
    assert run(database, made.study_instance_uid)
    assert row(database, study_id).reason_code == "failed"
    assert not run(database, made.study_instance_uid), "it is not tried for ever"


def test_a_size_that_no_patient_has_is_not_believed(database: Database, keep: Keep) -> None:
    made = study(12, patient=Patient(patient_id="SKIN12", patient_height_m=179.0, patient_weight_kg=77.0))
    study_id = keep(made)
    run(database, made.study_instance_uid)
    told = row(database, study_id).provenance
    assert (told["height_source"], told["mass_source"]) == ("assumed", "extracted")
    assert told["size_notes"] == ["the stated height of 179 m is not believed"]


def test_a_study_that_is_no_fluoroscopy_any_more_loses_its_map(database: Database, keep: Keep) -> None:
    made = study(13)
    study_id = keep(made)
    run(database, made.study_instance_uid)
    keep(study(13, modality_type="DX", modality_types=("DX",)))
    assert _asked(database) == 1
    assert run(database, made.study_instance_uid)
    with database.reading() as connection:
        select = sa.select(sa.func.count()).where(dose.skin_map.c.study_id == study_id)
        assert connection.execute(select).scalar_one() == 0


def test_a_removed_study_takes_its_map_with_it_and_the_other_sums_are_asked_for(
    database: Database, keep: Keep
) -> None:
    patient = Patient(patient_id="TWICE", patient_height_m=1.79, patient_weight_kg=77.0)
    first, second = study(14, patient=patient), study(15, patient=patient)
    ids = [keep(first), keep(second)]
    for one in (first, second):
        run(database, one.study_instance_uid)
    with database.transaction() as tx:
        sum_maps(tx, ids)
        tx.execute(sa.delete(database.outbox))
    with database.transaction() as tx:
        remove_study(tx, ids[0])
    assert letters(database, SkinSumsRequested.topic) == 1
    with database.transaction() as tx:
        assert sum_maps(tx, [ids[1]]) == [ids[1]]
        kept = tx.execute(sa.select(dose.skin_sum)).one()
    assert kept.member_ids == [ids[1]]
