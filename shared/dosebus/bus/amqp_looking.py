"""Errands on RabbitMQ that each take a channel of their own: counting, looking at dead letters, taking one out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelNotFoundEntity

from dosebus.bus.amqp_letters import dead_letter_of, properties
from dosebus.bus.amqp_topology import dead_name, delay_name, delays_of
from dosebus.bus.message import DeadLetter, Queue, QueueDepth

OpenChannel = Callable[[], AbstractAsyncContextManager[AbstractChannel]]
"""Gives a channel for one errand; what it holds unacknowledged goes back when it closes."""


async def count(open_channel: OpenChannel, queue: str) -> tuple[int, int]:
    """Messages ready and consumers of a queue; zeros where it does not exist."""
    try:
        async with open_channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            result = declared.declaration_result
            return result.message_count or 0, result.consumer_count or 0
    except ChannelNotFoundEntity:
        return 0, 0


async def depths_of(open_channel: OpenChannel, queues: Sequence[Queue]) -> list[QueueDepth]:
    """The depth of every queue, and the dead letters of their services."""
    depths = []
    for queue in queues:
        ready, consumers = await count(open_channel, queue.name)
        delayed = [
            (await count(open_channel, delay_name(queue.name, seconds)))[0] for seconds in delays_of(queue)
        ]
        depths.append(QueueDepth(queue.name, queue.service, ready, sum(delayed), consumers))
    for service in sorted({queue.service for queue in queues}):
        ready, _ = await count(open_channel, dead_name(service))
        depths.append(QueueDepth(dead_name(service), service, ready, dead=True))
    return depths


async def dead_letters_of(open_channel: OpenChannel, service: str, limit: int) -> list[DeadLetter]:
    """The oldest parked messages of a service; they stay where they are."""
    found: list[DeadLetter] = []
    with suppress(ChannelNotFoundEntity):  # a service without handlers has no dead letters
        async with open_channel() as channel:
            queue = await channel.get_queue(dead_name(service), ensure=False)
            while len(found) < limit:
                message = await queue.get(no_ack=False, fail=False)
                if message is None:
                    break
                found.append(dead_letter_of(message, service))
    return found


async def take_dead(open_channel: OpenChannel, service: str, message_id: str, *, replay: bool) -> bool:
    """Take a parked message out, and send it to its queue as a first attempt if `replay`; False where it is not."""
    if not await count(open_channel, dead_name(service)) > (0, 0):
        return False
    async with open_channel() as channel:
        queue = await channel.get_queue(dead_name(service), ensure=False)
        while (message := await queue.get(no_ack=False, fail=False)) is not None:
            if message.message_id != message_id:
                continue
            if replay:
                parked = dead_letter_of(message, service)
                plain = await channel.get_underlay_channel()
                again = properties(message_id, parked.topic)
                await plain.basic_publish(
                    message.body, routing_key=parked.queue, properties=again, mandatory=True
                )
            await message.ack()
            return True
    return False
