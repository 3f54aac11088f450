"""The bus on RabbitMQ (aio-pika): one event loop in one thread of its own, blocking methods around it.

The connection is our own to supervise: when it is lost, a new one is made with channels, queues and consumers anew.
(A robust connection of the library can come back without its consumers.) A consumer that is missing although the
broker is reached makes `broken()` true, and the process ends to be started again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
)
from aio_pika.exceptions import DeliveryError
from aiormq.channel import Channel as PlainChannel

from dosebus.bus.amqp_consuming import LOST, Consumption
from dosebus.bus.amqp_letters import properties
from dosebus.bus.amqp_looking import count, dead_letters_of, depths_of, take_dead
from dosebus.bus.amqp_topology import (
    EXCHANGE,
    QueueLayout,
    layout_of,
)
from dosebus.bus.bus import Deliver, DeliverTogether, one_by_one
from dosebus.bus.fault import describe
from dosebus.bus.message import (
    BusUnavailableError,
    DeadLetter,
    Outgoing,
    PublishError,
    Queue,
    QueueDepth,
)
from dosebus.telemetry.metrics import CONSUMER_THREADS

PREFETCH = 16
HEARTBEAT_SECONDS = 20
CONNECT_SECONDS = 10.0
CONFIRM_SECONDS = 30.0
CALL_SECONDS = 40.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
LOOK_SECONDS = 10.0
MISSING_SECONDS = 60.0
Answer = TypeVar("Answer")


class AmqpBus:
    """Topics and quorum queues on a broker."""

    def __init__(self, url: str, *, name: str = "dosebus") -> None:
        self._url = url
        self._name = name
        self._queues: dict[str, Queue] = {}
        self._consumers: list[Consumption] = []
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._missing_since: float | None = None
        self._draining = False
        self._stopping = False
        self._log = structlog.get_logger("dosebus.bus")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="amqp", daemon=True)
        self._thread.start()
        self._connected = self._call(self._make_event())
        self._supervisor = asyncio.run_coroutine_threadsafe(self._supervise(), self._loop)

    async def _make_event(self) -> asyncio.Event:
        return asyncio.Event()

    def _call(self, coroutine: Coroutine[Any, Any, Answer], seconds: float = CALL_SECONDS) -> Answer:
        """Run a coroutine on the bus's loop and wait for it. Raises BusUnavailableError."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(seconds)
        except FutureTimeoutError as error:
            future.cancel()
            raise BusUnavailableError("the broker does not answer in time") from error
        except LOST as error:
            raise BusUnavailableError(describe(error)) from error

    # the connection

    async def _supervise(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            try:
                await self._connect()
                pause = FIRST_PAUSE
                await self._watch()
            except LOST as error:
                self._log.warning("broker away", error=describe(error), retry_seconds=pause)
            finally:
                await self._disconnect()
            if not self._stopping:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _connect(self) -> None:
        self._connection = await aio_pika.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties={"connection_name": self._name},
        )
        self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        self._exchange = await self._channel.declare_exchange(
            EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True
        )
        for queue in self._queues.values():
            await self._declare(queue)
        for consumer in self._consumers:
            await self._consume(consumer)
        self._missing_since = None
        self._connected.set()
        self._log.info("connected to the broker")

    async def _watch(self) -> None:
        """Return or raise when the connection is of no use any more; look now and then whether consumers are there."""
        connection = self._connection
        if connection is None:
            return
        # `connection.closed()` waits for a close of our own; only this callback tells that the broker is gone.
        lost = asyncio.Event()
        connection.close_callbacks.add(lambda *_: lost.set())
        while not connection.is_closed and connection.connected.is_set() and not self._stopping:
            try:
                await asyncio.wait_for(lost.wait(), LOOK_SECONDS)
            except TimeoutError:
                if not self._draining:
                    await self._look_for_consumers()
            else:
                if not self._stopping:
                    self._log.warning("the connection to the broker was lost")
                return

    async def _look_for_consumers(self) -> None:
        missing = False
        for consumer in self._consumers:
            depth = await count(self._own_channel, consumer.queue.name)
            CONSUMER_THREADS.labels(consumer.queue.name).set(depth[1])
            missing = missing or depth[1] == 0 or not consumer.is_attached()
        if not missing:
            self._missing_since = None
        elif self._missing_since is None:
            self._missing_since = time.monotonic()
        else:
            raise ConnectionError("a consumer is missing although the broker is reached")

    async def _disconnect(self) -> None:
        self._connected.clear()
        connection, self._connection, self._channel, self._exchange = self._connection, None, None, None
        if connection is not None and not connection.is_closed:
            try:
                await asyncio.wait_for(connection.close(), CONNECT_SECONDS)
            except LOST as error:
                self._log.debug("connection did not close in good order", error=describe(error))

    @asynccontextmanager
    async def _own_channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel for one errand; what it holds unacknowledged goes back when it closes."""
        await asyncio.wait_for(self._connected.wait(), CONNECT_SECONDS)
        if self._connection is None:
            raise ConnectionError("not connected")
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            yield channel
        finally:
            if not channel.is_closed:
                await channel.close()

    # topology

    def declare(self, queues: Sequence[Queue]) -> None:
        """Make queues and bindings; bindings of topics that a queue does not want any more are left to the operator.

        While the broker is away the queues are noted, and made when it is back.
        """
        for queue in queues:
            self._queues[queue.name] = queue
        self._call(self._declare_all(list(queues)))

    async def _declare_all(self, queues: list[Queue]) -> None:
        try:
            await asyncio.wait_for(self._connected.wait(), CONNECT_SECONDS)
        except TimeoutError:
            self._log.warning("broker away, queues will be declared when it is back")
            return
        for queue in queues:
            await self._declare(queue)

    async def _declare(self, queue: Queue) -> None:
        if self._channel is None or self._exchange is None:
            raise ConnectionError("not connected")
        for layout in layout_of(queue):
            await self._declare_layout(self._channel, self._exchange, layout)

    @staticmethod
    async def _declare_layout(
        channel: AbstractChannel, exchange: AbstractExchange, layout: QueueLayout
    ) -> None:
        declared = await channel.declare_queue(layout.name, durable=True, arguments=dict(layout.arguments))
        for topic in layout.topics:
            await declared.bind(exchange, topic)

    # publishing

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Send all at once and wait for every confirm."""
        unsent = self._call(self._publish_all(messages))
        if unsent:
            raise PublishError(frozenset(unsent), "no queue takes the topic, or the broker refused it")

    async def _publish_all(self, messages: Sequence[Outgoing]) -> set[str]:
        await asyncio.wait_for(self._connected.wait(), CONNECT_SECONDS)
        if self._channel is None:
            raise ConnectionError("not connected")
        plain = cast("PlainChannel", await self._channel.get_underlay_channel())
        # The channel below aio-pika's: all frames are written at once, none waits for the one before to drain.
        sending = [
            plain.basic_publish(
                message.body,
                exchange=EXCHANGE,
                routing_key=message.topic,
                properties=properties(message.id, message.topic),
                mandatory=message.mandatory,
                wait=False,
            )
            for message in messages
        ]
        answers = await asyncio.wait_for(asyncio.gather(*sending, return_exceptions=True), CONFIRM_SECONDS)
        unsent = set()
        for message, answer in zip(messages, answers, strict=True):
            if isinstance(answer, DeliveryError):
                unsent.add(message.id)
            elif isinstance(answer, BaseException):
                raise answer
        return unsent

    # consuming

    def consume(self, queue: Queue, deliver: Deliver, workers: int = 1, prefetch: int | None = None) -> None:
        """Handle a queue's messages on `workers` threads; the first connection, or the next, brings them."""
        self.consume_together(queue, one_by_one(deliver), 1, workers, prefetch)

    def consume_together(
        self, queue: Queue, deliver: DeliverTogether, most: int, workers: int = 1, prefetch: int | None = None
    ) -> None:
        """Handle up to `most` of a queue's messages at once on each of `workers` threads."""
        ahead = prefetch or max(PREFETCH, 2 * workers * most)
        self._call(
            self._add_consumer(
                Consumption(self._loop, queue, deliver, most=most, workers=workers, prefetch=ahead)
            )
        )

    async def _add_consumer(self, consumption: Consumption) -> None:
        self._queues.setdefault(consumption.queue.name, consumption.queue)
        self._consumers.append(consumption)
        if self._connected.is_set():
            await self._consume(consumption)

    async def _consume(self, consumption: Consumption) -> None:
        if self._connection is None:
            raise ConnectionError("not connected")
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        await consumption.attach(channel)
        CONSUMER_THREADS.labels(consumption.queue.name).set(1)

    def drain(self, seconds: float) -> bool:
        """Cancel the consumers and wait for what is in hand."""
        deadline = time.monotonic() + seconds
        self._draining = True
        try:
            self._call(self._cancel_all())
        except BusUnavailableError as error:
            self._log.debug("broker was away at the end", error=str(error))
        left = [
            consumption.wait_until_idle(max(0.0, deadline - time.monotonic()))
            for consumption in self._consumers
        ]
        return all(left)

    async def _cancel_all(self) -> None:
        for consumption in self._consumers:
            await consumption.cancel()

    # looking

    def depths(self) -> list[QueueDepth]:
        """The queues that this process declared, and the dead letters of their services."""
        return self._call(depths_of(self._own_channel, list(self._queues.values())))

    def dead_letters(self, service: str, limit: int = 100) -> list[DeadLetter]:
        """The oldest parked messages; they stay where they are."""
        return self._call(dead_letters_of(self._own_channel, service, limit))

    def replay(self, service: str, message_id: str) -> bool:
        """Send a parked message to its queue as a first attempt."""
        return self._call(take_dead(self._own_channel, service, message_id, replay=True))

    def discard(self, service: str, message_id: str) -> bool:
        """Delete a parked message."""
        return self._call(take_dead(self._own_channel, service, message_id, replay=False))

    def healthy(self) -> bool:
        """Whether the broker is reached and no consumer is missing."""
        return self._connected.is_set() and self._missing_since is None

    def broken(self) -> bool:
        """Whether the loop or its supervisor died, or a consumer has been missing for long."""
        if self._draining or self._stopping:
            return False
        if not self._thread.is_alive() or self._supervisor.done():
            return True
        if not all(consumption.threads_live() for consumption in self._consumers):
            return True
        return self._missing_since is not None and time.monotonic() - self._missing_since > MISSING_SECONDS

    def close(self) -> None:
        """Stop everything at once."""
        self._stopping = True
        try:
            self._call(self._disconnect(), CONNECT_SECONDS)
        except BusUnavailableError as error:
            self._log.debug("broker was away at the end", error=str(error))
        for consumption in self._consumers:
            consumption.stop()
        self._supervisor.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=CONNECT_SECONDS)
