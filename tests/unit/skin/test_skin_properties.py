"""What must hold of every corrected map: conservation, symmetry, poses that are one and the same, sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.device import DeviceProfile, profile_for, read_safelist
from dosebus_extract.skin.dose_factors import TransmissionTable, published_factor
from dosebus_extract.skin.method import CORRECTED, REFERENCE
from dosebus_extract.skin.phantom import Phantom, Size
from dosebus_extract.skin.pose import ORIENTATIONS, Pose, Table, table_turn
from dosebus_extract.skin.several import common_size, summed_map
from dosebus_extract.skin.uncertainty import Budget

Event = Callable[..., ProjectionEvent]
NO_TABLE = DeviceProfile(transmission=TransmissionTable("none", (80.0,), (0.0,), ((1.0,),), 0.0))
GIVEN = settings(max_examples=15)


def dose(event: ProjectionEvent, orientation: str = "HFS", device: DeviceProfile = NO_TABLE) -> np.ndarray:
    return skin_dose_map(FluoroscopyStudy((event,), orientation=orientation, device=device)).dose_gy


@GIVEN
@given(side=st.floats(4, 10), height=st.floats(10, 20), along=st.floats(45, 75))
def test_dose_times_area_is_dap_times_the_factor(
    event: Event, side: float, height: float, along: float
) -> None:
    """A flat entrance: the sum over 1 cm² cells is DAP x backscatter, but for the obliquity of its rays."""
    kerma, area = 0.1, (side / 63.5 * 73.0) ** 2
    one = event(
        dose_rp_gy=kerma,
        dap_gym2=kerma * area / 1e4,
        table_height_position_mm=height * 10,
        table_lateral_position_mm=along * 10,
    )
    # Focus 78.5 cm below the isocentre, back of the patient 4 cm above the table top.
    distance = 78.5 - height + 4.0
    at_skin = area**0.5 * distance / 63.5
    factor = float(published_factor(80.0, 0.3, None).at(np.array([at_skin]))[0])
    obliquity = 1.0 / (1.0 + (at_skin**2 / 6) / distance**2)
    assert at_skin < Phantom.of(Size()).flat
    assert dose(one).sum() == pytest.approx(kerma * area * factor * obliquity, rel=0.12)


@GIVEN
@given(primary=st.floats(-80, 80), secondary=st.floats(-30, 30), offset=st.floats(-8, 8))
def test_left_and_right_are_mirror_images(
    event: Event, primary: float, secondary: float, offset: float
) -> None:
    def maps(sign: float) -> np.ndarray:
        return dose(
            event(
                positioner_primary_angle_deg=sign * primary,
                positioner_secondary_angle_deg=secondary,
                table_longitudinal_position_mm=sign * offset * 10,
            ),
            device=DeviceProfile(),
        )

    right, left = maps(1.0), maps(-1.0)
    flat = Phantom.of(Size()).flat
    mirrored = left[:, (flat - 1 - np.arange(left.shape[1])) % left.shape[1]]
    assert mirrored.sum() == pytest.approx(right.sum(), rel=1e-6)
    assert np.abs(mirrored - right).max() <= 0.25 * right.max() + 1e-12
    assert np.mean(~np.isclose(mirrored, right, rtol=1e-6, atol=1e-12)) < 0.02


@GIVEN
@given(
    orientation=st.sampled_from(ORIENTATIONS),
    primary=st.floats(-180, 180),
    secondary=st.floats(-30, 30),
    level=st.floats(30, 80),
)
def test_without_a_table_the_pose_does_not_matter(
    event: Event, orientation: str, primary: float, secondary: float, level: float
) -> None:
    """The same beam through the same patient, lying otherwise and with the table moved to suit, leaves the same map."""
    phantom, table = Phantom.of(Size()), Table()
    point = np.array([1.0, level, phantom.radius_cm])

    def at(name: str) -> np.ndarray:
        pose = Pose.of(next(known for known in ORIENTATIONS if known == name), phantom, table)
        x, y, z = pose.rotation @ point + pose.shift
        return dose(
            event(
                positioner_primary_angle_deg=primary,
                positioner_secondary_angle_deg=secondary,
                table_longitudinal_position_mm=-x * 10,
                table_lateral_position_mm=y * 10,
                table_height_position_mm=z * 10,
            ),
            name,
        )

    supine, other = at("HFS"), at(orientation)
    assert supine.max() > 0
    assert other.sum() == pytest.approx(supine.sum(), rel=1e-3)
    assert np.mean(~np.isclose(other, supine, rtol=1e-6, atol=1e-12)) < 0.01


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_pose_is_a_rotation_onto_the_mattress(orientation: str) -> None:
    phantom, table = Phantom.of(Size()), Table()
    pose = Pose.of(next(known for known in ORIENTATIONS if known == orientation), phantom, table)
    assert np.linalg.det(pose.rotation) == pytest.approx(1.0)
    half = phantom.width_cm / 2
    corners = np.array([[x, y, z] for x in (-half, half) for y in (0, 94) for z in (0, phantom.depth_cm)])
    there = corners @ pose.rotation.T + pose.shift
    assert there[:, 2].min() == pytest.approx(table.mattress_cm)
    assert there[:, 0].min() == pytest.approx(-there[:, 0].max())
    assert there[:, 1].min() >= 5.0
    np.testing.assert_allclose(pose.patient_point(there[0]), corners[0], atol=1e-12)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_an_under_couch_beam_is_attenuated_in_every_pose(event: Event, orientation: str) -> None:
    gantry = DeviceProfile(angles_are_relative_to="gantry")
    along = 600.0 if orientation.startswith("HF") else 5 * 10 + 1740.0 - 550.0
    one = event(table_lateral_position_mm=along)
    bare = dose(one, orientation, replace(gantry, transmission=NO_TABLE.transmission))
    covered = dose(one, orientation, gantry)
    assert bare.max() > 0
    assert covered.max() <= 0.81 * bare.max()


@GIVEN
@given(a=st.floats(-180, 180), b=st.floats(-180, 180), c=st.floats(-180, 180))
def test_table_turns_are_rotations(a: float, b: float, c: float) -> None:
    turn = table_turn(a, b, c)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_table_turns_have_the_signs_of_the_standard() -> None:
    head_up, left_up = table_turn(10, 0, 0), table_turn(0, 0, 10)
    assert (head_up @ np.array([0.0, -1.0, 0.0]))[2] > 0
    assert (left_up @ np.array([1.0, 0.0, 0.0]))[2] > 0
    # Seen from above, X to the right and Y down the page: clockwise takes X to Y.
    np.testing.assert_allclose(table_turn(0, 90, 0) @ np.array([1.0, 0.0, 0.0]), [0, 1, 0], atol=1e-15)


def test_maps_of_several_studies_add_up_on_one_body(event: Event) -> None:
    early = FluoroscopyStudy((event(),), Size.of(1.60, None), orientation="HFS")
    late = FluoroscopyStudy((event(positioner_primary_angle_deg=20.0),), Size.of(1.70, 90), orientation="HFS")
    both = summed_map([early, late])
    assert common_size([early, late]) == Size.of(1.70, 90)
    assert len({part.shape for part in both.parts}) == 1
    np.testing.assert_allclose(both.dose_gy, both.parts[0].dose_gy + both.parts[1].dose_gy)
    assert (
        max(part.peak_gy for part in both.parts)
        < both.peak_gy
        < sum(part.peak_gy for part in both.parts) + 1e-12
    )
    lost = FluoroscopyStudy((event(table_height_position_mm=None),), orientation="HFS")
    bounded = summed_map([early, lost])
    assert bounded.bound_gy > bounded.peak_gy
    low, high = both.peak_interval_gy
    assert low < both.peak_gy < high
    with pytest.raises(ValueError, match="at least one"):
        summed_map([])


def test_the_bound_is_above_any_place_the_event_could_have_had(event: Event) -> None:
    lost = skin_dose_map(FluoroscopyStudy((event(table_height_position_mm=None),), orientation="HFS"))
    for height in (50.0, 138.0, 300.0):
        assert dose(event(table_height_position_mm=height)).max() < lost.bound_gy


def test_the_uncertainty_budget_has_the_published_size(event: Event) -> None:
    unknown = Budget.of(DeviceProfile(), CORRECTED, 1.0)
    controlled = Budget.of(
        DeviceProfile(
            kerma_uncertainty=0.05, transmission=TransmissionTable("own", (80.0,), (0.0,), ((0.8,),), 0.03)
        ),
        CORRECTED,
        1.0,
    )
    assert unknown.combined == pytest.approx(0.21, abs=0.005)
    assert controlled.combined == pytest.approx(0.115, abs=0.005)
    assert Budget.of(DeviceProfile(), CORRECTED, 0.0).table == 0.0
    assert Budget.of(DeviceProfile(), REFERENCE, 1.0).backscatter == 0.06
    made = skin_dose_map(FluoroscopyStudy((event(),), orientation="HFS"))
    assert made.peak_interval_gy[1] == pytest.approx(made.peak_gy * (1 + unknown.expanded))


def test_the_safelist_matches_maker_and_model_and_prefers_a_version() -> None:
    safelist = read_safelist(
        '[{"manufacturer": "Siemens", "model": "AXIOM-Artis", "is_validated": true},'
        ' {"manufacturer": "Siemens", "model": "AXIOM-Artis", "software_version": "VC14J",'
        ' "position_offset_cm": [0, 1, 0]}]'
    )
    assert profile_for(safelist, "Siemens", "AXIOM-Artis", "VC14J") == safelist[1]
    assert profile_for(safelist, "Siemens", "AXIOM-Artis", "VD11") == safelist[0]
    assert profile_for(safelist, "SIEMENS", "Axiom-Artis", "VD11") == safelist[0]
    assert profile_for(safelist, "Siemens", "AXIOM-Artis zee", "VD11") is None
    assert profile_for(safelist, "Philips", "AXIOM-Artis", "VD11") is None
    assert profile_for(safelist, None, None, None) is None


def test_of_several_patterns_that_fit_the_most_exact_counts() -> None:
    safelist = read_safelist(
        '[{"manufacturer": "*", "model": "*"}, {"manufacturer": "Siemens*", "model": "Artis*"},'
        ' {"manufacturer": "Siemens*", "model": "*Zeego*"},'
        ' {"manufacturer": "Siemens*", "model": "Artis*", "software_version": "VD1?"}]'
    )
    assert profile_for(safelist, "Siemens Healthineers", "ARTIS pheno", None) == safelist[1]
    assert profile_for(safelist, "Siemens", "Artis zeego", "VC21") == safelist[1]
    assert profile_for(safelist, "Siemens", "AXIOM zeego", "VC21") == safelist[2]
    assert profile_for(safelist, "Siemens", "Artis zeego", "VD11") == safelist[3]
    assert profile_for(safelist, "GE", "Innova [3100]", "1") == safelist[0]


def test_an_empty_study_has_an_empty_map_and_says_so() -> None:
    made = skin_dose_map(FluoroscopyStudy(()))
    assert made.peak_gy == 0.0
    assert made.event_that_gave_most is None
    assert made.not_computed[0].reason == "the study has no events"
