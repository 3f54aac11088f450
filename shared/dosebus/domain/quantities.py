"""The dose quantities that alert rules can watch, and where the dose tables keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

ONE = Decimal(1)


@dataclass(frozen=True)
class Quantity:
    """A dose quantity. `unit_factor` turns the stored unit (that of the key) into the shown one."""

    key: str
    label: str
    unit: str
    unit_factor: Decimal = ONE
    totals: tuple[str, ...] = ()
    """Columns of `dose.study` whose sum is the study's value."""
    whole_total: str | None = None
    """Column of `dose.study` that already is that sum, where a device tells it."""
    event: tuple[str, str] | None = None
    """Table and column of the value of one irradiation event."""
    mapped: bool = False
    """Whether it comes from skin maps: a sum over weeks is the peak of the summed maps, not the sum of peaks."""

    @property
    def factor(self) -> float:
        """`unit_factor` as a plain number."""
        return float(self.unit_factor)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What a rule on it can watch: `event`, `study`, `sum`."""
        whole = bool(self.totals or self.whole_total or self.mapped)
        return (*(("event",) if self.event else ()), *(("study", "sum") if whole else ()))

    def rounded(self, value: float) -> Decimal:
        """The value in the shown unit, to three significant digits or to whole units."""
        scaled = Decimal(repr(value)) * self.unit_factor
        digits = max(0, 2 - scaled.adjusted()) if scaled else 0
        return round(scaled, digits)

    def shown(self, value: float) -> str:
        """The value with its unit, e.g. `20000 cGy·cm²`."""
        text = f"{self.rounded(value):f}"
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {self.unit}"


_ALL = (
    Quantity(
        key="dap_gym2",
        label="Dose-area product",
        unit="cGy·cm²",
        unit_factor=Decimal(1_000_000),
        totals=("total_dap_plane_a_gym2", "total_dap_plane_b_gym2"),
        whole_total="total_dap_gym2",
        event=("projection_event", "dap_gym2"),
    ),
    Quantity(
        key="dose_rp_gy",
        label="Dose at reference point",
        unit="Gy",
        totals=("dose_rp_total_plane_a_gy", "dose_rp_total_plane_b_gy"),
        whole_total="dose_rp_total_gy",
        event=("projection_event", "dose_rp_gy"),
    ),
    Quantity(key="peak_skin_dose_gy", label="Peak skin dose", unit="Gy", mapped=True),
    Quantity(key="fluoro_time_s", label="Fluoroscopy time", unit="s", whole_total="total_fluoro_time_s"),
    Quantity(
        key="dlp_mgycm",
        label="Dose-length product",
        unit="mGy·cm",
        whole_total="total_dlp_mgycm",
        event=("ct_event", "dlp_mgycm"),
    ),
    Quantity(key="ctdivol_mgy", label="CTDIvol", unit="mGy", event=("ct_event", "ctdivol_mgy")),
    Quantity(
        key="agd_mgy", label="Average glandular dose", unit="mGy", event=("projection_event", "agd_mgy")
    ),
    Quantity(
        key="administered_activity_mbq",
        label="Administered activity",
        unit="MBq",
        whole_total="administered_activity_mbq",
        event=("administration", "administered_activity_mbq"),
    ),
)

QUANTITIES: Mapping[str, Quantity] = MappingProxyType({quantity.key: quantity for quantity in _ALL})
"""By key. The unit of a rule's level is the one in the key."""
