"""One service, opened: its connections, consumers, relay, tasks and app."""

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Gauge
from starlette.types import ASGIApp

from dosebus.blobs.blobs import Blobs
from dosebus.bus.bus import Bus
from dosebus.bus.consumers import check_parameters
from dosebus.bus.handling import Handling
from dosebus.bus.message import Queue
from dosebus.bus.outbox import Relay
from dosebus.bus.topology import known_queues
from dosebus.runtime.health import Neighbours, ServiceHealth, run_checks
from dosebus.runtime.schedule import start_schedule, start_task
from dosebus.runtime.service import Context, Service
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database
from dosebus.store.inbox import prune_inbox

INBOX_PRUNE_SECONDS = 3600.0
UP = Gauge("dosebus_service_up", "1 while a service runs in this process", ["service"])


class NotReadyError(Exception):
    """A check's verdict."""


class Running:
    """A service with everything it holds open."""

    def __init__(
        self, service: Service, settings: ServiceSettings, *, bus: Bus, blobs: Blobs, neighbours: Neighbours
    ) -> None:
        self.service = service
        self.settings = settings
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._closing = ExitStack()
        login = settings.database_login(f"dosebus_{service.name}")
        self.database = Database(
            login, schema=service.schema, service=service.name, pool_size=settings.database_pool
        )
        self._closing.callback(self.database.close)
        log = structlog.get_logger(f"dosebus.{service.name}").bind(service=service.name)
        self.context: Context[Any] = Context(
            service.name, settings, self.database, bus, blobs, neighbours, log
        )
        self.relay = Relay(self.database, bus)
        self.app: ASGIApp | None = None

    def open(self) -> None:
        """Open resources and the app, and make sure that every handler gets what it names."""
        self.database.check()
        if self.service.resources is not None:
            resources = dict(self.service.resources(self.context))
            for resource in resources.values():
                if hasattr(resource, "close"):
                    self._closing.callback(resource.close)
            self.context = replace(self.context, resources=resources)
        if self.service.consumers is not None:
            check_parameters(self.service.consumers, dict(self.context.resources))
        self.context.bus.declare(self._all_queues())
        if self.service.app is not None:
            self.app = self.service.app(self.context)

    def _all_queues(self) -> list[Queue]:
        """The queues of every service; one's own as they are in this code, whatever the packaged list says."""
        own = self.service.consumers.queues() if self.service.consumers is not None else []
        return [*(queue for queue in known_queues() if queue.service != self.service.name), *own]

    def start(self) -> None:
        """Let messages and work flow."""
        self.relay.start()
        if self.service.consumers is not None:
            offered = {"blobs": self.context.blobs, "settings": self.settings, **self.context.resources}
            for consumer in self.service.consumers:
                if not self._takes(consumer.name):
                    continue
                handling = Handling(consumer, self.database, offered)
                self.context.bus.consume_together(
                    consumer.queue, handling.together, consumer.together, consumer.workers, consumer.prefetch
                )
        name = self.service.name
        for task in filter(lambda task: self._takes(task.name), self.service.tasks):
            self._threads.append(start_task(name, task, self.context, self._stop))
        for every in filter(lambda every: self._takes(every.name), self.service.schedule):
            self._threads.append(start_schedule(name, every, self.context, self._stop))
        UP.labels(name).set(1)

    def _takes(self, work: str) -> bool:
        return self.service.takes is None or self.service.takes(self.settings, work)

    def stop_work(self, seconds: float) -> None:
        """End tasks and scheduled work."""
        self._stop.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Send what is left in the outbox, then give everything back."""
        self.relay.stop()
        UP.labels(self.service.name).set(0)
        with suppress(Exception):
            self._closing.close()

    def prune(self) -> None:
        """Forget messages handled long ago."""
        prune_inbox(self.database, self.settings.inbox_days)

    def alive(self) -> dict[str, str]:
        """What must run for the process to be worth keeping."""
        return run_checks({"relay": self._check_relay, "consumers": self._check_consumers})

    def health(self) -> ServiceHealth:
        """Liveness and readiness with every check."""
        started = time.perf_counter()
        alive = self.alive()
        own = {
            name: (lambda check=check: check(self.context)) for name, check in self.service.readiness.items()
        }
        checks = alive | run_checks({"database": self.database.check, "bus": self._check_bus, **own})
        return ServiceHealth(
            self.service.name,
            alive=all(value == "ok" for value in alive.values()),
            ready=all(value == "ok" for value in checks.values()),
            checks=checks,
            milliseconds=(time.perf_counter() - started) * 1000,
        )

    def _check_relay(self) -> None:
        if not self.relay.thread.is_alive():
            raise NotReadyError

    def _check_consumers(self) -> None:
        if self.context.bus.broken():
            raise NotReadyError

    def _check_bus(self) -> None:
        if not self.context.bus.healthy():
            raise NotReadyError
