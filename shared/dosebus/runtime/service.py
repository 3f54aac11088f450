"""A service as data, and what its parts are given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp
from structlog.typing import FilteringBoundLogger

from dosebus.blobs.blobs import Blobs
from dosebus.bus.bus import Bus
from dosebus.bus.consumers import Consumers
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """How a service is: alive, ready, and what is wrong by check name."""

    service: str
    alive: bool
    ready: bool
    faults: Mapping[str, str]
    started_at: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Context:
    """What tasks, schedules and HTTP applications of a service work with."""

    settings: Any
    database: Database
    bus: Bus
    blobs: Blobs
    log: FilteringBoundLogger
    resources: Mapping[str, Any] = field(default_factory=dict)
    housemates: Callable[[], Mapping[str, ServiceHealth]] = dict
    """The health of all services that run in this process, this one among them."""


@dataclass(frozen=True, slots=True)
class Task:
    """A thread that runs as long as the service does. It returns soon after `stop` is set."""

    name: str
    run: Callable[[Context, threading.Event], None]


@dataclass(frozen=True, slots=True)
class Every:
    """A function that is called every so many seconds."""

    seconds: float
    name: str
    run: Callable[[Context], None]


@dataclass(frozen=True)
class Service:
    """All that the runtime must know to host a service."""

    name: str
    schema: str
    settings: type[ServiceSettings]
    consumers: Consumers
    tasks: tuple[Task, ...] = ()
    schedule: tuple[Every, ...] = ()
    app: Callable[[Context], ASGIApp | None] | None = None
    resources: Callable[[Context], Mapping[str, Any]] | None = None
    readiness: Mapping[str, Callable[[Context], None]] = field(default_factory=dict)
    mount: str | None = None
    """Where its HTTP application lies when several services share a port; None: it has the path `/<name>`."""
