"""Runs a handler for a delivery: inbox, handler, outbox, one commit."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert

from dosebus.bus.consumers import Consumer
from dosebus.bus.fault import describe, is_outage
from dosebus.bus.message import Delivery, Done, Message, Outcome, Park, Reject, Retry
from dosebus.events.envelope import Envelope
from dosebus.events.registry import UnknownTopicError
from dosebus.store.engine import Database
from dosebus.store.mailbox import inbox_table
from dosebus.store.prepared import Prepared
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus.telemetry.metrics import HANDLED, HANDLING_SECONDS

OUTAGE_PAUSE = 5.0
"""Seconds until a message is tried again that met a database outage."""


class Handling:
    """Turns deliveries of one queue into calls of its handler."""

    def __init__(self, consumer: Consumer, database: Database, offered: Mapping[str, Any]) -> None:
        self._consumer = consumer
        self._database = database
        inbox = inbox_table(database.schema)
        enter = insert(inbox).on_conflict_do_nothing().returning(inbox.c.message_id)
        self._enter = Prepared(enter, columns=("message_id", "queue"))
        self._offered = {name: offered[name] for name in consumer.parameters if name in offered}
        self._log = structlog.get_logger("dosebus.bus").bind(queue=consumer.name)

    def __call__(self, delivery: Delivery) -> Outcome:
        """Handle one delivery; never raises for what the handler does."""
        started = time.perf_counter()
        outcome = self._outcome(delivery)
        HANDLING_SECONDS.labels(self._consumer.name).observe(time.perf_counter() - started)
        HANDLED.labels(self._consumer.name, type(outcome).__name__.lower()).inc()
        return outcome

    def _outcome(self, delivery: Delivery) -> Outcome:
        try:
            envelope = Envelope.parse(delivery.body)
        except ValidationError as error:
            return self._parked(delivery, Park("unreadable_envelope", describe(error)))
        with (
            traces.continued(envelope.traceparent),
            traces.span(
                f"handle {self._consumer.name}",
                kind=SpanKind.CONSUMER,
                **{"messaging.message.id": envelope.id, "messaging.destination.name": envelope.type},
            ),
        ):
            try:
                self._handle(envelope, delivery)
            except Reject as rejection:
                return self._parked(delivery, Park(rejection.reason_code, rejection.text))
            except (UnknownTopicError, ValidationError) as error:
                return self._parked(delivery, Park("unreadable_event", describe(error)))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is retried, then parked
                return self._failed(delivery, error)
        return Done()

    def _handle(self, envelope: Envelope, delivery: Delivery) -> None:
        event = envelope.event()
        message = Message(
            envelope.id, envelope.type, envelope.time, delivery.attempt, traces.current_traceparent()
        )
        with self._database.transaction() as tx:
            if not self._is_new(tx, envelope.id):
                return
            given = {"event": event, "tx": tx, "message": message, **self._offered}
            self._consumer.handler(**{name: given[name] for name in self._consumer.parameters})

    def _is_new(self, tx: Transaction, message_id: str) -> bool:
        return bool(tx.run(self._enter, message_id=UUID(message_id), queue=self._consumer.name))

    def _failed(self, delivery: Delivery, error: Exception) -> Outcome:
        if is_outage(error):
            self._log.warning("database away", message_id=delivery.id, error=describe(error))
            return Retry(OUTAGE_PAUSE, counted=False)
        retry = self._consumer.queue.retry
        if delivery.attempt > len(retry):
            return self._parked(delivery, Park("handler_failed", describe(error)), exc_info=error)
        seconds = retry[delivery.attempt - 1]
        self._log.warning(
            "handler failed",
            message_id=delivery.id,
            attempt=delivery.attempt,
            retry_seconds=seconds,
            error=describe(error),
            exc_info=error,
        )
        return Retry(seconds)

    def _parked(self, delivery: Delivery, park: Park, exc_info: Exception | None = None) -> Park:
        self._log.error(
            "parked",
            message_id=delivery.id,
            topic=delivery.topic,
            attempt=delivery.attempt,
            reason_code=park.reason_code,
            reason=park.reason,
            exc_info=exc_info,
        )
        return park
