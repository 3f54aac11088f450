"""What a webhook is told: JSON for programs, with numbers in the units of their keys."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from dosebus.store.tables.alerts import alert, mail
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.facts import Links, study_facts, told

VERSION = 1


def payload(connection: Connection, row: Row[Any], links: Links) -> bytes:
    """The body for a message (row of `alerts.mail`). Raises LookupError when there is nothing to tell."""
    content: dict[str, Any] = {
        "version": VERSION,
        "id": str(row.id),
        "kind": row.kind,
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "dosebus": links.public_url,
    }
    if row.kind != "test":
        of_message = (
            mail.c.digest_id == row.id if row.kind == "digest" else mail.c.id == row.id,
            mail.c.state != "cancelled",
        )
        found = connection.execute(
            sa.select(alert)
            .join(mail, mail.c.alert_id == alert.c.id)
            .where(*of_message)
            .order_by(alert.c.raised_at, alert.c.id)
        ).all()
        if not found:
            raise LookupError("nothing to tell")
        configuration = read_configuration(connection)
        content["alerts"] = [_alert(connection, one, links, configuration) for one in found]
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def _alert(
    connection: Connection, row: Row[Any], links: Links, configuration: Configuration
) -> dict[str, Any]:
    study = study_facts(connection, row.study_instance_uid)
    return {
        "alert_id": str(row.id),
        "raised_at": row.raised_at.isoformat(timespec="seconds"),
        "rule": row.rule_key,
        "rule_version": row.rule_version,
        "title": row.rule_title,
        "severity": row.severity,
        "quantity": row.quantity,
        "scope": row.scope,
        "weeks": row.weeks,
        "level": row.level,
        "value": row.value,
        "at_most": row.at_most,
        "number_of_studies": len(row.evidence),
        "study_instance_uid": row.study_instance_uid,
        "modality_types": list(study["modality_types"]),
        "device": study["device"],
        "told": {
            key: value if isinstance(value, (int, float, str)) else str(value)
            for key, value in told(configuration, study)
        },
        "alert_link": links.alert(row.id),
        "study_link": links.study(row.study_instance_uid),
    }
