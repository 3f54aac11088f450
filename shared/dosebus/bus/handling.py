"""Runs a handler for a delivery, or for several: inbox, handler, outbox, one commit."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from dosebus.bus.consumers import Consumer
from dosebus.bus.fault import describe, is_outage
from dosebus.bus.message import Delivery, Done, Message, Outcome, Park, Reject, Retry
from dosebus.events.base import Event
from dosebus.events.envelope import Envelope
from dosebus.events.registry import UnknownTopicError
from dosebus.store.engine import Database
from dosebus.store.mailbox import enter_messages
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus.telemetry.metrics import HANDLED, HANDLING_SECONDS

OUTAGE_PAUSE = 5.0
"""Seconds until a message is tried again that met a database outage."""
ALONE = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that was read."""

    delivery: Delivery
    envelope: Envelope
    event: Event

    @classmethod
    def read(cls, delivery: Delivery) -> Self:
        """Read one. Raises UnknownTopicError, pydantic.ValidationError."""
        envelope = Envelope.parse(delivery.body)
        return cls(delivery, envelope, envelope.event())


class Handling:
    """Turns deliveries of one queue into calls of its handler."""

    def __init__(self, consumer: Consumer, database: Database, offered: Mapping[str, Any]) -> None:
        self._consumer = consumer
        self._database = database
        self._enter = enter_messages(database.schema)
        self._offered = {name: offered[name] for name in consumer.parameters if name in offered}
        self._log = structlog.get_logger("dosebus.bus").bind(queue=consumer.name)

    def __call__(self, delivery: Delivery) -> Outcome:
        """Handle one delivery; never raises for what the handler does."""
        started = time.perf_counter()
        outcome = self._outcome(delivery)
        self._count(outcome, time.perf_counter() - started)
        return outcome

    def together(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        """Handle the first delivery, in one transaction with those that follow as far as they may join it.

        What fails together is handled one by one, so that each has the outcome that it would have alone.
        """
        started = time.perf_counter()
        letters = self._joining(deliveries) if len(deliveries) > 1 else []
        if len(letters) <= ALONE:
            return [self(deliveries[0])]
        try:
            self._handle(letters)
        except Exception as error:  # noqa: BLE001 - whose fault it is shows when each is handled alone
            if is_outage(error):
                self._log.warning("database away", messages=len(letters), error=describe(error))
                return [Retry(OUTAGE_PAUSE, counted=False)] * len(letters)
            self._log.info("handled one by one", messages=len(letters), error=describe(error))
            return [self(letter.delivery) for letter in letters]
        each = (time.perf_counter() - started) / len(letters)
        for _ in letters:
            self._count(Done(), each)
        return [Done()] * len(letters)

    def _joining(self, deliveries: Sequence[Delivery]) -> list[Letter]:
        """The first deliveries that may share a transaction."""
        joins, letters = self._consumer.joins, []
        for delivery in deliveries:
            try:
                letter = Letter.read(delivery)
            except (UnknownTopicError, ValidationError):
                break
            if joins is not None and not joins(letter.event):
                break
            letters.append(letter)
        return letters

    def _count(self, outcome: Outcome, seconds: float) -> None:
        HANDLING_SECONDS.labels(self._consumer.name).observe(seconds)
        HANDLED.labels(self._consumer.name, type(outcome).__name__.lower()).inc()

    def _outcome(self, delivery: Delivery) -> Outcome:
        try:
            envelope = Envelope.parse(delivery.body)
        except ValidationError as error:
            return self._parked(delivery, Park("unreadable_envelope", describe(error)))
        with traces.continued(envelope.traceparent):
            try:
                self._handle([Letter(delivery, envelope, envelope.event())])
            except Reject as rejection:
                return self._parked(delivery, Park(rejection.reason_code, rejection.text))
            except (UnknownTopicError, ValidationError) as error:
                return self._parked(delivery, Park("unreadable_event", describe(error)))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is retried, then parked
                return self._failed(delivery, error)
        return Done()

    def _handle(self, letters: Sequence[Letter]) -> None:
        """Enter messages, handle those that are new, and commit."""
        with self._database.transaction(is_shared=len(letters) > 1) as tx:
            ids = [UUID(letter.envelope.id) for letter in letters]
            queues = [self._consumer.name] * len(ids)
            new = {message_id for (message_id,) in tx.run(self._enter, message_id=ids, queue=queues)}
            for message_id, letter in zip(ids, letters, strict=True):
                if message_id in new:
                    new.remove(message_id)
                    self._call(letter, tx)

    def _call(self, letter: Letter, tx: Transaction) -> None:
        envelope = letter.envelope
        with (
            traces.continued(envelope.traceparent),
            traces.span(
                f"handle {self._consumer.name}",
                kind=SpanKind.CONSUMER,
                **{"messaging.message.id": envelope.id, "messaging.destination.name": envelope.type},
            ),
        ):
            message = Message(
                envelope.id,
                envelope.type,
                envelope.time,
                letter.delivery.attempt,
                traces.current_traceparent(),
            )
            given = {"event": letter.event, "tx": tx, "message": message, **self._offered}
            self._consumer.handler(**{name: given[name] for name in self._consumer.parameters})

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
