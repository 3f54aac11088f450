"""What every bus promises to a handler that takes several messages at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import uuid4

import pytest

from dosebus.bus.bus import Bus
from dosebus.bus.message import Delivery, Done, Outcome, Outgoing, Park, Queue, Retry
from tests.contract.bus.test_bus_contract import depth, eventually

pytestmark = pytest.mark.services
SECONDS = 90.0
Answer = Callable[[Sequence[Delivery]], Sequence[Outcome]]


class Groups:
    """Notes the groups that it is given, and answers as it is told."""

    def __init__(self, answer: Answer) -> None:
        self.groups: list[list[Delivery]] = []
        self._answer = answer
        self._changed = threading.Condition()

    def __call__(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = self._answer(deliveries)
        with self._changed:
            self.groups.append(list(deliveries[: len(outcomes)]))
            self._changed.notify_all()
        return outcomes

    def wait_for(self, count: int) -> Counter[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: sum(map(len, self.groups)) >= count, SECONDS), self.groups
            return Counter(delivery.id for group in self.groups for delivery in group)


def _all(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
    return [Done()] * len(deliveries)


def _waiting(bus: Bus, count: int) -> tuple[Queue, Counter[str]]:
    """A queue in which messages wait."""
    topic = f"study.{uuid4().hex[:8]}.v1"
    queue = Queue(f"s{uuid4().hex[:8]}", "record", (topic,), (0.2, 0.2))
    sent = [Outgoing(str(uuid4()), topic, b"body") for _ in range(count)]
    bus.declare([queue])
    bus.publish(sent)
    assert eventually(lambda: depth(bus, queue.name).ready == count)
    return queue, Counter(message.id for message in sent)


def test_messages_that_wait_come_together_up_to_the_most(bus: Bus) -> None:
    queue, sent = _waiting(bus, 20)
    groups = Groups(_all)
    bus.consume_together(queue, groups, 8)
    assert groups.wait_for(20) == sent
    sizes = [len(group) for group in groups.groups]
    assert max(sizes) <= 8
    assert max(sizes) > 1
    assert eventually(lambda: depth(bus, queue.name).ready == 0)


def test_what_was_not_taken_comes_again(bus: Bus) -> None:
    queue, sent = _waiting(bus, 7)
    groups = Groups(lambda deliveries: _all(deliveries[:2]))
    bus.consume_together(queue, groups, 5, workers=2)
    assert groups.wait_for(7) == sent
    assert {delivery.attempt for group in groups.groups for delivery in group} == {1}
    assert eventually(lambda: depth(bus, queue.name).ready == 0)


def test_each_message_of_a_group_has_its_own_outcome(bus: Bus) -> None:
    queue, sent = _waiting(bus, 6)
    again, wrong = list(sent)[2:4]

    def answer(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return [_outcome(delivery) for delivery in deliveries]

    def _outcome(delivery: Delivery) -> Outcome:
        if delivery.id == wrong:
            return Park("wrong", "it is wrong")
        return Retry(0.2) if delivery.id == again and delivery.attempt == 1 else Done()

    groups = Groups(answer)
    bus.consume_together(queue, groups, 6)
    assert groups.wait_for(7) == sent + Counter([again])
    assert eventually(lambda: [one.message_id for one in bus.dead_letters(queue.service)] == [wrong])
    assert eventually(lambda: depth(bus, queue.name).ready == 0)


def test_a_group_in_hand_is_finished_before_the_end(bus: Bus) -> None:
    queue, sent = _waiting(bus, 4)
    begun, go_on = threading.Event(), threading.Event()

    def wait(deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        begun.set()
        go_on.wait(SECONDS)
        return _all(deliveries)

    groups = Groups(wait)
    bus.consume_together(queue, groups, 4)
    assert begun.wait(SECONDS)
    threading.Timer(0.1, go_on.set).start()
    assert bus.drain(SECONDS)
    assert sum(groups.wait_for(1).values()) == sum(map(len, groups.groups)) <= sum(sent.values())
