"""An entry of the skin dose safelist as its form sends it, shows it, and as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dosebus_web.language import gettext as _
from dosebus_web.language import marked

ORIENTATIONS: Final = ("HFS", "FFS", "HFP", "FFP", "HFDR", "HFDL", "FFDR", "FFDL")
AXES: Final = ("longitudinal", "lateral", "height")
TABLE_SIZES: Final = ("width_cm", "length_cm", "plate_cm", "mattress_cm", "head_gap_cm")
LABELS: Final[Mapping[str, str]] = {
    "manufacturer": marked("Manufacturer"),
    "model": marked("Model"),
    "software_version": marked("Software version"),
    "orientation_default": marked("Orientation where the report tells none"),
    "default_position": marked("Position where the report tells none"),
    "mattress_share": marked("The mattress's share of the attenuation"),
    "calibration_factor": marked("Calibration factor of the dose meter"),
    "kerma_uncertainty": marked("Uncertainty of the air kerma"),
    "transmission": marked("Transmission of table and mattress"),
    "note": marked("Note"),
}


def _centimetres(low: float, high: float) -> Any:
    return Field(ge=low, le=high, allow_inf_nan=False)


class SkinDeviceForm(BaseModel):
    """What a person says of a system. Positions and sizes are cm; directions are DICOM's of PS3.3 C.8.19.6.11."""

    model_config = ConfigDict(str_strip_whitespace=True)

    manufacturer: str = Field(min_length=1, max_length=100)
    model: str = Field(min_length=1, max_length=100)
    software_version: str = Field(default="*", max_length=100)
    enabled: bool = False
    is_validated: bool = False
    table_type: Literal["fixed", "tilting", "none"] = "fixed"
    orientation_default: Literal["HFS", "FFS", "HFP", "FFP", "HFDR", "HFDL", "FFDR", "FFDL"] | None = None
    angles_are_relative_to: Literal["patient", "gantry"] = "patient"
    sign_longitudinal: Literal["1", "-1"] = "1"
    sign_lateral: Literal["1", "-1"] = "1"
    sign_height: Literal["1", "-1"] = "1"
    offset_longitudinal: float = _centimetres(-500, 500)
    offset_lateral: float = _centimetres(-500, 500)
    offset_height: float = _centimetres(-500, 500)
    default_longitudinal: float | None = Field(default=None, ge=-500, le=500)
    default_lateral: float | None = Field(default=None, ge=-500, le=500)
    default_height: float | None = Field(default=None, ge=-500, le=500)
    width_cm: float = _centimetres(20, 120)
    length_cm: float = _centimetres(50, 400)
    plate_cm: float = _centimetres(0.1, 20)
    mattress_cm: float = _centimetres(0.1, 30)
    head_gap_cm: float = _centimetres(-100, 200)
    mattress_share: float = _centimetres(0, 1)
    calibration_factor: float | None = Field(default=None, gt=0.2, lt=5)
    kerma_uncertainty: float = Field(gt=0, lt=1)
    transmission: str = Field(default="", max_length=4000)
    transmission_name: str = Field(default="", max_length=100)
    transmission_uncertainty: float = Field(default=0.03, gt=0, lt=1)
    note: str = Field(default="", max_length=1000)

    @field_validator(
        "orientation_default", "default_longitudinal", "default_lateral", "default_height",
        "calibration_factor", mode="before",
    )  # fmt: skip
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("manufacturer", "model")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not value.strip("*? "):
            raise ValueError("a pattern that means every system")
        return value

    @field_validator("software_version")
    @classmethod
    def _any_version(cls, value: str) -> str:
        return value or "*"

    @field_validator("transmission")
    @classmethod
    def _is_a_table(cls, value: str) -> str:
        transmission_of(value)
        return value

    @model_validator(mode="after")
    def _whole_position(self) -> SkinDeviceForm:
        given = [getattr(self, f"default_{axis}") is not None for axis in AXES]
        if any(given) and not all(given):
            raise ValueError("default_position")
        return self

    def row(self) -> dict[str, Any]:
        """The columns of `config.skin_device`."""
        default = [getattr(self, f"default_{axis}") for axis in AXES]
        grid = transmission_of(self.transmission)
        return {
            **self.model_dump(
                include={
                    "manufacturer", "model", "software_version", "enabled", "is_validated", "table_type",
                    "orientation_default", "angles_are_relative_to", "mattress_share", "calibration_factor",
                    "kerma_uncertainty", "note",
                }
            ),
            "position_sign": [float(getattr(self, f"sign_{axis}")) for axis in AXES],
            "position_offset_cm": [getattr(self, f"offset_{axis}") for axis in AXES],
            "default_position_cm": None if default[0] is None else default,
            "table_cm": {key: getattr(self, key) for key in TABLE_SIZES},
            "transmission": None
            if grid is None
            else {
                "name": self.transmission_name or f"{self.manufacturer} {self.model}",
                "uncertainty": self.transmission_uncertainty,
                **grid,
            },
        }  # fmt: skip


FRESH: Final[Mapping[str, Any]] = {
    "manufacturer": "", "model": "", "software_version": "*", "enabled": True, "is_validated": False,
    "table_type": "fixed", "orientation_default": "", "angles_are_relative_to": "patient",
    "sign_longitudinal": "1", "sign_lateral": "1", "sign_height": "1",
    "offset_longitudinal": 0, "offset_lateral": 0, "offset_height": 0,
    "default_longitudinal": None, "default_lateral": None, "default_height": None,
    "width_cm": 45, "length_cm": 150, "plate_cm": 0.5, "mattress_cm": 4, "head_gap_cm": 5,
    "mattress_share": 0.2, "calibration_factor": None, "kerma_uncertainty": 0.175,
    "transmission": "", "transmission_name": "", "transmission_uncertainty": 0.03, "note": "",
}  # fmt: skip
"""What the form for a new system starts with: what is assumed of one about which nothing is known."""


def shown(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of the form for a row of `config.skin_device`."""
    values = {key: row[key] for key in FRESH if key in row and key != "transmission"}
    values |= {f"sign_{axis}": f"{sign:.0f}" for axis, sign in zip(AXES, row["position_sign"], strict=True)}
    values |= {f"offset_{axis}": at for axis, at in zip(AXES, row["position_offset_cm"], strict=True)}
    if row["default_position_cm"] is not None:
        values |= {f"default_{axis}": at for axis, at in zip(AXES, row["default_position_cm"], strict=True)}
    table = row["transmission"]
    if table is not None:
        values |= {
            "transmission": transmission_text(table),
            "transmission_name": table["name"],
            "transmission_uncertainty": table["uncertainty"],
        }
    return {**FRESH, **values, **row["table_cm"]}


def transmission_of(text: str) -> dict[str, Any] | None:
    """A table of transmissions: a line of kV, then lines of mm Cu and a transmission for each kV. None if empty.

    Raises ValueError where it is no full grid of rising arguments and transmissions in (0, 1].
    """
    lines = [line.replace(",", ".").split() for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    kvp, *rows = [[float(word) for word in line] for line in lines]
    copper, values = [row[0] for row in rows], [row[1:] for row in rows]
    if not rows or any(len(row) != len(kvp) for row in values):
        raise ValueError("every line needs a transmission for each kV")
    if sorted(set(kvp)) != kvp or sorted(set(copper)) != copper or kvp[0] <= 0 or copper[0] < 0:
        raise ValueError("kV and copper must rise")
    if any(not 0 < value <= 1 for row in values for value in row):
        raise ValueError("a transmission is above 0 and at most 1")
    return {"kvp": kvp, "copper_mm": copper, "values": values}


def transmission_text(table: Mapping[str, Any]) -> str:
    """The lines that `transmission_of` reads."""
    lines = [" ".join(f"{value:g}" for value in table["kvp"])]
    for copper, row in zip(table["copper_mm"], table["values"], strict=True):
        lines.append(" ".join(f"{value:g}" for value in (copper, *row)))
    return "\n".join(lines)


def complaint(error: ValidationError) -> str:
    """What is wrong with a form, for the person who filled it in."""
    names = []
    for one in error.errors():
        key = str(one["loc"][0]) if one["loc"] else "default_position"
        name = _(LABELS[key]) if key in LABELS else key.replace("_cm", "").replace("_", " ")
        names.append(name)
    return _("This cannot be a system: look at %(fields)s.", fields=", ".join(dict.fromkeys(names)))


Line = Annotated[str, Form(max_length=200)]
Tick = Annotated[bool, Form()]


def read_form(
    *,
    manufacturer: Line = "",
    model: Line = "",
    software_version: Line = "*",
    enabled: Tick = False,
    is_validated: Tick = False,
    table_type: Line = "fixed",
    orientation_default: Line = "",
    angles_are_relative_to: Line = "patient",
    sign_longitudinal: Line = "1",
    sign_lateral: Line = "1",
    sign_height: Line = "1",
    offset_longitudinal: Line = "0",
    offset_lateral: Line = "0",
    offset_height: Line = "0",
    default_longitudinal: Line = "",
    default_lateral: Line = "",
    default_height: Line = "",
    width_cm: Line = "45",
    length_cm: Line = "150",
    plate_cm: Line = "0.5",
    mattress_cm: Line = "4",
    head_gap_cm: Line = "5",
    mattress_share: Line = "0.2",
    calibration_factor: Line = "",
    kerma_uncertainty: Line = "0.175",
    transmission: Annotated[str, Form(max_length=4000)] = "",
    transmission_name: Line = "",
    transmission_uncertainty: Line = "0.03",
    note: Annotated[str, Form(max_length=1000)] = "",
) -> dict[str, Any]:
    """The form's values as they were sent, so that a wrong one can be shown again."""
    return dict(locals())
