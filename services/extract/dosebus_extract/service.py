"""extract as data: what the runtime hosts."""

from __future__ import annotations

from dosebus.runtime.service import Service
from dosebus_extract.consumers import consumers
from dosebus_extract.settings import ExtractSettings

SERVICE = Service(name="extract", schema="dose", settings=ExtractSettings, consumers=consumers)
