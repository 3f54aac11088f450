"""The mails on their way, as rows: what is queued, who has claimed what, and what became of it.

    queued -> sending -> handing_over -> sent
      ^          |            |
      +----------+            +-> in_doubt, when nobody can know whether the server took it

A mail is claimed by moving it to `sending`, committed before any byte is sent; before the last line of the
message goes out it is moved to `handing_over`, committed again. Found in `sending` after a crash, it cannot
have been delivered and is queued again; found in `handing_over`, it may have been, and is never sent again
unless a person says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.identity import uuid7
from dosebus.store.tables.alerts import alert, mail
from dosebus.store.transaction import Transaction
from dosebus_alerts.configuration import Recipient

Kind = Literal["alert", "reminder", "test"]


def queue(  # noqa: PLR0917 - a mail is these six things
    tx: Transaction,
    alert_id: UUID | None,
    kind: Kind,
    recipients: Sequence[Recipient],
    sender_domain: str,
    traceparent: str | None,
    requested_by: str | None = None,
) -> list[UUID]:
    """Queue one mail a recipient; an address that has this kind of mail of the alert already gets no other."""
    now, queued = datetime.now(UTC), []
    for recipient in recipients:
        mail_id = uuid7()
        inserted = tx.execute(
            insert(mail)
            .values(
                id=mail_id,
                alert_id=alert_id,
                kind=kind,
                recipient_id=recipient.id,
                recipient_name=recipient.name,
                address=(recipient.email or "").lower(),
                locale=recipient.locale,
                state="queued",
                next_attempt_at=now,
                message_id=f"<{mail_id}@{sender_domain}>",
                traceparent=traceparent,
                requested_by=requested_by,
                created_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing(constraint="mail_alert_id_kind_address_key")
            .returning(mail.c.id)
        ).first()
        if inserted is not None:
            queued.append(mail_id)
    return queued


def cancel(tx: Transaction, alert_id: UUID) -> None:
    """Do not send what of an alert's mails still waits."""
    _move(tx, mail.c.alert_id == alert_id, ("queued",), "cancelled")


def resume(tx: Transaction, alert_id: UUID) -> None:
    """Send after all what was cancelled and never sent."""
    _move(tx, mail.c.alert_id == alert_id, ("cancelled",), "queued", next_attempt_at=datetime.now(UTC))


def claim(tx: Transaction) -> Row[Any] | None:
    """Take the mail that is due longest, if any; it is then `sending` under a claim of its own."""
    due = (
        sa.select(mail.c.id)
        .where(mail.c.state == "queued", mail.c.next_attempt_at <= datetime.now(UTC))
        .order_by(mail.c.next_attempt_at, mail.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return tx.execute(
        sa.update(mail)
        .where(mail.c.id == due)
        .values(state="sending", claim=uuid4(), attempts=mail.c.attempts + 1, changed_at=datetime.now(UTC))
        .returning(mail)
    ).first()


def hand_over(tx: Transaction, mail_id: UUID, claim: UUID) -> bool:
    """Note that the last line goes out now; False when the claim is no longer ours."""
    return _move(tx, sa.and_(mail.c.id == mail_id, mail.c.claim == claim), ("sending",), "handing_over") == 1


def finish(
    tx: Transaction,
    mail_id: UUID,
    claim: UUID,
    state: Literal["queued", "sent", "failed", "in_doubt"],
    **values: object,
) -> bool:
    """Note what became of a claimed mail; False when the claim is no longer ours.

    An answer that comes after others called the mail doubtful still counts.
    """
    ours = sa.and_(mail.c.id == mail_id, mail.c.claim == claim)
    return _move(tx, ours, ("sending", "handing_over", "in_doubt"), state, **values) == 1


def recover(tx: Transaction) -> tuple[list[UUID], list[Row[Any]]]:
    """After a crash: queue again what cannot have been delivered; give it, and what may have been."""
    safe = tx.execute(
        sa.update(mail)
        .where(mail.c.state == "sending")
        .values(state="queued", claim=None, changed_at=datetime.now(UTC), next_attempt_at=datetime.now(UTC))
        .returning(mail.c.id)
    ).scalars()
    doubtful = tx.execute(sa.select(mail).where(mail.c.state == "handing_over").with_for_update()).all()
    return list(safe), list(doubtful)


def send_again(tx: Transaction, mail_id: UUID) -> Row[Any] | None:
    """Queue a mail that failed or is in doubt, on a person's word; None where it is neither."""
    now = datetime.now(UTC)
    return tx.execute(
        sa.update(mail)
        .where(mail.c.id == mail_id, mail.c.state.in_(("failed", "in_doubt")))
        .values(state="queued", claim=None, attempts=0, created_at=now, changed_at=now, next_attempt_at=now)
        .returning(mail)
    ).first()


def states_of(tx: Transaction, alert_id: UUID) -> set[str]:
    """The states of an alert's mails; the alert is locked so that two answers do not settle it at once."""
    tx.execute(sa.select(alert.c.id).where(alert.c.id == alert_id).with_for_update())
    return set(
        tx.execute(
            sa.select(mail.c.state).where(mail.c.alert_id == alert_id, mail.c.kind == "alert")
        ).scalars()
    )


def _move(
    tx: Transaction,
    which: sa.ColumnElement[bool],
    before: Sequence[str],
    after: str,
    **values: object,
) -> int:
    return tx.execute(
        sa.update(mail)
        .where(which, mail.c.state.in_(before))
        .values(state=after, changed_at=datetime.now(UTC), **values)
    ).rowcount
