"""How DoseBus's messages look on RabbitMQ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from dosebus.bus.message import DeadLetter, Delivery

ATTEMPT, QUEUE, REASON_CODE, REASON, PARKED_AT = (
    "x-dosebus-attempt",
    "x-dosebus-queue",
    "x-dosebus-reason-code",
    "x-dosebus-reason",
    "x-dosebus-parked-at",
)


def letter(
    body: bytes,
    message_id: str,
    topic: str,
    *,
    attempt: int = 1,
    queue: str = "",
    reason_code: str = "",
    reason: str = "",
) -> aio_pika.Message:
    """A persistent message; the headers say what DoseBus must know of it besides its body."""
    headers: dict[str, Any] = {ATTEMPT: attempt}
    if queue:
        parked = {
            QUEUE: queue,
            REASON_CODE: reason_code,
            REASON: reason,
            PARKED_AT: datetime.now(UTC).isoformat(),
        }
        headers |= parked
    return aio_pika.Message(
        body,
        headers=headers,
        message_id=message_id,
        type=topic,
        content_type="application/cloudevents+json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


def delivery_of(message: AbstractIncomingMessage, queue: str) -> Delivery:
    """What the handler is given of a message."""
    attempt = message.headers.get(ATTEMPT, 1)
    return Delivery(
        message.message_id or "",
        message.type or message.routing_key or "",
        message.body,
        queue,
        int(str(attempt)),
    )


def dead_letter_of(message: AbstractIncomingMessage, service: str) -> DeadLetter:
    """A parked message; one that the broker put aside bears no reason of ours."""
    headers = message.headers
    parked_at = headers.get(PARKED_AT)
    return DeadLetter(
        message_id=message.message_id or "",
        service=service,
        queue=str(headers.get(QUEUE) or headers.get("x-first-death-queue") or ""),
        topic=message.type or "",
        attempt=int(str(headers.get(ATTEMPT, 1))),
        reason_code=str(headers.get(REASON_CODE) or "given_up_by_broker"),
        reason=str(headers.get(REASON) or ""),
        parked_at=datetime.fromisoformat(str(parked_at)) if parked_at else datetime.now(UTC),
        body=message.body,
    )
