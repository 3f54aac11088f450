"""Digests: one message a day to those who want no single ones."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.alerts import alert, mail
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_alerts.configuration import Configuration, read_configuration
from dosebus_alerts.outbound import message_row
from dosebus_alerts.recipients import Recipient


def make_digests(tx: Transaction, sender_domain: str, now: datetime | None = None) -> list[UUID]:
    """Queue the digests that are due, and let go what waits for a digest that nobody wants any more.

    A digest is of a day: whatever runs twice, restarts or comes late, each recipient gets one a day at most. It
    tells of what was raised before its hour.
    """
    now = now or datetime.now(UTC)
    configuration = read_configuration(tx.connection)
    release(tx, configuration, now)
    made = (_make(tx, one, configuration, sender_domain, now) for one in configuration.recipients)
    return [digest_id for digest_id in made if digest_id is not None]


def release(tx: Transaction, configuration: Configuration, now: datetime) -> None:
    """Send singly what waits for a digest, although its recipient is gone or wants single messages."""
    wanting = [one.id for one in configuration.recipients if one.digest_hour is not None and one.address]
    tx.execute(
        sa.update(mail)
        .where(mail.c.state == "gathered", mail.c.digest_id.is_(None), mail.c.recipient_id.not_in(wanting))
        .values(state="queued", next_attempt_at=now, changed_at=now)
    )


def _make(
    tx: Transaction, recipient: Recipient, configuration: Configuration, sender_domain: str, now: datetime
) -> UUID | None:
    if recipient.digest_hour is None or recipient.address is None:
        return None
    day, due = recipient.last_digest(now, configuration.zone)
    waiting = (
        sa.select(mail.c.id)
        .join(alert, alert.c.id == mail.c.alert_id)
        .where(
            mail.c.state == "gathered",
            mail.c.digest_id.is_(None),
            mail.c.recipient_id == recipient.id,
            mail.c.created_at < due,
        )
    )
    ids = list(tx.execute(waiting.with_for_update(of=mail)).scalars())
    if not ids:
        return None
    row = message_row(recipient, recipient.address, "digest", sender_domain)
    row |= {"digest_day": day, "traceparent": traces.current_traceparent()}
    statement = (
        insert(mail)
        .values(row)
        .on_conflict_do_nothing(
            index_elements=[mail.c.recipient_id, mail.c.digest_day], index_where=sa.text("kind = 'digest'")
        )
    )
    digest_id: UUID | None = tx.execute(statement.returning(mail.c.id)).scalar()
    if digest_id is None:
        return None
    tx.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(digest_id=digest_id, changed_at=now))
    return digest_id
