"""How DoseBus lays out RabbitMQ: names and arguments of exchange and queues.

Every queue is a durable quorum queue. What a handler wants again later waits in a queue with a time to live that
gives it back to the handler's queue; what is put aside lies in `dead.<service>`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from dosebus.bus.message import Queue

EXCHANGE = "dosebus.events"
OUTAGE_DELAY = 5.0
"""Seconds for which a message waits that met an outage of the database."""
MANY = 1_000_000
"""A delivery limit that is never reached: what fails is parked by us, not dropped by the broker."""

Arguments = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class QueueLayout:
    """A queue to declare; `topics` are bound to it."""

    name: str
    arguments: Arguments
    topics: tuple[str, ...] = ()


def work_queue(queue: Queue) -> QueueLayout:
    """The handler's own queue; should the broker ever give a message up, it goes to the dead letters."""
    arguments: Arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": MANY,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_name(queue.service),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return QueueLayout(queue.name, arguments, queue.topics)


def dead_name(service: str) -> str:
    """The queue of a service's dead letters."""
    return f"dead.{service}"


def dead_queue(service: str) -> QueueLayout:
    """Where parked messages lie until a person decides."""
    return QueueLayout(dead_name(service), {"x-queue-type": "quorum", "x-delivery-limit": MANY})


def delays_of(queue: Queue) -> list[float]:
    """The delays, in seconds, that a queue's messages may have to wait, shortest first."""
    return sorted({*map(float, queue.retry), OUTAGE_DELAY})


def delay_name(queue: str, seconds: float) -> str:
    """The queue in which messages wait for so long."""
    return f"{queue}.retry.{round(seconds * 1000)}ms"


def delay_queue(queue: str, seconds: float) -> QueueLayout:
    """A queue that gives every message back to `queue` when its time has come."""
    arguments: Arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": round(seconds * 1000),
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    return QueueLayout(delay_name(queue, seconds), arguments)


def fitting_delay(delays: list[float], seconds: float) -> float:
    """The shortest declared delay that is at least `seconds`, else the longest."""
    place = bisect_left(delays, seconds)
    return delays[min(place, len(delays) - 1)]


def layout_of(queue: Queue) -> list[QueueLayout]:
    """All queues that a handler's queue needs."""
    waiting = [delay_queue(queue.name, seconds) for seconds in delays_of(queue)]
    return [dead_queue(queue.service), work_queue(queue), *waiting]
