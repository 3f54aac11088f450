"""The quantities a rule can watch, and where the dose tables keep them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Quantity:
    """A dose quantity. `unit_factor` turns the stored unit (that of the key) into the shown one."""

    key: str
    label: str
    unit: str
    unit_factor: Decimal
    totals: tuple[str, ...] = ()
    """Columns of `dose.study` whose sum is the study's value."""
    whole_total: str | None = None
    """Column of `dose.study` that already is that sum, where a device tells it."""
    event: tuple[str, str] | None = None
    """Table and column of the value of one irradiation event."""

    def shown(self, value: float) -> str:
        """The value in the shown unit, to three significant digits, e.g. `200 Gy·cm²`."""
        scaled = Decimal(repr(value)) * self.unit_factor
        digits = max(0, 2 - scaled.adjusted()) if scaled else 0
        text = f"{scaled:.{digits}f}"
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {self.unit}"


ONE = Decimal(1)

QUANTITIES: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity(
            key="dap_gym2",
            label="Dose-area product",
            unit="Gy·cm²",
            unit_factor=Decimal(10_000),
            totals=("total_dap_plane_a_gym2", "total_dap_plane_b_gym2"),
            whole_total="total_dap_gym2",
            event=("projection_event", "dap_gym2"),
        ),
        Quantity(
            key="dose_rp_gy",
            label="Dose at reference point",
            unit="Gy",
            unit_factor=ONE,
            totals=("dose_rp_total_plane_a_gy", "dose_rp_total_plane_b_gy"),
            whole_total="dose_rp_total_gy",
            event=("projection_event", "dose_rp_gy"),
        ),
        Quantity(
            key="fluoro_time_s",
            label="Fluoroscopy time",
            unit="s",
            unit_factor=ONE,
            whole_total="total_fluoro_time_s",
        ),
        Quantity(
            key="dlp_mgycm",
            label="Dose-length product",
            unit="mGy·cm",
            unit_factor=ONE,
            whole_total="total_dlp_mgycm",
            event=("ct_event", "dlp_mgycm"),
        ),
        Quantity(
            key="ctdivol_mgy",
            label="CTDIvol",
            unit="mGy",
            unit_factor=ONE,
            event=("ct_event", "ctdivol_mgy"),
        ),
        Quantity(
            key="agd_mgy",
            label="Average glandular dose",
            unit="mGy",
            unit_factor=ONE,
            event=("projection_event", "agd_mgy"),
        ),
        Quantity(
            key="administered_activity_mbq",
            label="Administered activity",
            unit="MBq",
            unit_factor=ONE,
            whole_total="administered_activity_mbq",
            event=("administration", "administered_activity_mbq"),
        ),
    )
}
"""By key. The unit of a rule's level is the one in the key."""
