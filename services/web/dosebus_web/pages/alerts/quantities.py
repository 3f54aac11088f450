"""How watched quantities are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dosebus_web.http.show import significant


@dataclass(frozen=True)
class Quantity:
    """A quantity that rules watch: the stored value times `factor` is in `unit`."""

    label: str
    unit: str
    factor: float = 1.0


QUANTITIES: Mapping[str, Quantity] = {
    "dap_gym2": Quantity("Dose-area product", "cGy·cm²", 1e6),
    "dose_rp_gy": Quantity("Dose at reference point", "Gy"),
    "fluoro_time_s": Quantity("Fluoroscopy time", "s"),
    "dlp_mgycm": Quantity("Dose-length product", "mGy·cm"),
    "ctdivol_mgy": Quantity("CTDIvol", "mGy"),
    "agd_mgy": Quantity("Average glandular dose", "mGy"),
}

TOTALS: Mapping[str, str] = {
    "dap_gym2": "total_dap_gym2",
    "dose_rp_gy": "dose_rp_total_gy",
    "fluoro_time_s": "total_fluoro_time_s",
    "dlp_mgycm": "total_dlp_mgycm",
}
"""The study total that a quantity stands for."""


def written(quantity: str, value: float) -> str:
    """A value of a quantity with its unit."""
    known = QUANTITIES.get(quantity, Quantity(quantity, ""))
    return f"{significant(value * known.factor, 4)} {known.unit}".strip()


def value_of(alert: Any) -> str:
    """The value that raised an alert."""
    return written(alert.quantity, alert.value)


def level_of(alert: Any) -> str:
    """The level that an alert's value reached."""
    return written(alert.quantity, alert.level)
