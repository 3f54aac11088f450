"""The reference mode against a twin that computes one point at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.deposit import round_to_nanogray
from dosebus_extract.skin.method import REFERENCE
from dosebus_extract.skin.phantom import Phantom, Size, nearest_integer
from tests.load.plain_skin import Plain, plain_map


def as_event(one: Plain) -> ProjectionEvent:
    arc = {"number_of_pulses": one.frames, "positioner_primary_end_angle_deg": one.end} if one.frames else {}
    kind = ("113613", "Rotational Acquisition") if one.frames else ("113611", "Stationary Acquisition")
    copper = {"material": {"code_value": "C-127F9"}, "thickness_min_mm": one.copper, "thickness_max_mm": 9.0}
    return ProjectionEvent.model_validate(
        {
            "event_type": {"code_value": kind[0], "code_meaning": kind[1]},
            "dose_rp_gy": one.kerma,
            "dap_gym2": one.dap,
            "kvp": [one.kvp, 0.0],
            "filters": [copper, {"material": {"code_value": "C-12000"}, "thickness_min_mm": 1.0}],
            "distance_source_isocenter_mm": one.isocentre * 10,
            "positioner_primary_angle_deg": one.primary,
            "positioner_secondary_angle_deg": one.secondary,
            "table_longitudinal_position_mm": one.longitudinal * 10,
            "table_lateral_position_mm": one.lateral * 10,
            "table_height_position_mm": one.height * 10,
            **arc,
        }
    )


def assert_same(
    exposures: list[Plain], orientation: str, height_cm: float = 178.6, mass_kg: float = 73.2
) -> float:
    study = FluoroscopyStudy(
        tuple(as_event(one) for one in exposures), Size.of(height_cm / 100, mass_kg), orientation=orientation
    )
    expected = np.array(plain_map(exposures, orientation, height_cm, mass_kg))
    made = skin_dose_map(study, REFERENCE)
    assert made.shape == expected.shape
    np.testing.assert_allclose(made.dose_gy, expected, rtol=0, atol=1e-12)
    return made.peak_gy


def beam(primary: float, lateral: float, height: float = 13.8, **more: float) -> Plain:
    numbers = {"secondary": 0.0, "longitudinal": 0.0, "kvp": 80.0, "copper": 0.3, **more}
    return Plain(
        kerma=0.1, dap=0.0006, isocentre=78.5, primary=primary, lateral=lateral, height=height, **numbers
    )


@pytest.mark.parametrize(
    ("orientation", "exposure"),
    [
        ("HFS", beam(0.0, 60.0)),
        ("HFS", beam(-35.0, 18.0, secondary=20.0)),
        ("HFP", beam(180.0, 60.0)),
        ("HFP", beam(0.0, 60.0)),
        ("FFS", beam(10.0, 200.0)),
        ("FFS", beam(90.0, 215.0)),
        ("FFP", beam(0.0, 230.0)),
        ("FFP", beam(180.0, 240.0)),
    ],
)
def test_every_orientation_equals_the_twin(orientation: str, exposure: Plain) -> None:
    assert assert_same([exposure], orientation) > 0


@pytest.mark.parametrize("kvp", [65.0, 70.0, 95.0, 130.0])
@pytest.mark.parametrize("copper", [0.05, 0.15, 0.25, 0.45, 0.75])
def test_ties_of_the_tables_equal_the_twin(kvp: float, copper: float) -> None:
    assert assert_same([beam(0.0, 60.0, kvp=kvp, copper=copper)], "HFS") > 0


@pytest.mark.parametrize(("height_cm", "mass_kg"), [(179.0, 77.0), (120.0, 25.0), (50.0, 3.5)])
def test_other_patients_equal_the_twin(height_cm: float, mass_kg: float) -> None:
    assert assert_same([beam(15.0, 25.0)], "HFS", height_cm, mass_kg) > 0


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_short_rotations_equal_the_twin(frames: int) -> None:
    arc = Plain(0.1, 0.0006, 92.0, 0.2, 70.0, 60.0, 5.0, -6.0, 60.0, 15.0, end=-40.0, frames=frames)
    assert assert_same([arc, beam(0.0, 60.0)], "HFS") > 0


@settings(max_examples=8, deadline=None)
@given(
    orientation=st.sampled_from(["HFS", "HFP", "FFS", "FFP"]),
    primary=st.floats(-180, 180),
    secondary=st.floats(-45, 45),
    along=st.floats(0, 90),
    longitudinal=st.floats(-20, 20),
    height=st.floats(5, 30),
)
def test_any_event_equals_the_twin(
    *, orientation: str, primary: float, secondary: float, along: float, longitudinal: float, height: float
) -> None:
    lateral = along if orientation[0] == "H" else along + 174
    exposure = Plain(0.02, 2e-4, 77.0, 0.1, 75.0, primary, secondary, longitudinal, lateral, height)
    numbers = as_event(exposure)
    read_back = Plain(
        0.02, 2e-4, 77.0, 0.1, 75.0, primary, secondary,
        (numbers.table_longitudinal_position_mm or 0.0) / 10,
        (numbers.table_lateral_position_mm or 0.0) / 10,
        (numbers.table_height_position_mm or 0.0) / 10,
    )  # fmt: skip
    study = FluoroscopyStudy((numbers,), orientation=orientation)
    expected = np.array(plain_map([read_back], orientation))
    np.testing.assert_allclose(skin_dose_map(study, REFERENCE).dose_gy, expected, rtol=0, atol=1e-9)


def test_the_phantom_of_the_standard_patient_and_of_a_taller_one() -> None:
    standard, taller = Phantom.of(Size()), Phantom.of(Size.of(1.79, 77))
    assert (standard.curved, standard.flat, standard.torso_rows, standard.head_rows) == (31, 14, 70, 24)
    assert (standard.columns, round(standard.width_cm, 3), round(standard.depth_cm, 3)) == (
        90,
        33.735,
        19.735,
    )
    assert (taller.curved, taller.flat, taller.columns) == (32, 15, 94)
    assert (round(taller.width_cm, 3), round(taller.depth_cm, 3)) == (35.372, 20.372)


@pytest.mark.parametrize(
    ("number", "rounded"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (0.49999999999999994, 0), (7.4, 7)]
)
def test_halves_round_away_from_zero(number: float, rounded: int) -> None:
    assert nearest_integer(number) == rounded


def test_nanograys_are_rounded_from_the_exact_binary_value() -> None:
    # 2.5e-9 is stored a little above the half, 0.5e-9 a little above, 1.5e-9 a little above or below.
    doses = np.array([0.5e-9, 1.5e-9, 2.5e-9, 1.2345678905e-3, 0.0, 3.4999e-9])
    from decimal import ROUND_HALF_UP, Decimal

    expected = [int(Decimal(float(dose)).scaleb(9).to_integral_value(ROUND_HALF_UP)) for dose in doses]
    assert round_to_nanogray(doses).tolist() == expected


def test_frames_from_time_over_width_are_divided_in_decimal() -> None:
    event = as_event(Plain(0.1, 0.0006, 92.0, 0.2, 70.0, 90.0, 0.0, 0.0, 60.0, 15.0, end=-120.0, frames=3))
    by_time = event.model_copy(
        update={"number_of_pulses": None, "exposure_time_ms": 1434.37, "pulse_width_ms": (6.61,)}
    )
    by_count = event.model_copy(update={"number_of_pulses": 217.0})
    maps = [
        skin_dose_map(FluoroscopyStudy((one,), orientation="HFS"), REFERENCE) for one in (by_time, by_count)
    ]
    np.testing.assert_array_equal(maps[0].dose_gy, maps[1].dose_gy)
