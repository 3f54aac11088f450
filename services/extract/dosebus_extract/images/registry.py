"""Which image objects are read, and by what."""

from __future__ import annotations

from dosebus_extract.read import Reader
from dosebus_extract.sr.header import Header
