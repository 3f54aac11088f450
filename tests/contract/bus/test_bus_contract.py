"""What every bus promises, whichever it is."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from uuid import uuid4

import pytest

from dosebus.bus.bus import Bus
from dosebus.bus.message import (
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

pytestmark = pytest.mark.services
SECONDS = 90.0


def name() -> str:
    return uuid4().hex[:8]


def letters(topic: str, count: int = 1, *, mandatory: bool = False) -> list[Outgoing]:
    return [Outgoing(str(uuid4()), topic, f"body {number}".encode(), mandatory) for number in range(count)]


class Taken:
    """A handler that notes what it was given and answers as it is told."""

    def __init__(self, answer: Callable[[Delivery], Outcome] = lambda _delivery: Done()) -> None:
        self.deliveries: list[Delivery] = []
        self._answer = answer
        self._changed = threading.Condition()

    def __call__(self, delivery: Delivery) -> Outcome:
        with self._changed:
            self.deliveries.append(delivery)
            self._changed.notify_all()
        return self._answer(delivery)

    def wait_for(self, count: int) -> list[Delivery]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.deliveries) >= count, SECONDS), self.deliveries
            return list(self.deliveries)


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def depth(bus: Bus, queue: str) -> QueueDepth:
    return next(entry for entry in bus.depths() if entry.queue == queue)


def test_a_message_reaches_the_queue_that_subscribes(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    queue, taken = Queue(f"s{name()}", "record", (topic,)), Taken()
    bus.declare([queue])
    bus.consume(queue, taken)
    (message,) = letters(topic)
    bus.publish([message])
    (delivery,) = taken.wait_for(1)
    assert delivery == Delivery(message.id, topic, message.body, queue.name, 1)


def test_each_service_gets_a_copy_and_other_topics_do_not_come(bus: Bus) -> None:
    topic, other = f"study.{name()}.v1", f"study.{name()}.v1"
    queues = [Queue(f"s{name()}", "record", (topic,)) for _ in range(2)]
    takers = [Taken(), Taken()]
    bus.declare(queues)
    for queue, taken in zip(queues, takers, strict=True):
        bus.consume(queue, taken)
    bus.publish(letters(other) + letters(topic, 3))
    for taken in takers:
        assert {delivery.topic for delivery in taken.wait_for(3)} == {topic}


def test_workers_of_a_queue_share_its_messages(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    queue, taken = Queue(f"s{name()}", "record", (topic,)), Taken()
    bus.declare([queue])
    bus.consume(queue, taken, workers=4)
    sent = letters(topic, 50)
    bus.publish(sent)
    counts = Counter(delivery.id for delivery in taken.wait_for(50))
    assert counts == Counter(message.id for message in sent)


def test_messages_wait_for_a_consumer_that_comes_later(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    queue, taken = Queue(f"s{name()}", "record", (topic,)), Taken()
    bus.declare([queue])
    bus.publish(letters(topic, 3))
    assert eventually(lambda: depth(bus, queue.name).ready == 3)
    bus.consume(queue, taken)
    taken.wait_for(3)
    assert eventually(lambda: depth(bus, queue.name).ready == 0)


def test_a_command_that_nobody_takes_is_told(bus: Bus) -> None:
    message = letters(f"nobody.{name()}.v1", mandatory=True)
    with pytest.raises(PublishError) as told:
        bus.publish(message)
    assert told.value.unsent == {message[0].id}


def test_a_fact_that_nobody_takes_is_gone(bus: Bus) -> None:
    bus.publish(letters(f"nobody.{name()}.v1"))
    assert bus.healthy()


def test_a_retry_comes_later_and_counts(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    moments: list[float] = []

    def answer(delivery: Delivery) -> Outcome:
        moments.append(time.monotonic())
        return Retry(0.5) if delivery.attempt < 3 else Done()

    queue, taken = Queue(f"s{name()}", "record", (topic,), (0.5, 0.5)), Taken(answer)
    bus.declare([queue])
    bus.consume(queue, taken)
    bus.publish(letters(topic))
    assert [delivery.attempt for delivery in taken.wait_for(3)] == [1, 2, 3]
    assert min(later - earlier for earlier, later in pairwise(moments)) >= 0.4


def test_an_uncounted_retry_is_no_attempt(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    answers: Iterator[Outcome] = iter((Retry(0.2, counted=False), Done()))
    queue, taken = Queue(f"s{name()}", "record", (topic,), (0.2,)), Taken(lambda _delivery: next(answers))
    bus.declare([queue])
    bus.consume(queue, taken)
    bus.publish(letters(topic))
    assert [delivery.attempt for delivery in taken.wait_for(2)] == [1, 1]


def test_a_parked_message_is_seen_and_replayed(bus: Bus) -> None:
    topic, service = f"study.{name()}.v1", f"s{name()}"
    answers: Iterator[Outcome] = iter((Park("no_study_uid", "the object names no study"), Done()))
    queue, taken = Queue(service, "record", (topic,)), Taken(lambda _delivery: next(answers))
    bus.declare([queue])
    bus.consume(queue, taken)
    (message,) = letters(topic)
    bus.publish([message])
    assert eventually(lambda: len(bus.dead_letters(service)) == 1)
    (dead,) = bus.dead_letters(service)
    assert (dead.message_id, dead.queue, dead.topic, dead.body) == (
        message.id,
        queue.name,
        topic,
        message.body,
    )
    assert (dead.reason_code, dead.reason, dead.attempt) == ("no_study_uid", "the object names no study", 1)
    assert eventually(lambda: depth(bus, f"dead.{service}").ready == 1)
    assert bus.replay(service, message.id)
    assert taken.wait_for(2)[1].attempt == 1
    assert eventually(lambda: bus.dead_letters(service) == [])


def test_a_parked_message_is_discarded_and_the_others_stay(bus: Bus) -> None:
    topic, service = f"study.{name()}.v1", f"s{name()}"
    queue, taken = Queue(service, "record", (topic,)), Taken(lambda _delivery: Park("bad", "bad"))
    bus.declare([queue])
    bus.consume(queue, taken)
    sent = letters(topic, 3)
    bus.publish(sent)
    assert eventually(lambda: len(bus.dead_letters(service)) == 3)
    # A broker takes a moment to put back what was only looked at.
    assert eventually(lambda: depth(bus, f"dead.{service}").ready == 3)
    assert bus.discard(service, sent[1].id)
    left = {sent[0].id, sent[2].id}
    assert eventually(lambda: {dead.message_id for dead in bus.dead_letters(service)} == left)
    assert eventually(lambda: depth(bus, f"dead.{service}").ready == 2)
    assert not bus.discard(service, sent[1].id)
    assert not bus.replay(service, str(uuid4()))


def test_declaring_again_keeps_what_waits(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    queue, taken = Queue(f"s{name()}", "record", (topic,)), Taken()
    bus.declare([queue])
    bus.publish(letters(topic, 2))
    bus.declare([queue])
    bus.consume(queue, taken)
    taken.wait_for(2)


def test_draining_finishes_what_is_in_hand_and_takes_nothing_more(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    started, finished = threading.Event(), threading.Event()

    def slow(_delivery: Delivery) -> Outcome:
        started.set()
        time.sleep(0.5)
        finished.set()
        return Done()

    queue, taken = Queue(f"s{name()}", "record", (topic,)), Taken(slow)
    bus.declare([queue])
    bus.consume(queue, taken, prefetch=1)
    bus.publish(letters(topic))
    assert started.wait(SECONDS)
    assert bus.drain(SECONDS)
    assert finished.is_set()


def test_a_bus_in_order_says_so(bus: Bus) -> None:
    topic = f"study.{name()}.v1"
    queue = Queue(f"s{name()}", "record", (topic,))
    bus.declare([queue])
    bus.consume(queue, Taken())
    assert eventually(bus.healthy)
    assert not bus.broken()
    assert eventually(lambda: depth(bus, queue.name).consumers >= 1)


def test_a_service_without_queues_has_no_dead_letters(bus: Bus) -> None:
    service = f"s{name()}"
    assert bus.dead_letters(service) == []
    assert not bus.replay(service, str(uuid4()))
    assert not bus.discard(service, str(uuid4()))
    assert bus.healthy() or eventually(bus.healthy)
