"""What changed in an alert rule, in words: columns by what the form calls them, values with their units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables import dose
from dosebus.store.tables.config import alert_recipient, alert_rule
from dosebus_web.alerting.rules import WATCHED
from dosebus_web.http.show import significant, words
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.alerts.quantities import label_of, written


@dataclass(frozen=True)
class Names:
    """What the numbers of devices and recipients stand for."""

    devices: Mapping[int, str]
    recipients: Mapping[int, str]


@dataclass(frozen=True)
class Change:
    """One thing that a rule said otherwise before."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Beside:
    """What is needed to say a value: the quantity that the rule watched with it, and names."""

    quantity: str
    names: Names


Tell = Callable[[Any, Beside], str]
SCOPES = {
    "event": marked("each exposure"),
    "study": marked("each study"),
    "sum": marked("the sum over weeks"),
}


def _plain(value: Any, _beside: Beside) -> str:
    return str(value)


def _dose(value: Any, beside: Beside) -> str:
    return written(beside.quantity, value)


def _yes(value: Any, _beside: Beside) -> str:
    return _("yes") if value else _("no")


def _list(value: Any, _beside: Beside) -> str:
    return ", ".join(str(one) for one in value)


def _named(kind: Callable[[Names], Mapping[int, str]]) -> Tell:
    def tell(value: Any, beside: Beside) -> str:
        known = kind(beside.names)
        return ", ".join(known.get(one) or _("number %(n)s, which is gone", n=one) for one in value)

    return tell


COLUMNS: Mapping[str, tuple[str, Tell, str]] = {
    "title": (marked("Title"), lambda value, _b: _(value), "–"),
    "quantity": (marked("Quantity"), lambda value, _b: label_of(value), "–"),
    "scope": (marked("Watches"), lambda value, _b: _(SCOPES[value]), "–"),
    "weeks": (marked("Weeks, for a sum"), _plain, "–"),
    "level": (marked("Level"), _dose, "–"),
    "step": (marked("Further levels"), lambda v, b: _("every %(step)s", step=_dose(v, b)), marked("none")),
    "severity": (marked("Severity"), lambda value, _b: words(value), "–"),
    "modality_types": (marked("Modalities"), _list, marked("all")),
    "enabled": (marked("Switched on"), _yes, "–"),
    "trial": (marked("On trial"), _yes, "–"),
    "owner": (marked("Owner"), _plain, marked("nobody")),
    "device_ids": (marked("Devices"), _named(lambda names: names.devices), marked("all")),
    "standard_names": (marked("Standard names"), _list, marked("all")),
    "age_years_from": (marked("Age from"), lambda v, _b: _("%(n)s years", n=significant(v)), marked("any")),
    "age_years_below": (marked("Age below"), lambda v, _b: _("%(n)s years", n=significant(v)), marked("any")),
    "weight_kg_from": (marked("Weight from"), lambda v, _b: f"{significant(v)} kg", marked("any")),
    "weight_kg_below": (marked("Weight below"), lambda v, _b: f"{significant(v)} kg", marked("any")),
    "recipients": (
        marked("Recipients"), _named(lambda names: names.recipients), marked("everybody who chose the rule"),
    ),
}  # fmt: skip
"""By column of `config.alert_rule`: what it is called, how a value is told, and what nothing means."""


def change(column: str, before: Any, after: Any, quantities: tuple[str, str], names: Names) -> Change:
    """A column that changed. `quantities`: what the rule watched before, and after."""
    label, tell, nothing = COLUMNS[column]
    told = (
        _(nothing) if value is None else tell(value, Beside(quantity, names))
        for value, quantity in zip((before, after), quantities, strict=True)
    )
    return Change(_(label), *told)


def changes(changed: Mapping[str, Any], quantity: str, names: Names) -> tuple[Change, ...]:
    """What `revise` gave, or a set says otherwise, column by column: before and after. `quantity`: that of the rule
    where it is not among them."""
    first, last = changed.get("quantity") or (quantity, quantity)
    found = ((column, changed[column]) for column in COLUMNS if column in changed)
    return tuple(change(column, before, after, (first, last), names) for column, (before, after) in found)


def read_names(connection: sa.Connection) -> Names:
    """The names of all devices and recipients."""
    device, person = dose.device.c, alert_recipient.c
    return Names(
        devices={row[0]: row[1] for row in connection.execute(sa.select(device.id, device.display_name))},
        recipients={row[0]: row[1] for row in connection.execute(sa.select(person.id, person.name))},
    )


def audited(connection: sa.Connection, rows: Iterable[Any]) -> dict[int, tuple[Change, ...]]:
    """What entries of the audit log say of rules, in words, by the entry's number."""
    found = [row for row in rows if row.action in {"alert_rule.changed", "alert_rule.taken_over"}]
    if not found:
        return {}
    quantities: dict[str, str] = {}
    for rule in connection.execute(sa.select(alert_rule.c.id, alert_rule.c.key, alert_rule.c.quantity)):
        quantities |= {str(rule.id): rule.quantity, rule.key: rule.quantity}
    names = read_names(connection)
    return {
        row.id: changes(row.details, row.details.get(WATCHED) or quantities.get(row.subject or "", ""), names)
        for row in found
    }
