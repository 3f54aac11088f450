"""What happens to alerts that nobody acknowledges: reminders, and further recipients, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from dosebus.domain.alerting import OPEN_STATES
from dosebus.store.tables.alerts import alert, mail
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_alerts import outbound
from dosebus_alerts.audit import Entry, append
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.recipients import Recipient
from dosebus_alerts.rules import FollowUp

BATCH = 100
WAITING_SINCE = sa.func.coalesce(alert.c.reopened_at, alert.c.raised_at)
"""Since when nobody has acknowledged an alert: it was raised, or opened again."""
SILENT = ("found_by_recalculation", "rule_on_trial")
"""Notes of alerts of which nobody was told, and of which nobody is reminded either."""


def take_steps(tx: Transaction, sender_domain: str, now: datetime | None = None) -> int:
    """Take the steps that are due; gives how many.

    A step is counted in the same transaction that queues its messages, so it is taken once, whatever is killed.
    """
    now = now or datetime.now(UTC)
    configuration = read_configuration(tx.connection)
    entries = [
        _taken(tx, row, configuration, number, step, sender_domain, now)
        for row in _waiting(tx, configuration, now)
        for number, step in _due(row, configuration, now)
    ]
    append(tx, entries)
    return len(entries)


def _waiting(tx: Transaction, configuration: Configuration, now: datetime) -> list[Row[Any]]:
    """Alerts that nobody has dealt with and that have a step due; one that is just being changed comes next time."""
    due = [
        sa.and_(
            alert.c.rule_key == rule.key,
            alert.c.follow_ups == number,
            now - timedelta(hours=step.after_hours) >= WAITING_SINCE,
        )
        for rule in configuration.rules
        for number, step in enumerate(rule.follow_ups)
    ]
    if not due:
        return []
    statement = (
        sa.select(alert)
        .where(
            # Literals, so that the partial index of waiting alerts is found.
            sa.text(
                "state IN ('detected', 'queued', 'sent', 'failed') AND withdrawn_at IS NULL AND NOT trial"
            ),
            sa.func.coalesce(alert.c.mail_note, "").not_in(SILENT),
            sa.or_(*due),
        )
        .order_by(WAITING_SINCE)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(tx.execute(statement))


def _due(row: Row[Any], configuration: Configuration, now: datetime) -> list[tuple[int, FollowUp]]:
    rule = configuration.rule(row.rule_key)
    steps = () if rule is None or row.state not in OPEN_STATES else rule.follow_ups
    return [
        (number, step)
        for number, step in enumerate(steps, start=1)
        if number > row.follow_ups
        and (row.reopened_at or row.raised_at) + timedelta(hours=step.after_hours) <= now
    ]


def _taken(  # noqa: PLR0917 - which step of which alert, when
    tx: Transaction,
    row: Row[Any],
    configuration: Configuration,
    number: int,
    step: FollowUp,
    sender_domain: str,
    now: datetime,
) -> Entry:
    told = _told(tx, row, configuration, step)
    notice = outbound.Notice(
        "reminder", row.id, row.severity, sender_domain, traces.current_traceparent(), step=number
    )
    queued = outbound.queue(tx, notice, told)
    tx.execute(
        sa.update(alert)
        .where(alert.c.id == row.id)
        .values(follow_ups=number, reminded_at=now, changed_at=now)
    )
    details = {"step": number, "after_hours": step.after_hours, "recipients": [one.id for one in told]}
    return Entry("followed_up", row.id, details | {"mails": len(queued)})


def _told(tx: Transaction, row: Row[Any], configuration: Configuration, step: FollowUp) -> list[Recipient]:
    """The step's recipients, or those who were told before; one whose first message still waits is not reminded."""
    if step.recipients is not None:
        return [one for one in configuration.recipients if one.id in step.recipients]
    told = set(
        tx.execute(
            sa.select(mail.c.recipient_id).where(
                mail.c.alert_id == row.id, mail.c.kind == "alert", mail.c.state.in_(("sent", "in_doubt"))
            )
        ).scalars()
    )
    return [one for one in configuration.recipients if one.id in told]
