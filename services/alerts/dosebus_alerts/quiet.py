"""Whether a message has to wait because its recipient wants quiet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from dosebus.store.tables.alerts import alert
from dosebus_alerts.configuration import read_configuration


def quiet_until(connection: Connection, row: Row[Any]) -> datetime | None:
    """When the quiet hours end in which a message (row of `alerts.mail`) would go out; None when it may go.

    A test message may always: somebody waits for it.
    """
    if row.kind == "test":
        return None
    configuration = read_configuration(connection)
    recipient = configuration.recipient(row.recipient_id)
    if recipient is None:
        return None
    severity = connection.execute(sa.select(alert.c.severity).where(alert.c.id == row.alert_id)).scalar()
    return recipient.quiet_ends(datetime.now(UTC), configuration.zone, severity)
