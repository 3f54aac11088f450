"""Each choice of the corrected mode, one by one, against the reference's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

from dosebus.domain.projection import ProjectionEvent
from dosebus_extract.skin.beam import axes_at, frames_of
from dosebus_extract.skin.body_surface import body_surface
from dosebus_extract.skin.calculation import FluoroscopyStudy, skin_dose_map
from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.dose_factors import ZEEGO_TABLE, TransmissionTable, published_factor
from dosebus_extract.skin.exposure import Exposure, copper_thickness, event_kvp, exposure_of
from dosebus_extract.skin.method import CORRECTED, REFERENCE, Method
from dosebus_extract.skin.phantom import HEAD_RADIUS_CM, Phantom, Size
from dosebus_extract.skin.pose import Table
from dosebus_extract.skin.reference_surface import reference_surface
from dosebus_extract.skin.result import SkinDoseMap
from dosebus_extract.skin.table_attenuation import table_transmission

Event = Callable[..., ProjectionEvent]


def mapped(*events: ProjectionEvent, method: Method = CORRECTED, **study: Any) -> SkinDoseMap:
    return skin_dose_map(
        FluoroscopyStudy(events, orientation=study.pop("orientation", "HFS"), **study), method
    )


def exposure(event: ProjectionEvent, method: Method, device: DeviceProfile | None = None) -> Exposure:
    return exposure_of(1, event, "HFS", method, device or DeviceProfile(), mean_kvp=None)


def arc(event: Event, **changes: object) -> ProjectionEvent:
    keys = {
        "event_type": {"code_value": "113613", "code_meaning": "Rotational Acquisition"},
        "positioner_primary_angle_deg": 60.0,
        "positioner_primary_end_angle_deg": -60.0,
        "number_of_pulses": 61.0,
    }
    return event(**{**keys, **changes})


def test_every_rule_is_a_field_with_the_two_choices() -> None:
    rules = [field.name for field in fields(Method) if field.name.startswith("r")]
    assert [int(name.split("_")[0][1:]) for name in rules] == list(range(1, 26))
    hints = get_type_hints(Method)
    for name in rules:
        choices = {getattr(REFERENCE, name), getattr(CORRECTED, name)}
        assert choices == set(get_args(hints[name]))
        assert len(choices) == 2


def test_modes_name_themselves_and_a_mixture_is_custom() -> None:
    assert Method.of("reference") == REFERENCE
    assert "reference" in REFERENCE.name
    assert "corrected" in CORRECTED.name
    assert "custom" in replace(CORRECTED, r21_rounding="nanogray").name


@pytest.mark.parametrize(
    "changes",
    [
        {"r8_sampling": "corners"},
        {"r10_head": "as-reference"},
        {"r7_facing_normal": "one-corner"},
        {"sub_points": 0},
    ],
)
def test_choices_that_do_not_go_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"choose them together|needs|sub_points"):
        replace(CORRECTED, **changes)


def test_r1_the_field_turns_with_the_tube(event: Event) -> None:
    turning = mapped(arc(event))
    fixed = mapped(arc(event), method=replace(CORRECTED, r1_field_direction="start"))
    assert turning.peak_gy > 1.5 * fixed.peak_gy


def test_r2_all_frames_together_carry_the_whole_kerma(event: Event) -> None:
    one = exposure(arc(event), CORRECTED)
    assert sum(frame.kerma_gy for frame in frames_of(one, CORRECTED)) == pytest.approx(one.kerma_gy)
    dropped = frames_of(one, replace(CORRECTED, r2_last_frame="dropped"))
    assert sum(frame.kerma_gy for frame in dropped) == pytest.approx(one.kerma_gy * 60 / 61)


def test_r3_the_arc_ends_at_its_end_angle(event: Event) -> None:
    one = exposure(arc(event, positioner_secondary_end_angle_deg=10.0), CORRECTED)
    frames = frames_of(one, CORRECTED)
    assert (frames[0].primary_deg, frames[-1].primary_deg) == (60.0, pytest.approx(-60.0))
    assert frames[-1].secondary_deg == pytest.approx(10.0)
    short = frames_of(one, replace(CORRECTED, r3_arc_step="over-frames"))
    assert short[-1].primary_deg == pytest.approx(60 - 60 * 120 / 61)


def test_r3_no_frame_covers_more_than_a_degree_when_pulses_are_many_or_unknown(event: Event) -> None:
    for pulses in (100000.0, None):
        frames = frames_of(exposure(arc(event, number_of_pulses=pulses), CORRECTED), CORRECTED)
        steps = np.diff([frame.primary_deg for frame in frames])
        assert np.abs(steps).max() <= 1.0
        assert len(frames) < 1000


@pytest.mark.parametrize(("start", "end"), [(-120.0, 120.0), (-45.0, 135.0)])
def test_r4_an_assumed_arc_is_said(event: Event, start: float, end: float) -> None:
    philips = arc(event, positioner_primary_angle_deg=start, positioner_primary_end_angle_deg=None)
    one = exposure(philips, CORRECTED)
    assert one.primary_end_deg == end
    assert any("assumed" in note for note in one.notes)
    assert not exposure(philips, REFERENCE).notes


def test_r4_any_other_missing_end_angle_is_not_computed(event: Event) -> None:
    made = mapped(arc(event, positioner_primary_end_angle_deg=None), event())
    assert [one.event for one in made.not_computed] == [1]
    assert "end angle" in made.not_computed[0].reason


TILTED = np.array([[30.0, 0.0, 40.0]])


def through(method: Method, rays: Any, focus: tuple[float, float, float] = (0.0, 50.0, -36.0)) -> float:
    share = table_transmission(
        np.array(focus),
        rays,
        slant=-0.5,
        transmission=0.7,
        table=Table(width_cm=400.0),
        mattress_share=0.2,
        method=method,
    )
    return float(share[0])


def test_r5_each_ray_has_its_own_path_and_never_gains() -> None:
    assert through(CORRECTED, TILTED) == pytest.approx(0.7 ** (50 / 40))
    assert through(REFERENCE, TILTED) == pytest.approx(0.7**-2)


def test_r6_a_table_beyond_the_skin_does_not_count() -> None:
    before_the_table = np.array([[0.0, 0.0, 10.0]])
    assert through(CORRECTED, before_the_table) == 1.0
    assert through(REFERENCE, before_the_table) != 1.0


def test_r6_a_ray_that_ends_inside_the_mattress_has_crossed_part_of_it() -> None:
    assert through(CORRECTED, np.array([[0.0, 0.0, 38.0]])) == pytest.approx(0.7 ** (0.8 + 0.2 * 2 / 4))


def test_r7_own_normals_belong_to_their_points() -> None:
    phantom = Phantom.of(Size())
    shared = reference_surface(phantom, prone=False, feet_first=False)
    own = reference_surface(phantom, prone=False, feet_first=False, own_normals=True)
    assert (shared.normals == shared.normals[:, :1]).all()
    np.testing.assert_array_equal(own.normals, own.own_normals)
    assert (own.normals != own.normals[:, :1]).any()


def test_r8_more_sub_points_change_little(event: Event) -> None:
    four, eight = (mapped(event(), method=replace(CORRECTED, sub_points=k)) for k in (4, 8))
    assert four.dose_gy.sum() == pytest.approx(eight.dose_gy.sum(), rel=0.02)


def test_r9_the_shoulder_shades_the_head(event: Event) -> None:
    steep = event(
        positioner_primary_angle_deg=90.0,
        positioner_secondary_angle_deg=45.0,
        table_lateral_position_mm=200.0,
        dap_gym2=0.004,
    )
    shaded = mapped(steep)
    unshaded = mapped(steep, method=replace(CORRECTED, r9_exit_side="facing-only"))
    assert (shaded.dose_gy <= unshaded.dose_gy + 1e-15).all()
    assert shaded.dose_gy.sum() < unshaded.dose_gy.sum()


def test_r10_and_r11_normals_are_unit_vectors_pointing_inwards() -> None:
    phantom = Phantom.of(Size.of(1.79, 77))
    surface = body_surface(phantom, 4)
    np.testing.assert_allclose((surface.normals**2).sum(axis=2), 1.0)
    axis = np.where(surface.is_head, HEAD_RADIUS_CM, phantom.radius_cm)
    inwards = surface.normals[..., 0] * -surface.points[..., 0] + surface.normals[..., 2] * (
        axis[:, None] - surface.points[..., 2]
    )
    assert (inwards > 0).all()
    assert len(np.unique(surface.map_index)) == len(surface.map_index)
    assert surface.is_head.sum() == 58 * phantom.head_rows
    assert (~surface.is_head).sum() == phantom.columns * phantom.torso_rows


def test_r12_the_published_factor_is_smooth_and_near_the_rounded_one() -> None:
    factor = published_factor(80.0, 0.3, None)
    sides = np.linspace(0, 40, 400)
    values = factor.at(sides)
    assert (np.diff(values) >= 0).all()
    assert values[0] == pytest.approx(1.03, abs=0.01)
    assert float(factor.at(np.array([10.0]))[0]) == pytest.approx(1.5, rel=0.05)
    assert not factor.is_clamped
    assert published_factor(40.0, 0.3, None).is_clamped
    assert published_factor(80.0, 0.3, 6.47).values == pytest.approx(factor.values, rel=1e-3)


def test_r13_the_table_is_the_systems_own_or_said_to_be_unknown(event: Event) -> None:
    unknown = mapped(event())
    known = mapped(event(), device=DeviceProfile(transmission=ZEEGO_TABLE))
    half = mapped(
        event(),
        device=DeviceProfile(transmission=TransmissionTable("half", (80.0,), (0.0,), ((0.5,),), 0.03)),
    )
    assert unknown.table_transmission == "unknown table"
    assert known.peak_gy == pytest.approx(unknown.peak_gy * 0.79 / 0.80, rel=0.01)
    assert half.peak_gy < 0.7 * unknown.peak_gy
    assert known.budget.combined < unknown.budget.combined
    assert ZEEGO_TABLE.at(70.0, 0.05) == pytest.approx((0.66 + 0.68 + 0.73 + 0.75) / 4)


def test_r14_a_credible_collimator_shapes_the_field_and_another_does_not(event: Event) -> None:
    side = 1200 / 635 * 100 * (0.0006 / 0.1) ** 0.5 * 10
    detector = {"distance_source_detector_mm": 1200.0}
    wide = mapped(event(**detector, collimated_field_width_mm=2 * side, collimated_field_height_mm=side / 2))
    square = mapped(event())
    incredible = mapped(
        event(**detector, collimated_field_width_mm=3 * side, collimated_field_height_mm=side)
    )
    assert np.array_equal(incredible.dose_gy, square.dose_gy)
    assert np.ptp(np.argwhere(wide.dose_gy > 0)[:, 0]) < np.ptp(np.argwhere(square.dose_gy > 0)[:, 0])


def test_r15_the_reference_point_is_where_the_report_says(event: Event) -> None:
    def at(code: str, **more: object) -> SkinDoseMap:
        return mapped(
            event(event_reference_point_definition={"code_value": code, "code_meaning": "x"}, **more)
        )

    assert (
        exposure(event(distance_source_reference_point_mm=600.0), CORRECTED).reference_point.distance_cm
        == 60.0
    )
    usual, tabletop = at("113860"), at("113862")
    # The focus is 78.5 - 13.8 cm below the table top: 65.7 cm from the point 1 cm above it.
    assert tabletop.peak_gy / usual.peak_gy == pytest.approx((65.7 / 63.5) ** 2, rel=0.02)
    assert at("113861", distance_source_detector_mm=1200.0).peak_gy > usual.peak_gy
    assert "113964" in at("113964").not_computed[0].reason
    sideways = at("113862", positioner_primary_angle_deg=90.0)
    assert "level" in sideways.not_computed[0].reason


def test_r16_every_event_has_its_own_orientation(event: Event) -> None:
    def lying(modifier: str, meaning: str) -> ProjectionEvent:
        return event(
            patient_table_relationship={"code_value": "F-10470", "code_meaning": "headfirst"},
            patient_orientation_modifier={"code_value": modifier, "code_meaning": meaning},
            table_height_position_mm=138.0,
        )

    study = FluoroscopyStudy((lying("F-10340", "supine"), lying("F-10317", "right lateral decubitus")))
    made = skin_dose_map(study)
    assert [one.orientation for one in made.contributions] == ["HFS", "HFDR"]
    assert any("not validated" in note for note in made.contributions[1].notes)
    old = skin_dose_map(study, REFERENCE)
    assert [one.orientation for one in old.contributions] == ["HFS", "HFS"]
    standing = skin_dose_map(FluoroscopyStudy((lying("F-10320", "standing"),)))
    assert "standing is not supported" in standing.not_computed[0].reason


def test_r19_a_missing_position_is_assumed_bounded_or_the_systems_default(event: Event) -> None:
    lost = event(table_height_position_mm=None)
    bounded = mapped(lost, event())
    assert bounded.not_computed[0].bound_gy is not None
    assert bounded.bound_gy > bounded.peak_gy
    assert bounded.dap_fraction == pytest.approx(0.5)
    named = mapped(event(table_height_position_mm=None, acquisition_protocol="Coronary"))
    assert named.contributions[0].notes[-1].startswith("position assumed")
    assert named.peak_gy < bounded.not_computed[0].bound_gy
    default = mapped(lost, device=DeviceProfile(default_position_cm=(0.0, 60.0, 13.8)))
    np.testing.assert_allclose(default.dose_gy, mapped(event()).dose_gy)


def test_r19_offsets_and_tilts_move_the_beam(event: Event) -> None:
    moved = mapped(event(), device=DeviceProfile(position_offset_cm=(0.0, 7.0, 0.0)))
    rows = np.argwhere(mapped(event()).dose_gy > 0)[:, 0], np.argwhere(moved.dose_gy > 0)[:, 0]
    assert rows[1].min() - rows[0].min() == 7
    turned = mapped(event(table_horizontal_rotation_angle_deg=90.0))
    assert turned.dose_gy.sum() == pytest.approx(mapped(event()).dose_gy.sum(), rel=0.02)
    cradled = mapped(event(table_cradle_tilt_angle_deg=20.0))
    oblique = mapped(event(positioner_primary_angle_deg=20.0))
    np.testing.assert_allclose(cradled.dose_gy, oblique.dose_gy, atol=1e-12)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"dose_rp_gy": None}, "dose at the reference point"),
        ({"distance_source_isocenter_mm": None}, "source to isocentre"),
        ({"dap_gym2": None}, "dose area product"),
        ({"event_reference_point_definition": {"code_value": "113964"}}, "reference point definition"),
        ({"table_lateral_position_mm": 5000.0}, "does not meet"),
        ({"table_height_position_mm": 900.0}, "inside the patient|does not meet"),
    ],
)
def test_r20_an_event_that_cannot_be_computed_says_why_and_harms_no_other(
    event: Event, missing: dict[str, object], reason: str
) -> None:
    made = mapped(event(), event(**missing))
    assert [one.event for one in made.not_computed] == [2]
    assert re.search(reason, made.not_computed[0].reason)
    np.testing.assert_allclose(made.dose_gy, mapped(event()).dose_gy)


def test_r20_missing_kvp_is_the_studys_mean_and_the_reference_gives_up(event: Event) -> None:
    made = mapped(event(), event(kvp=None))
    assert made.peak_gy == pytest.approx(2 * mapped(event()).peak_gy)
    given_up = mapped(event(), event(kvp=None), method=REFERENCE)
    assert given_up.peak_gy == 0.0
    assert "no map of this study" in given_up.not_computed[0].reason


def test_r21_and_r22_dose_is_not_rounded_and_dap_is_weighted(event: Event) -> None:
    edge = event(table_longitudinal_position_mm=-170.0)
    assert 0.2 < mapped(edge).dap_fraction < 0.8
    assert mapped(edge, method=REFERENCE).dap_fraction == 1.0
    tiny = mapped(event(dose_rp_gy=1e-10, dap_gym2=6e-13))
    assert 0 < tiny.peak_gy < 1e-9


def test_r23_copper_by_any_code_and_kvp_by_charge(event: Event) -> None:
    filters = event(
        filters=[
            {"material": {"code_value": "66925006"}, "thickness_min_mm": 0.1, "thickness_max_mm": 0.3},
            {"material": {"code_value": "C-12000"}, "thickness_min_mm": 1.0, "thickness_max_mm": 1.0},
        ]
    ).filters
    assert copper_thickness(filters, as_reference=False) == pytest.approx(0.2)
    assert copper_thickness(filters, as_reference=True) == 0.0
    pulses = event(kvp=[60.0, 90.0, 0.0], exposure_uas=[3.0, 1.0, 1.0])
    assert event_kvp(pulses, weighted=True) == pytest.approx(67.5)
    assert event_kvp(pulses, weighted=False) == pytest.approx(75.0)


def test_r24_a_systems_calibration_factor_scales_the_dose(event: Event) -> None:
    plain, calibrated = mapped(event()), mapped(event(), device=DeviceProfile(calibration_factor=1.2))
    np.testing.assert_allclose(calibrated.dose_gy, 1.2 * plain.dose_gy)
    assert calibrated.dap_fraction == pytest.approx(plain.dap_fraction)
    assert calibrated.calibration_factor == 1.2


def test_r25_the_mean_over_10_cm2_is_below_the_peak(event: Event) -> None:
    made = mapped(event())
    assert 0.9 * made.peak_gy < made.mean_over_gy(10) <= made.peak_gy
    assert made.mean_over_gy(1) == made.peak_gy


def test_beam_axes_are_orthonormal_and_point_where_the_detector_is() -> None:
    axes = axes_at(33.0, -12.0)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(axes_at(90.0, 0.0)[0], [1, 0, 0], atol=1e-15)
    np.testing.assert_allclose(axes_at(0.0, 90.0)[0], [0, -1, 0], atol=1e-15)
