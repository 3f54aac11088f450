"""A queue's messages on their way from RabbitMQ to worker threads, and their settlement on the way back.

Messages are handed over by a plain queue and acknowledged in bunches: a future for every message would cost more
than the message itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import TypeAlias

import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPException
from aiormq.abc import AbstractChannel as PlainChannel
from aiormq.abc import DeliveredMessage

from dosebus.bus.amqp_letters import delivery_of, properties
from dosebus.bus.amqp_topology import dead_name, delay_name, delays_of, fitting_delay
from dosebus.bus.bus import DeliverTogether
from dosebus.bus.fault import describe
from dosebus.bus.message import Delivery, Done, Outcome, Park, Queue, Retry

LOST = (AMQPException, OSError, TimeoutError, RuntimeError)
"""What the library raises when the broker is away or a channel has closed under a call."""
Arrived: TypeAlias = tuple[PlainChannel, DeliveredMessage]


class Consumption:
    """A queue that this process consumes. The threads outlive connections; each message knows its channel."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        queue: Queue,
        deliver: DeliverTogether,
        *,
        most: int,
        workers: int,
        prefetch: int,
    ) -> None:
        self.queue = queue
        self.channel: AbstractChannel | None = None
        self._loop = loop
        self._deliver = deliver
        self._most = most
        self._prefetch = prefetch
        self._plain: PlainChannel | None = None
        self._tag: str | None = None
        self._arrived: SimpleQueue[Arrived | None] = SimpleQueue()
        self._handled: deque[tuple[PlainChannel, DeliveredMessage, Delivery, Outcome]] = deque()
        self._settling = False
        self._draining = False
        self._in_hand = 0
        self._idle = threading.Condition()
        self._log = structlog.get_logger("dosebus.bus").bind(queue=queue.name)
        self._threads = [
            threading.Thread(target=self._work, name=f"{queue.name} {number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def threads_live(self) -> bool:
        """Whether every worker is still there."""
        return all(thread.is_alive() for thread in self._threads)

    def is_attached(self) -> bool:
        """Whether the channel is open."""
        return self.channel is not None and not self.channel.is_closed

    # on the loop

    async def attach(self, channel: AbstractChannel) -> None:
        """Consume on a new connection's channel."""
        await channel.set_qos(prefetch_count=self._prefetch)
        plain = await channel.get_underlay_channel()

        async def take(message: DeliveredMessage) -> None:
            self._arrived.put((plain, message))

        answer = await plain.basic_consume(self.queue.name, take)
        self.channel, self._plain, self._tag = channel, plain, answer.consumer_tag

    async def cancel(self) -> None:
        """Take nothing more; what has not begun goes back to the broker when the channel closes."""
        self._draining = True
        if self._plain is not None and self._tag is not None and not self._plain.is_closed:
            try:
                await self._plain.basic_cancel(self._tag)
            except LOST as error:
                self._log.debug("consumer was gone already", error=describe(error))

    async def _settle_handled(self) -> None:
        self._settling = False
        while self._handled:
            channel, message, delivery, outcome = self._handled.popleft()
            try:
                await self._settle(channel, message, delivery, outcome)
            except LOST as error:
                # Without an acknowledgement the broker delivers it again; the inbox makes that harmless.
                self._log.warning("not settled, will come again", error=describe(error))
            with self._idle:
                self._in_hand -= 1
                self._idle.notify_all()

    async def _settle(
        self, channel: PlainChannel, message: DeliveredMessage, delivery: Delivery, outcome: Outcome
    ) -> None:
        """Do as the outcome says; a copy elsewhere is confirmed before the original is acknowledged."""
        match outcome:
            case Done():
                pass
            case Retry(seconds, counted):
                name = delay_name(self.queue.name, fitting_delay(delays_of(self.queue), seconds))
                again = properties(delivery.id, delivery.topic, attempt=delivery.attempt + int(counted))
                await channel.basic_publish(message.body, routing_key=name, properties=again, mandatory=True)
            case Park(reason_code, reason):
                parked = properties(
                    delivery.id, delivery.topic, attempt=delivery.attempt, queue=self.queue.name,
                    reason_code=reason_code, reason=reason,
                )  # fmt: skip
                name = dead_name(self.queue.service)
                await channel.basic_publish(message.body, routing_key=name, properties=parked, mandatory=True)
        await channel.basic_ack(message.delivery_tag or 0, wait=False)

    # on the worker threads

    def _work(self) -> None:
        waiting: list[Arrived] = []
        while self._fetch(waiting):
            waiting = [one for one in waiting if not (self._draining or one[0].is_closed)]
            if waiting:
                waiting = self._handle(waiting)

    def _fetch(self, waiting: list[Arrived]) -> bool:
        """Add what has arrived, and wait for a message where there is none; False at the end."""
        while len(waiting) < self._most:
            try:
                arrived = self._arrived.get(block=not waiting)
            except Empty:
                break
            if arrived is not None:
                waiting.append(arrived)
            elif waiting:
                self._arrived.put(None)
                break
            else:
                return False
        return True

    def _handle(self, waiting: list[Arrived]) -> list[Arrived]:
        """Deliver messages; gives those that were not taken yet."""
        with self._idle:
            self._in_hand += len(waiting)
        deliveries = [delivery_of(message, self.queue.name) for _, message in waiting]
        outcomes = self._deliver(deliveries)
        for (channel, message), delivery, outcome in zip(waiting, deliveries, outcomes, strict=False):
            self._handled.append((channel, message, delivery, outcome))
        left = waiting[len(outcomes) :]
        if left:
            with self._idle:
                self._in_hand -= len(left)
                self._idle.notify_all()
        if not self._settling:
            self._settling = True
            self._loop.call_soon_threadsafe(self._begin_settling)
        return left

    def _begin_settling(self) -> None:
        self._loop.create_task(self._settle_handled())

    # from outside

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether what was begun is settled in time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._in_hand == 0, timeout=seconds)

    def stop(self) -> None:
        """Let the workers end."""
        self._draining = True
        for _ in self._threads:
            self._arrived.put(None)
