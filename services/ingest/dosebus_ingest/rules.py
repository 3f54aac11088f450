"""Which arriving objects are not wanted, as data."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dosebus.dicom.header import Header

RuleField = Literal[
    "sop_class_uid",
    "modality",
    "manufacturer",
    "model",
    "station_name",
    "device_serial_number",
    "software_version",
    "calling_ae_title",
]


class ArrivalRule(BaseModel):
    """Objects whose `field` matches `pattern` (`*`, `?`, `[seq]`; upper and lower case alike) are not kept."""

    model_config = ConfigDict(frozen=True)

    field: RuleField
    pattern: str

    def matches(self, value: str | None) -> bool:
        """Whether the rule speaks about this value; an absent one never matches."""
        return value is not None and fnmatch.fnmatchcase(value.casefold(), self.pattern.casefold())


def unwanted_by(
    rules: Iterable[ArrivalRule], header: Header, *, sop_class_uid: str, calling_ae_title: str | None
) -> ArrivalRule | None:
    """The first rule that does not want an object, or None when it is welcome."""
    told = {"sop_class_uid": sop_class_uid, "calling_ae_title": calling_ae_title}
    for rule in rules:
        value = told[rule.field] if rule.field in told else getattr(header, rule.field)
        if rule.matches(value):
            return rule
    return None
