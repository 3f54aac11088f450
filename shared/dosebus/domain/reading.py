"""What a site decides about reading: devices that are ignored, and what is deleted after reading. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from dosebus.domain.study import Equipment

IgnoreField = Literal["manufacturer", "model", "station_name", "software_version", "device_serial_number"]
IGNORE_FIELDS: Final[tuple[IgnoreField, ...]] = (
    "manufacturer",
    "model",
    "station_name",
    "software_version",
    "device_serial_number",
)
IGNORED_DEVICE: Final = "ignored_device"
"""Reason code of objects whose device is ignored."""
DELETED_OBJECT: Final = "deleted_after_reading"
"""Why an object cannot be read again."""

IGNORED_OBSERVER_MODELS_SETTING: Final = "ignored_observer_uid_models"
DELETE_SETTING: Final = "delete_after_reading"
"""Keys of `config.setting`."""
IGNORED_OBSERVER_MODELS: Final = ("GE OEC Fluorostar",)
"""Models whose Device Observer UID changes with every study, as long as nobody says otherwise."""

DeletionClass = Literal["unmatched", "report", "mg", "dx", "nm", "ct_screen"]
DELETION_CLASSES: Final[tuple[DeletionClass, ...]] = ("unmatched", "report", "mg", "dx", "nm", "ct_screen")
_CLASS_OF_KIND: Final[Mapping[str, DeletionClass]] = {
    "mg_image": "mg",
    "dx_image": "dx",
    "nm_image": "nm",
    "pet_image": "nm",
    "philips_ct_dose_info": "ct_screen",
    "ct_dose_screen": "ct_screen",
}


class IgnoreRule(BaseModel):
    """Devices of which nothing is read: all patterns that are given must match.

    `*` stands for any text and `?` for one character; upper and lower case, and blanks around, do not matter. What an
    object does not tell matches no pattern. Of several software versions one is enough.
    """

    model_config = ConfigDict(frozen=True)

    manufacturer: str | None = None
    model: str | None = None
    station_name: str | None = None
    software_version: str | None = None
    device_serial_number: str | None = None
    keep_for_download: bool = False

    def matches(self, device: Mapping[str, str | None]) -> bool:
        """Whether the rule means a device, given by the same keys. A rule that says nothing means none."""
        given = [(key, pattern) for key in IGNORE_FIELDS if (pattern := getattr(self, key))]
        return bool(given) and all(_matches(pattern, device.get(key)) for key, pattern in given)


def ignored_by(rules: Iterable[IgnoreRule], equipment: Equipment) -> IgnoreRule | None:
    """The rule by which objects of a device are not read; of several one that keeps them for download."""
    device: dict[str, str | None] = {key: getattr(equipment, key) for key in IGNORE_FIELDS}
    found = [rule for rule in rules if rule.matches(device)]
    return max(found, key=lambda rule: rule.keep_for_download, default=None)


def deletion_class(outcome: str, kind: str | None) -> DeletionClass:
    """To which class of the deletion policy an object belongs, by what became of it."""
    if outcome != "recorded":
        return "unmatched"
    return _CLASS_OF_KIND.get(kind or "", "report")


def _matches(pattern: str, value: str | None) -> bool:
    if not value:
        return False
    compiled = _compiled(pattern.strip().casefold())
    return any(compiled.fullmatch(one.strip().casefold()) for one in {value, *re.split(r"[\\|]", value)})


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(one) or re.escape(one) for one in pattern), re.DOTALL)
