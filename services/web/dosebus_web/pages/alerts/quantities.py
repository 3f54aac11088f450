"""How watched quantities are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dosebus.domain.quantities import QUANTITIES
from dosebus_web.http.show import significant
from dosebus_web.language import gettext as _

TOTALS: Mapping[str, str] = {
    quantity.key: quantity.whole_total for quantity in QUANTITIES.values() if quantity.whole_total
}
"""The study total that a quantity stands for."""


def written(quantity: str, value: float | None, at_most: bool = False) -> str:
    """A value of a quantity with its unit; one that is only a bound says so."""
    if at_most and value is not None:
        return _("at most %(value)s", value=written(quantity, value))
    known = QUANTITIES.get(quantity)
    if known is None or value is None:
        return f"{significant(value, 4)} {quantity}" if value is not None else "–"
    return f"{significant(value * known.factor, 4)} {known.unit}"


def number_of(quantity: str, value: float) -> float:
    """A value in the shown unit, with ten digits: these hide the binary dust of the change of units."""
    known = QUANTITIES.get(quantity)
    return float(f"{value * (known.factor if known else 1.0):.10g}")


def stored_of(quantity: str, number: float) -> float:
    """The stored value of a number in the shown unit, so that 20 000 cGy·cm² stays 0.02 Gy·m²."""
    known = QUANTITIES.get(quantity)
    return float(f"{number / (known.factor if known else 1.0):.10g}")


def unit_of(quantity: str) -> str:
    """The shown unit."""
    return QUANTITIES[quantity].unit if quantity in QUANTITIES else ""


def label_of(quantity: str) -> str:
    """What a quantity is called."""
    return _(QUANTITIES[quantity].label) if quantity in QUANTITIES else quantity


def value_of(alert: Any) -> str:
    """The value that raised an alert, or what it cannot be excluded to be."""
    return written(alert.quantity, alert.value, alert.at_most)


def level_of(alert: Any) -> str:
    """The level that an alert's value reached."""
    return written(alert.quantity, alert.level)
