"""Exposures for skin dose tests, as records and as the oracle's plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dosebus.domain.projection import ProjectionEvent

CENTRED: dict[str, Any] = {
    "event_type": {"code_value": "113611", "code_meaning": "Stationary Acquisition"},
    "dose_rp_gy": 0.1,
    "dap_gym2": 0.0006,
    "kvp": [80.0],
    "filters": [{"material": {"code_value": "C-127F9"}, "thickness_min_mm": 0.3, "thickness_max_mm": 0.3}],
    "distance_source_isocenter_mm": 785.0,
    "positioner_primary_angle_deg": 0.0,
    "positioner_secondary_angle_deg": 0.0,
    "table_longitudinal_position_mm": 0.0,
    "table_lateral_position_mm": 600.0,
    "table_height_position_mm": 138.0,
    "event_reference_point_definition": {"code_value": "113860"},
}


@pytest.fixture
def event() -> Callable[..., ProjectionEvent]:
    """An event under the middle of a supine torso; keywords replace its keys, None takes one away."""

    def make(**changes: object) -> ProjectionEvent:
        keys = {key: value for key, value in {**CENTRED, **changes}.items() if value is not None}
        return ProjectionEvent.model_validate(keys)

    return make
