"""Sends the mails that are due, one after the other, whatever fails in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
import structlog
from jinja2 import Environment, TemplateError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from dosebus.events.alerts import AlertMailFailed, AlertMailSent
from dosebus.store.engine import Database
from dosebus.store.tables.alerts import mail
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_alerts import audit, outbound
from dosebus_alerts.casebook import OPEN_STATES, with_state
from dosebus_alerts.courier import ClaimLostError, DeliveryError, InDoubtError, RefusedError, Server, carry
from dosebus_alerts.facts import alert_facts
from dosebus_alerts.letter import Delivery, compose, make_environment, sealed
from dosebus_alerts.retry import RetrySchedule

SEAT = 0x616C6D6C
"""Key of the advisory lock whose holder alone sends mail."""
MAILS_SENT = Counter("dosebus_alert_mails_sent_total", "Alert mails that a mail server has taken")
MAIL_FAILURES = Counter(
    "dosebus_alert_mail_failures_total", "Attempts to send a mail that failed", ["reason_code"]
)
MAILS = Gauge("dosebus_alert_mails", "Mails that are not done with, by state", ["state"])


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt, why, and when the next one is due."""

    state: Literal["queued", "sent", "failed", "in_doubt"]
    reason_code: str | None = None
    text: str | None = None
    due: datetime | None = None


@dataclass(frozen=True)
class Post:
    """What the sender needs: where mail goes, from whom, and how often to try.

    `arrived` asks the server whether it has a message; only the built-in sink can answer.
    """

    database: Database
    server: Server | None
    sender: str
    public_url: str
    schedule: RetrySchedule
    bell: threading.Event
    poll_s: float = 1.0
    drain_s: float = 20.0
    arrived: Callable[[str], bool] | None = None
    environment: Environment = field(default_factory=make_environment)


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
            seated = bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(SEAT))).scalar())
            self._seat = connection
            try:
                yield seated
            finally:
                if seated and not connection.invalidated:
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(SEAT)))

    def _send_while_seated(self) -> None:
        while not self._stop.is_set():
            self._post.bell.clear()
            if self._post.server is not None and self.send_next():
                continue
            self._seat.execute(sa.text("SELECT 1"))
            self._post.bell.wait(self._post.poll_s)

    def _recover(self) -> None:
        """Set right what a crash left half done."""
        with self._post.database.transaction() as tx:
            safe, doubtful = outbound.recover(tx)
        for mail_id in safe:
            self._log.info("mail queued again after a crash", mail_id=str(mail_id))
        for row in doubtful:
            self._settle(row, self._doubtful(row, "crash", "DoseBus stopped before the server had answered"))

    def send_next(self) -> bool:
        """Send the mail that is due longest; says whether there was one."""
        with self._post.database.transaction() as tx:
            row = outbound.claim(tx)
        if row is None:
            return False
        with (
            traces.continued(row.traceparent),
            traces.span("SMTP send", kind=SpanKind.CLIENT, **{"dosebus.mail_id": str(row.id)}) as span,
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
        """What becomes of a mail. Raises ClaimLostError when it is no longer ours."""
        server = self._post.server
        if server is None:
            return Outcome("queued", "no_mail_server", "no mail server is set")
        try:
            message = self._written(row)
            carry(server, self._post.sender, row.address, message, lambda: self._hand_over(row))
        except RefusedError as error:
            return Outcome("failed", error.reason_code, error.text)
        except DeliveryError as error:
            return self._put_off(row, error.reason_code, error.text)
        except InDoubtError as error:
            return self._doubtful(row, "no_answer", str(error))
        except (LookupError, TemplateError, ValueError) as error:
            return Outcome("failed", "cannot_be_written", type(error).__name__)
        return Outcome("sent")

    def _written(self, row: Row[Any]) -> bytes:
        facts: dict[str, Any] = {"public_url": self._post.public_url}
        if row.alert_id is not None:
            with self._post.database.reading() as connection:
                facts |= alert_facts(connection, row.alert_id, self._post.public_url)
        letter = compose(self._post.environment, row.kind, facts)
        delivery = Delivery(
            sender=self._post.sender,
            address=row.address,
            message_id=row.message_id,
            written_at=row.created_at,
            kind=row.kind,
            alert_id=None if row.alert_id is None else str(row.alert_id),
        )
        return sealed(letter, delivery)

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
            if row.alert_id is not None:
                MAILS_SENT.inc()
            self._log.info("mail sent", mail_id=str(row.id), kind=row.kind)
            return
        MAIL_FAILURES.labels(outcome.reason_code).inc()
        self._log.warning(
            "mail not sent",
            mail_id=str(row.id),
            attempt=row.attempts,
            state=outcome.state,
            reason_code=outcome.reason_code,
            reason=outcome.text,
        )


def write_outcome(tx: Transaction, row: Row[Any], outcome: Outcome) -> None:
    """The mail's new state, and what follows for its alert: state, event, audit."""
    now = datetime.now(UTC)
    values: dict[str, object] = {"reason_code": outcome.reason_code, "last_error": outcome.text}
    if outcome.state == "sent":
        values["sent_at"] = now
    elif outcome.state == "queued":
        values["next_attempt_at"] = outcome.due or now
    if not outbound.finish(tx, row.id, row.claim, outcome.state, **values) or row.alert_id is None:
        return
    if outcome.state == "sent":
        tx.publish(AlertMailSent(alert_id=row.alert_id, mail_id=row.id))
    else:
        tx.publish(
            AlertMailFailed(
                alert_id=row.alert_id,
                mail_id=row.id,
                reason_code=outcome.reason_code or outcome.state,
                attempt=row.attempts,
                final=outcome.state != "queued",
            )
        )
    if outcome.state == "queued":
        return
    settle_alert(tx, row.alert_id)
    details = {"mail_id": str(row.id), "recipient_id": row.recipient_id, "reason_code": outcome.reason_code}
    audit.append(tx, [audit.Entry(f"mail_{outcome.state}", row.alert_id, details)])


def settle_alert(tx: Transaction, alert_id: UUID) -> None:
    """Let the state of an alert follow from those of its mails, as long as no person has dealt with it."""
    states = outbound.states_of(tx, alert_id)
    if states & {"queued", "sending", "handing_over"}:
        return
    after = "failed" if states & {"failed", "in_doubt"} else "sent"
    with_state(tx, alert_id, OPEN_STATES, after)


def count_mails(database: Database) -> None:
    """Set the gauge of mails that are not done with."""
    with database.reading() as connection:
        found: dict[str, int] = dict(
            connection.execute(
                sa.select(mail.c.state, sa.func.count())
                .where(mail.c.state.in_(("queued", "sending", "handing_over", "in_doubt", "failed")))
                .group_by(mail.c.state)
            )
            .tuples()
            .all()
        )
    for state in ("queued", "sending", "handing_over", "in_doubt", "failed"):
        MAILS.labels(state).set(found.get(state, 0))
