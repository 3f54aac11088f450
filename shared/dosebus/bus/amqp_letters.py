"""How DoseBus's messages look on RabbitMQ."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic

from dosebus.bus.message import DeadLetter, Delivery

PERSISTENT = 2
"""AMQP 0-9-1 delivery mode."""
ATTEMPT, QUEUE, REASON_CODE, REASON, PARKED_AT = (
    "x-dosebus-attempt",
    "x-dosebus-queue",
    "x-dosebus-reason-code",
    "x-dosebus-reason",
    "x-dosebus-parked-at",
)


def properties(
    message_id: str,
    topic: str,
    *,
    attempt: int = 1,
    queue: str = "",
    reason_code: str = "",
    reason: str = "",
) -> Basic.Properties:
    """A persistent message's properties; headers say what DoseBus must know of it besides its body."""
    headers: dict[str, Any] = {}
    if attempt > 1:
        headers[ATTEMPT] = attempt
    if queue:
        headers[QUEUE] = queue
        headers[REASON_CODE] = reason_code
        headers[REASON] = reason
        headers[PARKED_AT] = datetime.now(UTC).isoformat()
    return Basic.Properties(
        message_id=message_id,
        message_type=topic,
        content_type="application/cloudevents+json",
        delivery_mode=PERSISTENT,
        headers=headers or None,
    )


def delivery_of(message: DeliveredMessage, queue: str) -> Delivery:
    """What the handler is given of a message."""
    header = message.header.properties
    attempt = (header.headers or {}).get(ATTEMPT, 1)
    return Delivery(
        header.message_id or "",
        header.message_type or message.routing_key or "",
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
