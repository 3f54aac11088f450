"""A bus in the memory of one process, for unit tests. Nothing survives it."""

import heapq
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from dosebus.bus.bus import Deliver, DeliverTogether, one_by_one
from dosebus.bus.message import (
    DeadLetter,
    Delivery,
    Done,
    Outcome,
    Outgoing,
    Park,
    PublishError,
    Queue,
    QueueDepth,
    Retry,
)


@dataclass
class Waiting:
    """A queue's deliveries, ordered by the time they may be taken."""

    queue: Queue
    heap: list[tuple[float, int, Delivery]] = field(default_factory=list)
    consumers: int = 0


class MemoryBus:
    """Queues as heaps under one condition."""

    def __init__(self) -> None:
        self._queues: dict[str, Waiting] = {}
        self._dead: dict[str, list[DeadLetter]] = defaultdict(list)
        self._changed = threading.Condition()
        self._serial = itertools.count()
        self._busy = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def declare(self, queues: Sequence[Queue]) -> None:
        """Make queues."""
        with self._changed:
            for queue in queues:
                if queue.name in self._queues:
                    self._queues[queue.name].queue = queue
                else:
                    self._queues[queue.name] = Waiting(queue)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Put messages into every queue of their topic."""
        unsent = set()
        with self._changed:
            for message in messages:
                takers = [
                    waiting for waiting in self._queues.values() if message.topic in waiting.queue.topics
                ]
                if message.mandatory and not takers:
                    unsent.add(message.id)
                for waiting in takers:
                    name = waiting.queue.name
                    self._put(Delivery(message.id, message.topic, message.body, name, 1), 0)
            self._changed.notify_all()
        if unsent:
            raise PublishError(frozenset(unsent), "no queue takes the topic")

    def _put(self, delivery: Delivery, seconds: float) -> None:
        entry = (time.monotonic() + seconds, next(self._serial), delivery)
        heapq.heappush(self._queues[delivery.queue].heap, entry)

    def consume(self, queue: Queue, deliver: Deliver, workers: int = 1, prefetch: int | None = None) -> None:
        """Start threads that take from a queue one by one."""
        self.consume_together(queue, one_by_one(deliver), 1, workers, prefetch)

    def consume_together(
        self,
        queue: Queue,
        deliver: DeliverTogether,
        most: int,
        workers: int = 1,
        prefetch: int | None = None,  # noqa: ARG002 - nothing is fetched ahead
    ) -> None:
        """Start threads that take up to `most` messages of a queue at once."""
        for number in range(workers):
            thread = threading.Thread(
                target=self._work,
                args=(queue.name, deliver, most),
                name=f"{queue.name} {number}",
                daemon=True,
            )
            with self._changed:
                self._queues[queue.name].consumers += 1
            self._threads.append(thread)
            thread.start()

    def _work(self, name: str, deliver: DeliverTogether, most: int) -> None:
        while deliveries := self._take(name, most):
            outcomes = deliver(deliveries)
            with self._changed:
                for delivery, outcome in zip(deliveries, outcomes, strict=False):
                    self._settle(delivery, outcome)
                for delivery in deliveries[len(outcomes) :]:
                    self._put(delivery, 0)
                self._busy -= len(deliveries)
                self._changed.notify_all()

    def _take(self, name: str, most: int) -> list[Delivery]:
        """Up to `most` messages that are due, once there is one; none when the bus stops."""
        with self._changed:
            waiting = self._queues[name]
            while not self._stopping:
                taken: list[Delivery] = []
                while len(taken) < most and waiting.heap and waiting.heap[0][0] <= time.monotonic():
                    taken.append(heapq.heappop(waiting.heap)[2])
                if taken:
                    self._busy += len(taken)
                    return taken
                pause = waiting.heap[0][0] - time.monotonic() if waiting.heap else None
                self._changed.wait(pause)
            waiting.consumers -= 1
            return []

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        match outcome:
            case Done():
                pass
            case Retry(seconds, counted):
                self._put(replace(delivery, attempt=delivery.attempt + counted), seconds)
            case Park(reason_code, reason):
                service = delivery.queue.partition(".")[0]
                letter = DeadLetter(
                    message_id=delivery.id,
                    service=service,
                    queue=delivery.queue,
                    topic=delivery.topic,
                    attempt=delivery.attempt,
                    reason_code=reason_code,
                    reason=reason,
                    parked_at=datetime.now(UTC),
                    body=delivery.body,
                )
                self._dead[service].append(letter)

    def drain(self, seconds: float) -> bool:
        """Stop taking and wait for what is in hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._busy == 0, timeout=seconds)

    def depths(self) -> list[QueueDepth]:
        """Every queue, and the dead letters of every service."""
        now = time.monotonic()
        with self._changed:
            depths = [
                QueueDepth(
                    name,
                    waiting.queue.service,
                    ready=sum(due <= now for due, _, _ in waiting.heap),
                    delayed=sum(due > now for due, _, _ in waiting.heap),
                    consumers=waiting.consumers,
                )
                for name, waiting in self._queues.items()
            ]
            services = {waiting.queue.service for waiting in self._queues.values()}
            return depths + [
                QueueDepth(f"dead.{service}", service, ready=len(self._dead[service]), dead=True)
                for service in sorted(services)
            ]

    def dead_letters(self, service: str, limit: int = 100) -> list[DeadLetter]:
        """The oldest parked messages."""
        with self._changed:
            return self._dead[service][:limit]

    def replay(self, service: str, message_id: str) -> bool:
        """Put a parked message into its queue again."""
        with self._changed:
            letter = self._take_dead(service, message_id)
            if letter is None:
                return False
            self._put(Delivery(letter.message_id, letter.topic, letter.body, letter.queue, 1), 0)
            self._changed.notify_all()
            return True

    def discard(self, service: str, message_id: str) -> bool:
        """Delete a parked message."""
        with self._changed:
            return self._take_dead(service, message_id) is not None

    def _take_dead(self, service: str, message_id: str) -> DeadLetter | None:
        for letter in self._dead[service]:
            if letter.message_id == message_id:
                self._dead[service].remove(letter)
                return letter
        return None

    def healthy(self) -> bool:
        """Whether every consumer thread runs."""
        return self._stopping or all(thread.is_alive() for thread in self._threads)

    def broken(self) -> bool:
        """Whether a consumer thread has died."""
        return not self.healthy()

    def close(self) -> None:
        """Stop the threads."""
        self.drain(0)
        for thread in self._threads:
            thread.join(timeout=1)
