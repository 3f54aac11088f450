"""Maps as they are stored and drawn: what comes out is what went in, and cells lie where their dose was computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebus.domain.projection import ProjectionEvent
from dosebus.skin.arrays import NotAnArray, dose_of, packed, steps_of
from dosebus_extract.skin.body_surface import body_surface
from dosebus_extract.skin.bound import event_bound, kerma_bound
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.geometry import parts_of, region_of
from dosebus_extract.skin.method import CORRECTED, REFERENCE, Method
from dosebus_extract.skin.phantom import Phantom, Size
from dosebus_extract.skin.pose import ORIENTATIONS
from dosebus_extract.skin.reference_surface import NO_SKIN_CM, reference_surface
from dosebus_extract.skin.result import EventDose
from dosebus_extract.skin.stored import packed_map, packed_steps, unpacked_map
from tests.unit.skin.conftest import CENTRED

Event = Callable[..., ProjectionEvent]


def _dose(event: int, cells: list[int], dose: float) -> EventDose:
    return EventDose(event, None, np.array(cells), np.full(len(cells), dose), 0.0, "HFS", "extracted", ())


@given(st.lists(st.floats(0, 20, allow_subnormal=False), min_size=6, max_size=6))
def test_a_map_comes_back_bit_by_bit(doses: list[float]) -> None:
    made = np.array(doses).reshape(2, 3)
    stored = packed_map(made)
    assert list(dose_of(stored, 2, 3)) == doses
    assert np.array_equal(unpacked_map(stored, 2, 3), made)


@pytest.mark.parametrize("stored", [b"", b"nonsense", packed(b"1234"), packed(bytes(100))])
def test_what_is_no_map_is_refused(stored: bytes) -> None:
    with pytest.raises(NotAnArray):
        dose_of(stored, 2, 3)


def test_very_many_events_are_put_together_in_runs_without_losing_dose() -> None:
    events = [_dose(number, [number, number + 1], 0.5) for number in range(1, 10)]
    kept = packed_steps(events, most_entries=8)
    steps = steps_of(kept.contributions, kept.steps)
    assert [(step.first_event, step.last_event) for step in steps] == [(1, 8), (9, 9)] or len(steps) == 1
    assert sum(one["cells"] for one in kept.steps) <= 12
    total = np.zeros(20)
    for step in steps:
        assert list(step.cells) == sorted(step.cells)
        total[np.array(step.cells)] += step.dose_gy
    expected = np.zeros(20)
    for one in events:
        expected[one.cells] += one.dose_gy
    assert np.allclose(total, expected)
    assert [len(packed_steps(part).steps) for part in ([], events)] == [0, 9]


@pytest.mark.parametrize(
    ("height_cm", "mass_kg"), [(178.6, 73.2), (120.0, 25.0), (50.0, 3.5), (190.0, 160.0)]
)
def test_the_corrected_cells_are_drawn_where_their_samples_lie(height_cm: float, mass_kg: float) -> None:
    phantom = Phantom.of(Size(height_cm, mass_kg, "extracted", "extracted"))
    surface = body_surface(phantom, 2)
    parts = {part.name: part for part in parts_of(phantom, as_reference=False)}
    columns = surface.shape[1]
    for place, centre, is_head in zip(surface.map_index, surface.centres.T, surface.is_head, strict=True):
        row, column = divmod(int(place), columns)
        part = parts["head" if is_head else "torso"]
        within = (column - part.first_column) % columns
        middle = part.ring_cm[within : within + 2].mean(axis=0)
        drawn = np.array([middle[0], row + 0.5, middle[1]])
        assert np.abs(drawn - centre).max() < 0.1


@pytest.mark.parametrize("prone", [False, True])
@pytest.mark.parametrize("mass_kg", [73.2, 80.0])
def test_the_references_cells_are_drawn_where_its_points_lie(prone: bool, mass_kg: float) -> None:
    phantom = Phantom.of(Size(178.6, mass_kg, "extracted", "extracted"))
    surface = reference_surface(phantom, prone=prone, feet_first=False)
    rows, columns = surface.shape
    parts = {part.name: part for part in parts_of(phantom, as_reference=True, prone=prone)}
    for place, corner, is_head in zip(surface.map_index, surface.points[:, 0], surface.is_head, strict=True):
        row, column = divmod(int(place), columns)
        part = parts["head" if is_head else "torso"]
        within = (column - part.first_column) % columns
        if corner[0] == NO_SKIN_CM:
            assert within >= part.columns
            assert region_of(tuple(parts.values()), row, column, columns) is None
            continue
        height = corner[2] - 4 if not prone else phantom.depth_cm + 4 + corner[2]
        assert np.allclose(part.ring_cm[within], [corner[0], height])
        assert row == pytest.approx(corner[1] - 5)
    assert rows == sum(part.rows for part in parts.values())


@pytest.mark.parametrize("method", [CORRECTED, REFERENCE])
@pytest.mark.parametrize(
    ("angle", "side"), [(0.0, "back"), (90.0, "right"), (-90.0, "left"), (180.0, "front")]
)
def test_the_peak_is_named_after_where_the_tube_was(
    event: Event, method: Method, angle: float, side: str
) -> None:
    study = FluoroscopyStudy((event(positioner_primary_angle_deg=angle),), orientation="HFS")
    if method is REFERENCE and side in {"left", "right"}:
        study = replace(study, events=(event(positioner_primary_angle_deg=angle * 0.95),))
    made = skin_dose_map(study, method)
    row, column = divmod(int(made.dose_gy.argmax()), made.shape[1])
    parts = parts_of(made.phantom, as_reference=method is REFERENCE)
    assert region_of(parts, row, column, made.shape[1]) == f"torso {side}"


@given(
    kerma=st.floats(0.001, 5),
    side=st.floats(3, 25),
    kvp=st.floats(50, 125),
    place=st.tuples(st.floats(-90, 90), st.floats(100, 180), st.floats(300, 800)),
)
def test_no_cell_gets_more_than_the_bounds_say(
    kerma: float, side: float, kvp: float, place: tuple[float, float, float]
) -> None:
    angle, height, along = place
    one = ProjectionEvent.model_validate(
        {
            **CENTRED,
            "dose_rp_gy": kerma,
            "dap_gym2": kerma * (side / 100) ** 2,
            "kvp": [kvp],
            "positioner_primary_angle_deg": angle,
            "table_height_position_mm": height,
            "table_lateral_position_mm": along,
        }
    )
    bound = event_bound(1, one, DeviceProfile(), CORRECTED, mean_kvp=None)
    from_kerma = kerma_bound(kerma, DeviceProfile(), CORRECTED)
    assert bound is not None
    assert from_kerma is not None
    assert skin_dose_map(FluoroscopyStudy((one,), orientation="HFS")).peak_gy <= bound < from_kerma


def test_a_systems_own_orientation_and_table_count(event: Event) -> None:
    by_default = FluoroscopyStudy((event(),), device=DeviceProfile(orientation_default="FFS"))
    made = skin_dose_map(by_default)
    assert {one.orientation_source for one in made.contributions} <= {"default of the system"}
    stated = replace(by_default, orientation="HFS")
    assert skin_dose_map(stated).contributions[0].orientation == "HFS"
    assert "FFS" in ORIENTATIONS
    negative = skin_dose_map(FluoroscopyStudy((event(dap_gym2=-1.0),)))
    assert "negative" in negative.not_computed[0].reason
