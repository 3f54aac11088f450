"""What every bus does, and which one a URL means."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dosebus.bus.message import DeadLetter, Delivery, Outcome, Outgoing, Queue, QueueDepth

Deliver = Callable[[Delivery], Outcome]
DeliverTogether = Callable[[Sequence[Delivery]], Sequence[Outcome]]
"""Takes one message or several, and says what becomes of the first of them, at least of one; the others come again."""


class Bus(Protocol):
    """Topics with durable queues. Every method may be called from any thread."""

    def declare(self, queues: Sequence[Queue]) -> None:
        """Make queues and their subscriptions; safe to repeat."""

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Send messages and block until they are durable in every queue that subscribes to their topic.

        Raises PublishError when some were not taken, BusUnavailableError when the bus is away.
        """

    def consume(self, queue: Queue, deliver: Deliver, workers: int = 1, prefetch: int | None = None) -> None:
        """Call `deliver` from `workers` threads for every message, and do as its outcome says."""

    def consume_together(
        self, queue: Queue, deliver: DeliverTogether, most: int, workers: int = 1, prefetch: int | None = None
    ) -> None:
        """As `consume`, but hand over up to `most` messages that wait, at once. Nothing waits for others to come."""

    def drain(self, seconds: float) -> bool:
        """Take no further messages and wait for those in hand; says whether all were finished in time."""

    def depths(self) -> list[QueueDepth]:
        """The queues this bus knows, dead letters among them."""

    def dead_letters(self, service: str, limit: int = 100) -> list[DeadLetter]:
        """The oldest parked messages of a service."""

    def replay(self, service: str, message_id: str) -> bool:
        """Send a parked message to its queue again, as a first attempt; False when there is none."""

    def discard(self, service: str, message_id: str) -> bool:
        """Delete a parked message; False when there is none."""

    def healthy(self) -> bool:
        """Whether the bus is reached and every consumer of this process is still there."""

    def broken(self) -> bool:
        """Whether a consumer of this process is gone for good, so that the process should be restarted."""

    def close(self) -> None:
        """Stop everything at once."""


def one_by_one(deliver: Deliver) -> DeliverTogether:
    """Takes only the first of several messages."""

    def take(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return [deliver(deliveries[0])]

    return take


def open_bus(url: str, *, database_url: str = "", role: str | None = None, name: str = "dosebus") -> Bus:
    """The bus of a URL: `memory:`, `local:` (rows in `database_url`, acting as `role`) or `amqp://...`.

    `name` is what the broker shows for the connection. Raises ValueError for another URL.
    """
    scheme = url.partition(":")[0]
    if scheme == "memory":
        from dosebus.bus.memory import MemoryBus

        return MemoryBus()
    if scheme == "local":
        from dosebus.bus.local import LocalBus

        return LocalBus(database_url, role=role, name=name)
    if scheme in ("amqp", "amqps"):
        from dosebus.bus.amqp import AmqpBus

        return AmqpBus(url, name=name)
    raise ValueError(f"bus URL must begin with memory:, local:, amqp:// or amqps://, not {scheme}:")
