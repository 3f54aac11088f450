"""Every listing by its name, as it stands in addresses, exports and the API."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dosebus.catalogue.ct import CT
from dosebus.catalogue.dx import DX
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.mg import MG
from dosebus.catalogue.nm import NM
from dosebus.catalogue.rf import RF

LISTINGS: Mapping[str, Listing] = MappingProxyType({one.name: one for one in (CT, RF, MG, DX, NM)})
"""`ct`, `rf`, `mg`, `dx` (radiography) and `nm`."""
