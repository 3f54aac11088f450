"""How sure a peak skin dose is: a budget of relative standard uncertainties (1 sigma), to be replaced by a site's own.

The components are engineering estimates; their sum agrees with published comparisons (Krajinović 2021,
doi 10.1093/rpd/ncab146; Malchair 2020, Phys Med 80 75).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import sqrt

from dosebus_extract.skin.device import DeviceProfile
from dosebus_extract.skin.method import Method


@dataclass(frozen=True, slots=True)
class Budget:
    """Relative standard uncertainties of what a skin dose is made of."""

    air_kerma: float = 0.175
    table: float = 0.06
    backscatter: float = 0.03
    distance: float = 0.07
    field: float = 0.05
    heel_and_wedge: float = 0.04

    @classmethod
    def of(cls, device: DeviceProfile, method: Method, through_table: float) -> Budget:
        """The budget of a system; the table counts for the share (0 to 1) of the dose that came through it."""
        if method.r13_table_transmission == "zeego-nearest":
            table = 0.03 if device.model and "zeego" in device.model.lower() else 0.06
        else:
            table = device.transmission.uncertainty if device.transmission is not None else 0.06
        return cls(
            air_kerma=device.kerma_uncertainty,
            table=table * through_table,
            backscatter=0.03 if method.r12_backscatter == "benmakhlouf-2013" else 0.06,
        )

    @property
    def combined(self) -> float:
        """All components in quadrature, 1 sigma."""
        return sqrt(sum(component**2 for component in asdict(self).values()))

    @property
    def expanded(self) -> float:
        """Relative expanded uncertainty, k = 2."""
        return 2 * self.combined
