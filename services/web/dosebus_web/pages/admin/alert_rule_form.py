"""The form of an alert rule: what a person fills in, and the columns that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dosebus.domain.quantities import QUANTITIES
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.alerts.quantities import number_of, stored_of

MODALITIES = ("CT", "RF", "MG", "DX", "CR", "PX", "NM")
MODES = (
    ("off", marked("Off"), marked("Nothing is checked.")),
    ("trial", marked("On trial"), marked("Alerts are shown; nobody is told.")),
    ("on", marked("On"), marked("Alerts are shown, and the recipients told.")),
)
SCOPES = (
    ("event", marked("Each exposure")),
    ("study", marked("Each study")),
    ("sum", marked("The sum of a patient's studies over weeks")),
)
PROBLEMS: Mapping[str, str] = {
    "missing": marked("This is needed."),
    "string_too_short": marked("This is needed."),
    "too_short": marked("Choose at least one."),
    "greater_than": marked("This must be more than %(gt)s."),
    "less_than": marked("This must be less than %(lt)s."),
    "greater_than_equal": marked("This must be at least %(ge)s."),
    "less_than_equal": marked("This must be at most %(le)s."),
    "float_parsing": marked("This is not a number."),
    "int_parsing": marked("This is not a whole number."),
    "int_from_float": marked("This is not a whole number."),
    "scope": marked("This quantity is not watched so. Choose another."),
    "weeks_needed": marked("A sum needs weeks."),
    "order": marked("This must be more than the lower end."),
    "nobody": marked("Choose somebody, or let everybody hear who chose the rule."),
}
"""What is said beside a field, by the kind of error."""
NUMBERS = (
    "weeks", "step", "age_years_from", "age_years_below", "weight_kg_from", "weight_kg_below",
)  # fmt: skip


class RuleForm(BaseModel):
    """What a person says of a rule. `level` and `step` are in the shown unit of the quantity."""

    model_config = ConfigDict(str_strip_whitespace=True)

    title: str = Field(min_length=1, max_length=200)
    quantity: Literal[tuple(QUANTITIES)]  # type: ignore[valid-type]
    scope: Literal["event", "study", "sum"]
    level: float = Field(gt=0, lt=1e12, allow_inf_nan=False)
    step: float | None = Field(default=None, gt=0, lt=1e12, allow_inf_nan=False)
    weeks: int | None = Field(default=None, ge=1, le=520)
    severity: Literal["notice", "warning", "critical"] = "warning"
    mode: Literal["off", "trial", "on"] = "off"
    owner: str = Field(default="", max_length=200)
    modality_types: list[Literal["CT", "RF", "MG", "DX", "CR", "PX", "NM"]] = Field(min_length=1)
    device_ids: list[int] = Field(default=[], max_length=1000)
    standard_names: list[str] = Field(default=[], max_length=1000)
    age_years_from: float | None = Field(default=None, ge=0, le=150)
    age_years_below: float | None = Field(default=None, gt=0, le=150)
    weight_kg_from: float | None = Field(default=None, ge=0, le=700)
    weight_kg_below: float | None = Field(default=None, gt=0, le=700)
    told: Literal["choosers", "these"] = "choosers"
    recipients: list[int] = Field(default=[], max_length=1000)

    @field_validator("level", *NUMBERS, mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        """Empty is none; a comma may stand for the point."""
        text = value.strip().replace(" ", "").replace(",", ".") if isinstance(value, str) else value
        return None if text == "" else text

    @model_validator(mode="after")
    def _whole(self) -> RuleForm:
        problems = [
            ("scope", "scope", self.scope not in QUANTITIES[self.quantity].scopes),
            ("weeks", "weeks_needed", self.scope == "sum" and self.weeks is None),
            ("age_years_below", "order", _empty(self.age_years_from, self.age_years_below)),
            ("weight_kg_below", "order", _empty(self.weight_kg_from, self.weight_kg_below)),
            ("recipients", "nobody", self.told == "these" and not self.recipients),
        ]
        for place, kind, wrong in problems:
            if wrong:
                raise PydanticCustomError(kind, place)
        return self

    def row(self) -> dict[str, Any]:
        """The columns of `config.alert_rule`."""
        return {
            "title": self.title,
            "quantity": self.quantity,
            "scope": self.scope,
            "weeks": self.weeks if self.scope == "sum" else None,
            "level": stored_of(self.quantity, self.level),
            "step": None if self.step is None else stored_of(self.quantity, self.step),
            "severity": self.severity,
            "modality_types": list(self.modality_types),
            "enabled": self.mode != "off",
            "trial": self.mode == "trial",
            "owner": self.owner or None,
            "device_ids": self.device_ids or None,
            "standard_names": self.standard_names or None,
            "age_years_from": self.age_years_from,
            "age_years_below": self.age_years_below,
            "weight_kg_from": self.weight_kg_from,
            "weight_kg_below": self.weight_kg_below,
            "recipients": self.recipients if self.told == "these" else None,
        }


def _empty(lowest: float | None, below: float | None) -> bool:
    return lowest is not None and below is not None and below <= lowest


FRESH: Final[Mapping[str, Any]] = {
    "title": "", "quantity": "dap_gym2", "scope": "study", "level": "", "step": "", "weeks": "", "severity": "warning",
    "mode": "off", "owner": "", "modality_types": ["RF"], "device_ids": [], "standard_names": [], "age_years_from": "",
    "age_years_below": "", "weight_kg_from": "", "weight_kg_below": "", "told": "choosers", "recipients": [],
}  # fmt: skip
"""What the form for a new rule starts with."""


def mode_of(row: Any) -> str:
    """Off, on trial, or on."""
    if not row.enabled:
        return "off"
    return "trial" if row.trial else "on"


def shown(row: Any) -> dict[str, Any]:
    """The values of the form for a row of `config.alert_rule`."""
    values = {key: getattr(row, key) for key in FRESH if key not in {"mode", "told", "level", "step"}}
    values |= {
        "mode": mode_of(row),
        "told": "choosers" if row.recipients is None else "these",
        "level": f"{number_of(row.quantity, row.level):.10g}",
        "step": "" if row.step is None else f"{number_of(row.quantity, row.step):.10g}",
    }
    blank = {key: "" for key, value in values.items() if value is None}
    lists = {
        key: values[key] or [] for key in ("device_ids", "standard_names", "recipients", "modality_types")
    }
    numbers = {key: f"{values[key]:g}" for key in NUMBERS if key not in {"step"} and values[key] is not None}
    return values | blank | lists | numbers


def complaints(error: ValidationError) -> dict[str, str]:
    """What is wrong, by field, for the person who filled it in."""
    found: dict[str, str] = {}
    for one in error.errors():
        place = str(one["loc"][0]) if one["loc"] else str(one["msg"])
        sentence = PROBLEMS.get(str(one["type"]), marked("This cannot be."))
        told = _(sentence)
        found[place] = (
            told % {key: f"{value:g}" for key, value in one.get("ctx", {}).items()} if "%(" in told else told
        )
    return found


Line = Annotated[str, Form(max_length=200)]
Several = Annotated[list[str] | None, Form(max_length=1000)]


def read_form(
    *,
    title: Line = "",
    quantity: Line = "",
    scope: Line = "",
    level: Line = "",
    step: Line = "",
    weeks: Line = "",
    severity: Line = "warning",
    mode: Line = "off",
    owner: Line = "",
    modality_types: Several = None,
    device_ids: Several = None,
    standard_names: Several = None,
    age_years_from: Line = "",
    age_years_below: Line = "",
    weight_kg_from: Line = "",
    weight_kg_below: Line = "",
    told: Line = "choosers",
    recipients: Several = None,
) -> dict[str, Any]:
    """The form's values as they were sent, so that wrong ones can be shown again."""
    given = dict(locals())
    return {key: [] if value is None else value for key, value in given.items()}
