"""Every quirk that is applied, in order."""

from __future__ import annotations

from typing import Any, Final

from dosebus_extract.quirks import concept_codes, philips, radiograph, siemens
from dosebus_extract.quirks.quirk import HeaderQuirk, ReportQuirk, TreeQuirk

TREE: Final = (*concept_codes.TREE, *philips.TREE)
CT: Final = siemens.CT
PROJECTION: Final = siemens.PROJECTION
ALL: Final[tuple[TreeQuirk | ReportQuirk[Any] | HeaderQuirk[Any], ...]] = (
    *TREE,
    *CT,
    *PROJECTION,
    *radiograph.DISTANCE,
    *radiograph.PROTOCOL,
    *radiograph.REQUESTED,
)
