"""What a service is made of."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from starlette.types import ASGIApp
from structlog.typing import FilteringBoundLogger
from typing_extensions import TypeVar

from dosebus.blobs.blobs import Blobs
from dosebus.bus.bus import Bus
from dosebus.bus.consumers import Consumers
from dosebus.runtime.health import Neighbours
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database

S = TypeVar("S", bound=ServiceSettings, default=Any)


@dataclass(frozen=True)
class Context(Generic[S]):
    """What a running service works with. `Context[MySettings]` types the settings."""

    service: str
    settings: S
    database: Database
    bus: Bus
    blobs: Blobs
    neighbours: Neighbours
    log: FilteringBoundLogger
    resources: Mapping[str, Any] = field(default_factory=dict)
    """What the service's `resources` made; empty while it is being called."""


@dataclass(frozen=True)
class Task:
    """A thread that runs until `stop` is set; if it raises, it is started again after a pause."""

    name: str
    work: Callable[[Any, threading.Event], None]


@dataclass(frozen=True)
class Every:
    """Work to repeat, with `seconds` between the end of one run and the begin of the next."""

    seconds: float
    name: str
    work: Callable[[Any], None]


@dataclass(frozen=True)
class Service:
    """A service as data."""

    name: str
    schema: str
    settings: type[ServiceSettings]
    consumers: Consumers | None = None
    tasks: tuple[Task, ...] = ()
    schedule: tuple[Every, ...] = ()
    app: Callable[[Any], ASGIApp | None] | None = None
    mount: str = "/"
    """Where the app stands when several services share one port."""
    resources: Callable[[Any], Mapping[str, Any]] | None = None
    """Opened at the start, closed in reverse order at the stop if they have `close()`."""
    takes: Callable[[Any, str], bool] | None = None
    """Whether a process with these settings takes a piece of the work: a queue, a task or a scheduled run by name.
    Without it, every process takes all."""
    readiness: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)
    """Name -> check that raises when the service is not ready."""
