"""Target 4: publishing and consuming through our bus against bare aio-pika at the same number in flight.

Both sides use a quorum queue, persistent messages of 1 KB and publisher confirms, on one broker of their own.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import aio_pika
import structlog

from dosebus.bus.amqp import AmqpBus
from dosebus.bus.message import Delivery, Done, Outcome, Outgoing, Queue
from tests.fixtures.rabbit import RabbitNode
from tests.load.measurement import Measurement, typical_pair

MESSAGES = 1_500
IN_FLIGHT = 100
PREFETCH = 16
ROUNDS = 8
BODY = b"x" * 1024
TOPIC = "bench.object.v1"
QUEUE = Queue("bench", "take", (TOPIC,))
BARE = "bare"
SECONDS = 60.0


class Ours:
    """DoseBus's side: blocking calls, a confirm for every message, a handler on a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._bus = AmqpBus(url, name="bench")
        self._bus.declare([QUEUE])

    def publish(self) -> float:
        """Messages a second, in batches as the relay sends them."""
        letters = [Outgoing(str(uuid4()), TOPIC, BODY, mandatory=True) for _ in range(MESSAGES)]
        began = time.perf_counter()
        for start in range(0, MESSAGES, IN_FLIGHT):
            self._bus.publish(letters[start : start + IN_FLIGHT])
        return MESSAGES / (time.perf_counter() - began)

    def consume(self) -> float:
        """Messages a second until the queue that `publish` filled is empty."""
        taken, finished = 0, threading.Event()

        def take(delivery: Delivery) -> Outcome:
            nonlocal taken
            taken += len(delivery.body) == len(BODY)
            if taken == MESSAGES:
                finished.set()
            return Done()

        bus = AmqpBus(self._url, name="bench consumer")
        bus.declare([QUEUE])
        began = time.perf_counter()
        bus.consume(QUEUE, take, workers=1, prefetch=PREFETCH)
        if not finished.wait(SECONDS):
            raise TimeoutError(f"only {taken} of {MESSAGES} messages came")
        seconds = time.perf_counter() - began
        bus.drain(SECONDS)
        bus.close()
        return MESSAGES / seconds

    def close(self) -> None:
        """Close the connection."""
        self._bus.close()


class Bare:
    """aio-pika as it comes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def publish(self) -> float:
        """Messages a second."""
        return asyncio.run(self._publish())

    def consume(self) -> float:
        """Messages a second until the queue that `publish` filled is empty."""
        return asyncio.run(asyncio.wait_for(self._consume(), SECONDS))

    async def _publish(self) -> float:
        connection = await aio_pika.connect(self._url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.declare_exchange(BARE, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await channel.declare_queue(BARE, durable=True, arguments={"x-queue-type": "quorum"})
            await queue.bind(exchange, TOPIC)
            began = time.perf_counter()
            for _ in range(0, MESSAGES, IN_FLIGHT):
                await asyncio.gather(
                    *(exchange.publish(_message(), TOPIC, mandatory=True) for _ in range(IN_FLIGHT))
                )
            return MESSAGES / (time.perf_counter() - began)

    async def _consume(self) -> float:
        connection = await aio_pika.connect(self._url)
        async with connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=PREFETCH)
            queue = await channel.get_queue(BARE, ensure=False)
            taken, finished = 0, asyncio.Event()

            async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
                nonlocal taken
                await message.ack()
                taken += len(message.body) == len(BODY)
                if taken == MESSAGES:
                    finished.set()

            began = time.perf_counter()
            tag = await queue.consume(take)
            await finished.wait()
            seconds = time.perf_counter() - began
            await queue.cancel(tag)
            return MESSAGES / seconds


def _message() -> aio_pika.Message:
    return aio_pika.Message(
        BODY, message_id=str(uuid4()), type=TOPIC, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
    )


def measure() -> Iterator[Measurement]:
    """Publishing, then consuming; the sides take turns, so that the machine's moods fall on both."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        node = RabbitNode(Path(folder) / "rabbit", unused_vhosts=["bench"])
        node.start()
        try:
            yield from _measure(node.fresh_vhost())
        finally:
            node.stop()


def _both(mine: Callable[[], float], other: Callable[[], float], mine_first: bool) -> tuple[float, float]:
    if mine_first:
        return mine(), other()
    others = other()
    return mine(), others


def _measure(url: str) -> Iterator[Measurement]:
    ours, bare = Ours(url), Bare(url)
    published: list[tuple[float, float]] = []
    consumed: list[tuple[float, float]] = []
    for turn in range(ROUNDS + 1):
        # What the first leaves behind on the broker burdens the second, so they change places.
        ours_first = turn % 2 == 0
        rates = _both(ours.publish, bare.publish, ours_first), _both(ours.consume, bare.consume, ours_first)
        if turn:
            published.append(rates[0])
            consumed.append(rates[1])
    ours.close()
    for what, pairs in (
        (f"publish 1 KB persistent, confirmed, {IN_FLIGHT} in flight", published),
        (f"consume 1 KB and acknowledge, prefetch {PREFETCH}", consumed),
    ):
        mine, other = typical_pair(pairs)
        yield Measurement("4", what, mine, other, "bare aio-pika", "messages/s", 0.8, at_most=False)
