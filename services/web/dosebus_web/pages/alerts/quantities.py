"""How watched quantities are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dosebus.domain.quantities import QUANTITIES
from dosebus_web.http.show import significant

TOTALS: Mapping[str, str] = {
    quantity.key: quantity.whole_total for quantity in QUANTITIES.values() if quantity.whole_total
}
"""The study total that a quantity stands for."""


def written(quantity: str, value: float) -> str:
    """A value of a quantity with its unit."""
    known = QUANTITIES.get(quantity)
    if known is None:
        return f"{significant(value, 4)} {quantity}"
    return f"{significant(value * known.factor, 4)} {known.unit}"


def value_of(alert: Any) -> str:
    """The value that raised an alert."""
    return written(alert.quantity, alert.value)


def level_of(alert: Any) -> str:
    """The level that an alert's value reached."""
    return written(alert.quantity, alert.level)
