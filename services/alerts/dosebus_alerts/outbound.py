"""The mails on their way, as rows: what is queued, who has claimed what, and what became of it.

    queued -> sending -> handing_over -> sent -> bounced, when a server that took it sends it back
      ^          |            |
      +----------+            +-> in_doubt, when nobody can know whether the server took it

A mail is claimed by moving it to `sending`, committed before any byte is sent; before the last line of the
message goes out it is moved to `handing_over`, committed again. Found in `sending` after a crash, it cannot
have been delivered and is queued again; found in `handing_over`, it may have been, and is never sent again
unless a person says so. A webhook's receiver knows a call that comes again by its key, so there doubt is tried again.

The message of an alert to one who wants a digest is `gathered`; the digest is a mail of its own, and what it tells of
goes with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.identity import uuid7
from dosebus.store.tables.alerts import alert, mail
from dosebus.store.transaction import Transaction
from dosebus_alerts.recipients import Channel, Recipient

Kind = Literal["alert", "reminder", "digest", "test"]
State = Literal["queued", "sent", "failed", "in_doubt", "cancelled"]
UNDER_WAY = frozenset({"gathered", "queued", "sending", "handing_over"})
"""The states of messages of which it is not known yet whether they arrive."""
STRANDED = ("failed", "bounced", "in_doubt")
"""The states of messages that did not arrive, or of which nobody knows it, and that a person can send again."""


@dataclass(frozen=True)
class Notice:
    """What is told: which kind of message of which alert. `step`: which of the rule's follow-ups a reminder is."""

    kind: Kind
    alert_id: UUID | None
    severity: str
    sender_domain: str
    traceparent: str | None = None
    requested_by: str | None = None
    step: int = 0


def queue(tx: Transaction, notice: Notice, recipients: Sequence[Recipient]) -> list[UUID]:
    """Queue a message to every recipient that has an address; an address that has this message already gets no other.

    The first message of an alert waits for the digest of those who want one; reminders do not.
    """
    queued = []
    for recipient in recipients:
        if recipient.address is None:
            continue
        gathered = notice.kind == "alert" and recipient.gathers(notice.severity)
        row = message_row(recipient, recipient.address, notice.kind, notice.sender_domain)
        row |= {
            "state": "gathered" if gathered else "queued",
            "alert_id": notice.alert_id,
            "step": notice.step,
            "traceparent": notice.traceparent,
            "requested_by": notice.requested_by,
        }
        statement = insert(mail).values(row).on_conflict_do_nothing(constraint="mail_once")
        if tx.execute(statement.returning(mail.c.id)).first() is not None:
            queued.append(row["id"])
    return queued


def message_row(recipient: Recipient, address: str, kind: Kind, sender_domain: str) -> dict[str, Any]:
    """A new message to a recipient, due now."""
    mail_id, now = uuid7(), datetime.now(UTC)
    return {
        "id": mail_id,
        "channel": recipient.channel,
        "kind": kind,
        "recipient_id": recipient.id,
        "recipient_name": recipient.name,
        "address": address,
        "locale": recipient.locale,
        "state": "queued",
        "next_attempt_at": now,
        "message_id": f"<{mail_id}@{sender_domain}>",
        "created_at": now,
        "changed_at": now,
    }


def cancel(tx: Transaction, alert_id: UUID) -> None:
    """Do not send what of an alert's mails still waits, and leave it out of digests."""
    _move(tx, mail.c.alert_id == alert_id, ("queued", "gathered"), "cancelled", digest_id=None)


def resume(tx: Transaction, alert_id: UUID, gathering: Collection[int]) -> None:
    """Send after all what was cancelled and never sent; the recipients `gathering` get it with their next digest."""
    of_digest = sa.and_(mail.c.kind == "alert", mail.c.recipient_id.in_(gathering))
    cancelled = mail.c.alert_id == alert_id
    _move(tx, sa.and_(cancelled, of_digest), ("cancelled",), "gathered")
    _move(tx, cancelled, ("cancelled",), "queued", next_attempt_at=datetime.now(UTC))


def postpone(tx: Transaction, row: Row[Any], until: datetime) -> None:
    """Give a claimed mail back until its recipient's quiet hours are over; that was no attempt."""
    _move(
        tx,
        mail.c.id == row.id,
        ("sending",),
        "queued",
        claim=None,
        attempts=mail.c.attempts - 1,
        next_attempt_at=until,
        reason_code="quiet_hours",
    )
    _move(tx, mail.c.digest_id == row.id, ("sending",), "gathered")


def claim(tx: Transaction, channel: Channel = "mail") -> Row[Any] | None:
    """Take the mail that is due longest, if any; it is then `sending` under a claim of its own.

    What a digest tells of is taken with it, so that nobody withdraws an alert from a digest that is under way.
    """
    due = (
        sa.select(mail.c.id)
        .where(
            mail.c.state == "queued",
            mail.c.channel == channel,
            mail.c.next_attempt_at <= datetime.now(UTC),
        )
        .order_by(mail.c.next_attempt_at, mail.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = tx.execute(
        sa.update(mail)
        .where(mail.c.id == due)
        .values(state="sending", claim=uuid4(), attempts=mail.c.attempts + 1, changed_at=datetime.now(UTC))
        .returning(mail)
    ).first()
    if row is not None and row.kind == "digest":
        _move(tx, mail.c.digest_id == row.id, ("gathered",), "sending")
    return row


def hand_over(tx: Transaction, mail_id: UUID, claim: UUID) -> bool:
    """Note that the last line goes out now; False when the claim is no longer ours."""
    return _move(tx, sa.and_(mail.c.id == mail_id, mail.c.claim == claim), ("sending",), "handing_over") == 1


def finish(
    tx: Transaction,
    mail_id: UUID,
    claim: UUID,
    state: State,
    **values: object,
) -> bool:
    """Note what became of a claimed mail; False when the claim is no longer ours.

    An answer that comes after others called the mail doubtful still counts.
    """
    ours = sa.and_(mail.c.id == mail_id, mail.c.claim == claim)
    if _move(tx, ours, ("sending", "handing_over", "in_doubt"), state, **values) != 1:
        return False
    after = "gathered" if state == "queued" else state
    _move(
        tx,
        mail.c.digest_id == mail_id,
        ("sending", "in_doubt"),
        after,
        **({} if state == "queued" else values),
    )
    return True


def told_by(tx: Transaction, digest_id: UUID) -> list[Row[Any]]:
    """The messages whose alerts a digest tells of."""
    return list(tx.execute(sa.select(mail).where(mail.c.digest_id == digest_id).order_by(mail.c.alert_id)))


def recover(tx: Transaction, channel: Channel = "mail") -> tuple[list[UUID], list[Row[Any]]]:
    """After a crash: queue again what cannot have been delivered; give it, and what may have been."""
    handed_over = sa.select(mail.c.id).where(mail.c.state == "handing_over")
    gathered = sa.and_(
        mail.c.channel == channel, mail.c.digest_id.is_not(None), mail.c.digest_id.not_in(handed_over)
    )
    _move(tx, gathered, ("sending",), "gathered")
    safe = tx.execute(
        sa.update(mail)
        .where(mail.c.state == "sending", mail.c.channel == channel, mail.c.digest_id.is_(None))
        .values(state="queued", claim=None, changed_at=datetime.now(UTC), next_attempt_at=datetime.now(UTC))
        .returning(mail.c.id)
    ).scalars()
    doubtful = tx.execute(
        sa.select(mail).where(mail.c.state == "handing_over", mail.c.channel == channel).with_for_update()
    ).all()
    return list(safe), list(doubtful)


def send_again(tx: Transaction, mail_id: UUID) -> Row[Any] | None:
    """Queue a mail that failed, came back or is in doubt, on a person's word; None where it is none of these."""
    now = datetime.now(UTC)
    row = tx.execute(
        sa.update(mail)
        .where(mail.c.id == mail_id, mail.c.state.in_(STRANDED))
        .values(
            state="queued",
            digest_id=None,
            claim=None,
            attempts=0,
            bounced_at=None,
            bounce_status=None,
            created_at=now,
            changed_at=now,
            next_attempt_at=now,
        )
        .returning(mail)
    ).first()
    if row is not None and row.kind == "digest":
        _move(tx, mail.c.digest_id == row.id, STRANDED, "gathered", bounced_at=None, bounce_status=None)
    return row


def confirm(tx: Transaction, mail_id: UUID) -> Row[Any] | None:
    """Note that a mail in doubt did arrive, on a person's word; None for one that is in no doubt."""
    now = datetime.now(UTC)
    row = tx.execute(
        sa.update(mail)
        .where(mail.c.id == mail_id, mail.c.state == "in_doubt")
        .values(state="sent", sent_at=mail.c.changed_at, changed_at=now)
        .returning(mail)
    ).first()
    if row is not None:
        _move(tx, mail.c.digest_id == mail_id, ("in_doubt",), "sent", sent_at=row.sent_at)
    return row


def bounce(tx: Transaction, mail_id: UUID, status: str, text: str) -> Row[Any] | None:
    """Note that a mail came back, and with it what a digest told of; None for one that was not sent."""
    now = datetime.now(UTC)
    values = {"reason_code": "bounced", "last_error": text, "bounced_at": now, "bounce_status": status}
    row = tx.execute(
        sa.update(mail)
        .where(mail.c.id == mail_id, mail.c.state.in_(("sent", "in_doubt")))
        .values(state="bounced", changed_at=now, **values)
        .returning(mail)
    ).first()
    if row is not None:
        _move(tx, mail.c.digest_id == mail_id, ("sent", "in_doubt"), "bounced", **values)
    return row


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
