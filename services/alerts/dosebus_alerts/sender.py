"""Sends the messages of a channel that are due, one after the other, whatever fails in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from jinja2 import TemplateError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from dosebus.store.engine import Database
from dosebus.store.tables.alerts import mail
from dosebus.telemetry import traces
from dosebus_alerts import outbound
from dosebus_alerts.carriers import Carrier
from dosebus_alerts.courier import ClaimLostError, DeliveryError, InDoubtError, RefusedError
from dosebus_alerts.outcome import Outcome, write_outcome
from dosebus_alerts.quiet import quiet_until
from dosebus_alerts.recipients import Channel
from dosebus_alerts.retry import RetrySchedule

SEATS: Mapping[Channel, int] = {"mail": 0x616C6D6C, "webhook": 0x616C7768}
"""Keys of the advisory locks whose holders alone send mail and call webhooks."""
SPANS: Mapping[Channel, str] = {"mail": "SMTP send", "webhook": "call webhook"}
MAILS_SENT = Counter("dosebus_alert_mails_sent_total", "Alert mails that a mail server has taken")
WEBHOOKS_CALLED = Counter("dosebus_alert_webhooks_called_total", "Calls of webhooks that were answered well")
MAIL_FAILURES = Counter(
    "dosebus_alert_mail_failures_total", "Attempts to send a mail that failed", ["reason_code"]
)
MAILS = Gauge("dosebus_alert_mails", "Mails that are not done with, by state", ["state"])


@dataclass(frozen=True)
class Post:
    """What a sender needs: which way messages go, and how often to try.

    `carrier` is None where no mail server is set: then mail waits. `arrived` asks the server whether it has a
    message; only the built-in sink can answer.
    """

    database: Database
    channel: Channel
    carrier: Carrier | None
    schedule: RetrySchedule
    bell: threading.Event
    poll_s: float = 1.0
    drain_s: float = 20.0
    arrived: Callable[[str], bool] | None = None


class Sender:
    """The one who sends; of several processes only the one in the seat does."""

    def __init__(self, post: Post, stop: threading.Event) -> None:
        self._post = post
        self._stop = stop
        self._log = structlog.get_logger("dosebus.alerts.mail")

    def run(self) -> None:
        """Send until told to stop. A database that is away is waited for."""
        while not self._stop.is_set():
            try:
                with self._seated() as seated:
                    if seated:
                        self._recover()
                        self._send_while_seated()
            except DBAPIError as error:
                self._log.warning("database away", error=type(error.orig).__name__)
            self._stop.wait(self._post.poll_s)

    @contextmanager
    def _seated(self) -> Iterator[bool]:
        with self._post.database.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            seated = bool(
                connection.execute(
                    sa.select(sa.func.pg_try_advisory_lock(SEATS[self._post.channel]))
                ).scalar()
            )
            self._seat = connection
            try:
                yield seated
            finally:
                if seated and not connection.invalidated:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(SEATS[self._post.channel])))

    def _send_while_seated(self) -> None:
        while not self._stop.is_set():
            self._post.bell.clear()
            if self._post.carrier is not None and self.send_next():
                continue
            self._seat.execute(sa.text("SELECT 1"))
            self._post.bell.wait(self._post.poll_s)

    def _recover(self) -> None:
        """Set right what a crash left half done."""
        with self._post.database.transaction() as tx:
            safe, doubtful = outbound.recover(tx, self._post.channel)
        for mail_id in safe:
            self._log.info("mail queued again after a crash", mail_id=str(mail_id))
        for row in doubtful:
            self._settle(row, self._doubtful(row, "crash", "DoseBus stopped before the server had answered"))

    def send_next(self) -> bool:
        """Send the message that is due longest, or let it wait for the end of quiet hours; says whether there was
        one."""
        with self._post.database.transaction() as tx:
            row = outbound.claim(tx, self._post.channel)
            quiet = None if row is None else quiet_until(tx.connection, row)
            if row is not None and quiet is not None:
                outbound.postpone(tx, row, quiet)
        if row is None:
            return False
        if quiet is not None:
            self._log.info("message waits for the end of quiet hours", mail_id=str(row.id))
            return True
        with (
            traces.continued(row.traceparent),
            traces.span(SPANS[row.channel], kind=SpanKind.CLIENT, **{"dosebus.mail_id": str(row.id)}) as span,
        ):
            try:
                outcome = self._attempted(row)
            except ClaimLostError:
                self._log.warning("another sender has the mail", mail_id=str(row.id))
                return True
            span.set_attribute("dosebus.mail_state", outcome.state)
            self._settle(row, outcome)
        return True

    def _attempted(self, row: Row[Any]) -> Outcome:
        """What becomes of a message. Raises ClaimLostError when it is no longer ours."""
        carrier = self._post.carrier
        if carrier is None:
            return Outcome("queued", "no_mail_server", "no mail server is set")
        try:
            carrier.carry(row, lambda: self._hand_over(row))
        except DeliveryError as error:
            final = isinstance(error, RefusedError)
            refused = Outcome("failed", error.reason_code, error.text)
            return refused if final else self._put_off(row, error.reason_code, error.text)
        except InDoubtError as error:
            return self._doubtful(row, "no_answer", str(error))
        except LookupError:
            return Outcome("cancelled", "nothing_to_tell", "what it tells of is gone")
        except (TemplateError, ValueError) as error:
            return Outcome("failed", "cannot_be_written", type(error).__name__)
        return Outcome("sent")

    def _hand_over(self, row: Row[Any]) -> bool:
        try:
            with self._post.database.transaction() as tx:
                return outbound.hand_over(tx, row.id, row.claim)
        except DBAPIError as error:
            raise DeliveryError("database_away", type(error.orig).__name__) from error

    def _put_off(self, row: Row[Any], reason_code: str, text: str) -> Outcome:
        due = self._post.schedule.next_attempt(datetime.now(UTC), row.created_at, row.attempts, str(row.id))
        return Outcome("failed" if due is None else "queued", reason_code, text, due)

    def _doubtful(self, row: Row[Any], reason_code: str, text: str) -> Outcome:
        if self._post.carrier is not None and self._post.carrier.doubt_is_harmless:
            return self._put_off(row, reason_code, text)
        if self._post.arrived is None:
            return Outcome("in_doubt", reason_code, text)
        if self._post.arrived(row.message_id):
            return Outcome("sent")
        return self._put_off(row, reason_code, text)

    def _settle(self, row: Row[Any], outcome: Outcome) -> None:
        """Write down what became of a mail. It must not be forgotten, so a database that is away is waited
        for, beyond the stop as long as draining may take."""
        deadline: float | None = None
        while True:
            try:
                with self._post.database.transaction() as tx:
                    write_outcome(tx, row, outcome)
            except DBAPIError:
                if self._stop.is_set():
                    deadline = deadline or time.monotonic() + self._post.drain_s
                    if time.monotonic() > deadline:
                        raise
                time.sleep(0.2)
            else:
                break
        self._tell(row, outcome)

    def _tell(self, row: Row[Any], outcome: Outcome) -> None:
        if outcome.state == "sent":
            if row.kind != "test":
                (MAILS_SENT if row.channel == "mail" else WEBHOOKS_CALLED).inc()
            self._log.info("message sent", mail_id=str(row.id), kind=row.kind, channel=row.channel)
            return
        MAIL_FAILURES.labels(outcome.reason_code).inc()
        self._log.warning(
            "message not sent",
            channel=row.channel,
            mail_id=str(row.id),
            attempt=row.attempts,
            state=outcome.state,
            reason_code=outcome.reason_code,
            reason=outcome.text,
        )


UNFINISHED = ("gathered", "queued", "sending", "handing_over", "in_doubt", "bounced", "failed")
"""The states of messages that are not done with."""


def count_mails(database: Database) -> None:
    """Set the gauge of messages that are not done with."""
    with database.reading() as connection:
        found = connection.execute(
            sa.select(mail.c.state, sa.func.count().label("number"))
            .where(mail.c.state.in_(UNFINISHED))
            .group_by(mail.c.state)
        )
        counted = {row.state: row.number for row in found}
    for state in UNFINISHED:
        MAILS.labels(state).set(counted.get(state, 0))
