"""The reference mode through the command, in every orientation, against the twin that computes point by point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from dosebus_extract.skin.cli import skin
from tests.load.plain_skin import Plain, plain_map

COPPER = {
    "code_value": "C-127F9",
    "coding_scheme_designator": "SRT",
    "code_meaning": "Copper or Copper compound",
}
ALUMINIUM = {"code_value": "C-120F9", "coding_scheme_designator": "SRT", "code_meaning": "Aluminum"}
FEET_FIRST_CM = 174.0
SIZES = {"HFS": (1.79, 77.0), "FFS": (1.62, 58.0), "HFP": (1.9, 112.0), "FFP": (0.98, 15.0)}
"""Height (m) and mass (kg): flat fronts of odd and of even numbers of cells, an adult, a large man, a child."""


def exposures(orientation: str, height_m: float) -> list[Plain]:
    """Head and torso, oblique beams over a table that moved, an arc, and values between those of the tables."""
    scale = height_m / 1.786
    feet_first = orientation.startswith("F")

    def along(from_crown_cm: float) -> float:
        return round((FEET_FIRST_CM * scale if feet_first else 0.0) + 5 + from_crown_cm * scale, 1)

    turned = 180.0 if orientation.endswith("P") else 0.0
    return [
        Plain(0.02, 9e-5, 65.0, 0.25, 78.5, turned, 0.0, 1.5, along(12), 12.0),
        Plain(0.1, 6e-4, 95.0, 0.45, 76.5, turned - 35.5, 22.0, -4.0, along(24.5), 13.8),
        Plain(0.05, 1.1e-3, 130.0, 0.0, 81.0, 90.0, -12.3, 3.2, along(60), 15.1),
        Plain(0.03, 3e-4, 102.5, 0.75, 72.0, turned + 180.0, 5.0, 0.0, along(80), 9.9),
        Plain(0.04, 5e-4, 70.0, 0.05, 75.0, turned - 60.0, 7.5, -2.0, along(45), 14.2, end=75.0, frames=4),
    ]


def document(one: Plain) -> dict[str, Any]:
    """The event as a dose record has it."""
    arc = {
        "number_of_pulses": one.frames,
        "positioner_primary_end_angle_deg": one.end,
        "positioner_secondary_end_angle_deg": -20.0,
    }
    kind = ("113613", "Rotational Acquisition") if one.frames else ("113611", "Stationary Acquisition")
    thin = round(one.copper / 3, 3)
    return {
        "event_type": {
            "code_value": kind[0],
            "coding_scheme_designator": "DCM",
            "code_meaning": kind[1],
        },
        "dose_rp_gy": one.kerma,
        "dap_gym2": one.dap,
        "kvp": [one.kvp - 5, 0.0, one.kvp + 5],
        "filters": [
            {"material": COPPER, "thickness_min_mm": one.copper - thin, "thickness_max_mm": 2.0},
            {"material": ALUMINIUM, "thickness_min_mm": 1.0, "thickness_max_mm": 1.0},
            {"material": COPPER, "thickness_min_mm": thin},
        ],
        "distance_source_isocenter_mm": one.isocentre * 10,
        "positioner_primary_angle_deg": one.primary,
        "positioner_secondary_angle_deg": one.secondary,
        "table_longitudinal_position_mm": one.longitudinal * 10,
        "table_lateral_position_mm": one.lateral * 10,
        "table_height_position_mm": one.height * 10,
        "table_head_tilt_angle_deg": 10.0,
        "collimated_field_width_mm": 100.0,
        "collimated_field_height_mm": 200.0,
        "distance_source_detector_mm": 1100.0,
        **(arc if one.frames else {}),
    }


def as_read(one: Plain, event: dict[str, Any]) -> Plain:
    """The exposure in the very numbers that the event tells."""
    copper = sum(part["thickness_min_mm"] for part in event["filters"] if part["material"] is COPPER)
    return Plain(
        one.kerma, one.dap, one.kvp, copper,
        event["distance_source_isocenter_mm"] / 10, one.primary, one.secondary,
        event["table_longitudinal_position_mm"] / 10,
        event["table_lateral_position_mm"] / 10,
        event["table_height_position_mm"] / 10,
        one.end, one.frames,
    )  # fmt: skip


def printed(path: Path, content: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    path.write_text(json.dumps(content), encoding="utf-8")
    run = CliRunner().invoke(skin, ["--mode", "reference", "--json", str(path)])
    assert run.exit_code == 0, run.output
    told = json.loads(run.output)
    dose = np.zeros(told["shape"])
    for row, column, gray in told["cells"]:
        dose[row, column] = gray
    return dose, told


@pytest.mark.parametrize("orientation", list(SIZES))
def test_a_document_gives_the_map_of_the_twin(tmp_path: Path, orientation: str) -> None:
    height_m, mass_kg = SIZES[orientation]
    planned = exposures(orientation, height_m)
    events = [document(one) for one in planned]
    content = {
        "orientation": orientation,
        "patient_height_m": height_m,
        "patient_weight_kg": mass_kg,
        "events": events,
    }
    made, told = printed(tmp_path / "study.json", content)
    plain = [as_read(one, event) for one, event in zip(planned, events, strict=True)]
    known = [np.array(plain_map([one], orientation, height_m * 100, mass_kg)) for one in plain]
    assert sum(bool(one.any()) for one in known) >= 3
    np.testing.assert_allclose(made, sum(known), rtol=0, atol=1e-9)
    assert told["peak_gy"] == pytest.approx(float(np.sum(known, axis=0).max()), abs=1e-9)
    hit = sum(one.dap for one, own in zip(planned, known, strict=True) if own.any())
    assert told["dap_fraction"] == pytest.approx(hit / sum(one.dap for one in planned))
    assert told["not_computed"] == []


def test_missing_angles_and_positions_are_zero_and_a_missing_dose_leaves_the_event_out(
    tmp_path: Path,
) -> None:
    one = Plain(0.1, 6e-4, 80.0, 0.3, 78.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    event = document(one)
    bare = {key: value for key, value in event.items() if not key.startswith(("positioner", "table"))}
    without = {**event, "dose_rp_gy": 0.0}
    made, told = printed(tmp_path / "study.json", {"events": [without, bare, {**bare, "dose_rp_gy": None}]})
    np.testing.assert_allclose(made, np.array(plain_map([as_read(one, event)], "HFS")), rtol=0, atol=1e-9)
    assert [missing["event"] for missing in told["not_computed"]] == [1, 3]


@pytest.mark.parametrize("key", ["dap_gym2", "kvp", "event_type"])
def test_what_the_reference_cannot_do_without_ends_the_study(tmp_path: Path, key: str) -> None:
    event = document(Plain(0.1, 6e-4, 80.0, 0.3, 78.5, 0.0, 0.0, 0.0, 60.0, 13.8))
    lacking = {name: value for name, value in event.items() if name != key}
    made, told = printed(tmp_path / "study.json", {"orientation": "HFS", "events": [event, lacking]})
    assert not made.any()
    assert told["not_computed"][0]["event"] == 2
