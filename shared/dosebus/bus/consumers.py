"""How a service says which handler takes which events."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from dosebus.bus.message import Queue
from dosebus.events.base import Event

Handler = TypeVar("Handler", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Consumer:
    """A handler with its queue and the number of threads that may run it at once."""

    queue: Queue
    handler: Callable[..., None]
    parameters: tuple[str, ...]
    workers: int
    prefetch: int | None
    together: int = 1
    """How many messages one transaction may handle."""
    joins: Callable[[Any], bool] | None = None
    """Which events may share a transaction with others."""

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.queue.name


class Consumers:
    """The consumers of one service."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._consumers: dict[str, Consumer] = {}

    def on(
        self,
        *events: type[Event],
        retry: tuple[float, ...] = (5, 60, 600),
        workers: int = 1,
        prefetch: int | None = None,
        together: int = 1,
        joins: Callable[[Any], bool] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Let a function take events. It is called with the parameters it names: `event`, `tx`, `blobs`,
        `settings`, `message`, or a resource of the service. Raises ValueError for a second one of that name.

        Up to `together` messages that wait share a transaction, one call of the handler each, as far as `joins` lets
        their events; when one of them fails, each is handled on its own.
        """

        def register(handler: Handler) -> Handler:
            queue = Queue(self.service, handler.__name__, tuple(event.topic for event in events), retry)
            if queue.name in self._consumers:
                raise ValueError(f"two handlers are called {queue.name}")
            parameters = tuple(inspect.signature(handler).parameters)
            self._consumers[queue.name] = Consumer(
                queue, handler, parameters, workers, prefetch, together, joins
            )
            return handler

        return register

    def __iter__(self) -> Iterator[Consumer]:
        return iter(self._consumers.values())

    def queues(self) -> list[Queue]:
        """The queues of all handlers."""
        return [consumer.queue for consumer in self]

    def handler_arguments(self) -> set[str]:
        """Every parameter name that some handler asks for."""
        return {name for consumer in self for name in consumer.parameters}


INJECTED: tuple[str, ...] = ("event", "tx", "blobs", "settings", "message")
"""What the runtime gives every handler; other names must be resources of the service."""


def check_parameters(consumers: Consumers, resources: dict[str, Any]) -> None:
    """Raise TypeError when a handler asks for something nobody gives."""
    for consumer in consumers:
        missing = set(consumer.parameters) - set(INJECTED) - set(resources)
        if missing:
            raise TypeError(
                f"{consumer.name} asks for {', '.join(sorted(missing))}, which the service has not"
            )
