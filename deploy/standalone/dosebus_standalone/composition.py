"""Which services a standalone DoseBus is made of."""

from __future__ import annotations

from dosebus.runtime.host import Host
from dosebus_alerts.service import SERVICE as ALERTS
from dosebus_export.service import SERVICE as EXPORT
from dosebus_extract.service import SERVICE as EXTRACT
from dosebus_ingest.service import SERVICE as INGEST
from dosebus_qr.service import SERVICE as QR
from dosebus_web.service import SERVICE as WEB


def standalone_host() -> Host:
    """A host of all six services with their settings from the environment; ingest, the door, opens last."""
    return Host((EXTRACT, ALERTS, EXPORT, QR, WEB, INGEST))
