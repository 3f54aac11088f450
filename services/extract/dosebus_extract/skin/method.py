"""The method of a skin dose map: one named choice per question on which methods differ, and two sets of choices.

The questions R1 to R25 are those that docs/user/skin-dose.md explains. Lengths are cm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self, TypeVar

Mode = Literal["reference", "corrected"]
_M = TypeVar("_M", bound="Method")
METHOD_VERSION: Final = "1.0.0"
REFERENCE_VERSION: Final = "0.9.0"


@dataclass(frozen=True, slots=True)
class Method:
    """All choices of a skin dose calculation.

    The choices of the patient's surface (r8, r10, r11, r17, r18) describe one body and are chosen together:
    mixing them raises ValueError.
    """

    r1_field_direction: Literal["start", "frame"] = "frame"
    r2_last_frame: Literal["dropped", "kept"] = "kept"
    r3_arc_step: Literal["over-frames", "over-intervals"] = "over-intervals"
    r4_missing_end_angle: Literal["assumed-silently", "assumed-and-said"] = "assumed-and-said"
    r5_table_slant: Literal["central-ray", "each-ray"] = "each-ray"
    r6_table_crossing: Literal["half-line", "before-skin"] = "before-skin"
    r7_facing_normal: Literal["one-corner", "own"] = "own"
    r8_sampling: Literal["corners", "sub-points"] = "sub-points"
    r9_exit_side: Literal["facing-only", "first-intersection"] = "first-intersection"
    r10_head: Literal["as-reference", "cylinder"] = "cylinder"
    r11_torso: Literal["integer-steps", "arc-length"] = "arc-length"
    r12_backscatter: Literal["nearest-tabulated", "benmakhlouf-2013"] = "benmakhlouf-2013"
    r13_table_transmission: Literal["zeego-nearest", "per-device"] = "per-device"
    r14_field_shape: Literal["square", "collimator-if-credible"] = "collimator-if-credible"
    r15_reference_point: Literal["15-cm", "as-defined"] = "as-defined"
    r16_orientation: Literal["first-event", "each-event"] = "each-event"
    r17_feet_first: Literal["as-reference", "table-frame"] = "table-frame"
    r18_prone: Literal["as-reference", "table-frame"] = "table-frame"
    r19_missing_position: Literal["zero", "assume-or-bound"] = "assume-or-bound"
    r20_missing_data: Literal["abort", "drop-event"] = "drop-event"
    r21_rounding: Literal["nanogray", "none"] = "none"
    r22_dap_share: Literal["whole-event", "solid-angle"] = "solid-angle"
    r23_copper_and_kvp: Literal["srt-minimum", "any-code-mean"] = "any-code-mean"
    r24_calibration: Literal["as-reported", "device-factor"] = "device-factor"
    r25_peak: Literal["largest-cell", "largest-cell-and-10-cm2"] = "largest-cell-and-10-cm2"
    sub_points: int = 4
    """Sub-points along each edge of a cell (r8)."""
    arc_degrees_per_frame: float = 1.0
    """No frame of an arc covers more than this (r3)."""
    focus_travel_cm_per_frame: float = 1.0
    """No frame covers more travel of the focus or of the table than this (r3)."""
    minimum_focus_skin_cm: float = 38.0
    """Distance of the bound where positions are unknown: the spacer of 21 CFR 1020.32 (g)."""

    def __post_init__(self) -> None:
        if self.sub_points < 1 or self.arc_degrees_per_frame <= 0 or self.focus_travel_cm_per_frame <= 0:
            raise ValueError(
                "sub_points, arc_degrees_per_frame and focus_travel_cm_per_frame must be positive"
            )
        surface = (
            self.r8_sampling == "corners",
            self.r10_head == "as-reference",
            self.r11_torso == "integer-steps",
            self.r17_feet_first == "as-reference",
            self.r18_prone == "as-reference",
        )
        if any(surface) and not all(surface):
            raise ValueError("r8, r10, r11, r17 and r18 describe one surface: choose them together")
        if all(surface) and self.r9_exit_side == "first-intersection":
            raise ValueError("r9 first-intersection needs the corrected surface (r8, r10, r11, r17, r18)")
        if self.r7_facing_normal == "one-corner" and not all(surface):
            raise ValueError("r7 one-corner needs the surface whose samples are corners (r8)")

    @property
    def has_reference_surface(self) -> bool:
        """Whether the patient's surface is that of the reference."""
        return self.r8_sampling == "corners"

    @property
    def mode(self) -> str:
        """`reference`, `corrected` or `custom`, as the choices say."""
        return {REFERENCE: "reference", CORRECTED: "corrected"}.get(self, "custom")

    @property
    def name(self) -> str:
        """Name and version to be stored with every map."""
        version = REFERENCE_VERSION if self.mode == "reference" else METHOD_VERSION
        return f"dosebus-skin {METHOD_VERSION} {self.mode}" + (
            f" (openSkin {version})" if self.mode == "reference" else ""
        )

    @classmethod
    def of(cls, mode: Mode) -> Self:
        """The method of a mode. Raises KeyError for a mode that does not exist."""
        return {"reference": _reference(cls), "corrected": cls()}[mode]


def _reference(kind: type[_M]) -> _M:
    return kind(
        r1_field_direction="start",
        r2_last_frame="dropped",
        r3_arc_step="over-frames",
        r4_missing_end_angle="assumed-silently",
        r5_table_slant="central-ray",
        r6_table_crossing="half-line",
        r7_facing_normal="one-corner",
        r8_sampling="corners",
        r9_exit_side="facing-only",
        r10_head="as-reference",
        r11_torso="integer-steps",
        r12_backscatter="nearest-tabulated",
        r13_table_transmission="zeego-nearest",
        r14_field_shape="square",
        r15_reference_point="15-cm",
        r16_orientation="first-event",
        r17_feet_first="as-reference",
        r18_prone="as-reference",
        r19_missing_position="zero",
        r20_missing_data="abort",
        r21_rounding="nanogray",
        r22_dap_share="whole-event",
        r23_copper_and_kvp="srt-minimum",
        r24_calibration="as-reported",
        r25_peak="largest-cell",
    )


REFERENCE: Final = _reference(Method)
CORRECTED: Final = Method()
