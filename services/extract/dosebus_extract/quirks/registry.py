"""Every quirk that is applied, in order."""

from __future__ import annotations

from typing import Final

from dosebus_extract.quirks import concept_codes, philips, siemens

TREE: Final = (*concept_codes.TREE, *philips.TREE)
CT: Final = siemens.CT
PROJECTION: Final = siemens.PROJECTION
