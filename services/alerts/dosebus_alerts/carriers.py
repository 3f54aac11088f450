"""The ways by which a message leaves: by mail and by webhook, with one behaviour."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Row

from dosebus.store.engine import Database
from dosebus.store.tables.config import alert_recipient
from dosebus_alerts.courier import RefusedError, Server, carry
from dosebus_alerts.facts import Links, alert_facts, digest_facts, row_of, trend_of
from dosebus_alerts.letter import Delivery, Letter, compose, sealed
from dosebus_alerts.payload import payload
from dosebus_alerts.speech import speech
from dosebus_alerts.webhook import Call, Caller, call


class Carrier(Protocol):
    """Takes one message (row of `alerts.mail`) where it belongs."""

    @property
    def doubt_is_harmless(self) -> bool:
        """Whether a message that may have arrived can be sent again without harm."""
        ...

    def carry(self, row: Row[Any], before_handover: Callable[[], bool]) -> None:
        """Deliver a message; `before_handover` is asked before the receiver may have it.

        Raises LookupError when there is nothing to tell, and what `courier` and `webhook` raise.
        """
        ...


@dataclass(frozen=True)
class ByMail:
    """Mails through an SMTP server. What may have arrived is never sent again."""

    database: Database
    server: Server
    sender: str
    links: Links
    doubt_is_harmless: bool = False
    return_address: str | None = None
    """The envelope's sender, to which bounces go; None: the sender."""

    def carry(self, row: Row[Any], before_handover: Callable[[], bool]) -> None:
        """Write the letter and hand it to the server."""
        delivery = Delivery(
            sender=self.sender,
            address=row.address,
            message_id=row.message_id,
            written_at=row.created_at,
            kind=row.kind,
            alert_id=None if row.alert_id is None else str(row.alert_id),
        )
        letter = sealed(self.written(row), delivery)
        carry(self.server, self.return_address or self.sender, row.address, letter, before_handover)

    def written(self, row: Row[Any]) -> Letter:
        """The letter, in the recipient's language."""
        say = speech(row.locale)
        if row.kind == "test":
            return compose(row.locale, row.kind, {"public_url": self.links.public_url})
        with self.database.reading() as connection:
            if row.kind == "digest":
                return compose(row.locale, row.kind, digest_facts(connection, row, self.links, say))
            alert = row_of(connection, row.alert_id)
            trend = trend_of(connection, alert)
            facts = alert_facts(connection, alert, self.links, say)
        return compose(row.locale, row.kind, facts, None if trend is None else trend.picture())


@dataclass(frozen=True)
class ByWebhook:
    """Calls of webhooks. Every try bears the same key, by which the receiver leaves a repeated one aside."""

    database: Database
    caller: Caller
    links: Links
    doubt_is_harmless: bool = True

    def carry(self, row: Row[Any], before_handover: Callable[[], bool]) -> None:
        """Call the recipient's webhook as it is set now."""
        with self.database.reading() as connection:
            target = connection.execute(
                sa.select(alert_recipient.c.webhook_url, alert_recipient.c.webhook_secret).where(
                    alert_recipient.c.id == row.recipient_id, alert_recipient.c.channel == "webhook"
                )
            ).first()
            if target is None or not target.webhook_url:
                raise RefusedError("recipient_gone", "the recipient has no webhook any more")
            body = payload(connection, row, self.links)
        one = Call(target.webhook_url, target.webhook_secret, row.kind, str(row.id), body)
        call(self.caller, one, int(time.time()), before_handover)
