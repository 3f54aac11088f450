"""What the buses carry, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An envelope to publish; with `mandatory` a queue must take it."""

    id: str
    topic: str
    body: bytes
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """A handler's queue: what it takes, and the seconds to wait before each further attempt."""

    service: str
    handler: str
    topics: tuple[str, ...]
    retry: tuple[float, ...] = (5, 60, 600)

    @property
    def name(self) -> str:
        """`<service>.<handler>`"""
        return f"{self.service}.{self.handler}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An envelope as a queue delivers it; `attempt` counts from 1."""

    id: str
    topic: str
    body: bytes
    queue: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Message:
    """What a handler may know of the message around its event."""

    id: str
    topic: str
    time: datetime
    attempt: int
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """Handled: the bus forgets the delivery."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Deliver again after `seconds`; an attempt that failed for want of a server is not counted."""

    seconds: float
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Park:
    """Put aside among the dead letters of the service."""

    reason_code: str
    reason: str


Outcome = Done | Retry | Park


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages wait in a queue, wait for a retry, and how many consumers it has."""

    queue: str
    service: str
    ready: int
    delayed: int = 0
    consumers: int = 0
    dead: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked message."""

    message_id: str
    service: str
    queue: str
    topic: str
    attempt: int
    reason_code: str
    reason: str
    parked_at: datetime
    body: bytes


class Reject(Exception):
    """A handler's verdict that no further attempt can succeed."""

    def __init__(self, reason_code: str, text: str = "") -> None:
        super().__init__(f"{reason_code}: {text}" if text else reason_code)
        self.reason_code = reason_code
        self.text = text


class PublishError(Exception):
    """Some messages were not taken by the bus; the others were."""

    def __init__(self, unsent: frozenset[str], reason: str) -> None:
        super().__init__(f"{len(unsent)} messages not taken: {reason}")
        self.unsent = unsent
        self.reason = reason


class BusUnavailableError(Exception):
    """The broker cannot be reached or does not take messages now; none is known to be sent."""
