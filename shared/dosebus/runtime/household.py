"""One service that runs: its database, bus, blobs, threads and health."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from starlette.types import ASGIApp

from dosebus.blobs.blobs import open_blobs
from dosebus.bus.bus import open_bus
from dosebus.bus.consumers import check_parameters
from dosebus.bus.fault import describe
from dosebus.bus.handling import Handling
from dosebus.bus.outbox import Relay
from dosebus.runtime.inbox_sweep import INBOX_SWEEP
from dosebus.runtime.service import Context, Every, Service, ServiceHealth, Task
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database

PAUSE_AFTER_FAULT = 5.0


class Household:
    """A service with everything that it needs, from `start` to `stop`."""

    def __init__(
        self,
        service: Service,
        settings: ServiceSettings,
        housemates: Callable[[], Mapping[str, ServiceHealth]] = dict,
    ) -> None:
        self.service = service
        self.settings = settings
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._started_at: str | None = None
        role = f"dosebus_{service.name}"
        login = settings.database_login(role)
        self.database = Database(
            login, schema=service.schema, service=service.name, pool_size=settings.database_pool
        )
        self.bus = open_bus(
            settings.bus_login(), database_url=login, role=role, name=f"dosebus-{service.name}"
        )
        self.relay = Relay(self.database, self.bus)
        bare = Context(
            settings=settings,
            database=self.database,
            bus=self.bus,
            blobs=open_blobs(settings.blobs_url),
            log=structlog.get_logger(f"dosebus.{service.name}"),
            housemates=housemates,
        )
        made: Mapping[str, Any] = service.resources(bare) if service.resources else {}
        self.context = replace(bare, resources=made)
        self.app: ASGIApp | None = service.app(self.context) if service.app else None

    def start(self) -> None:
        """Declare the queues, then start consumers, relay, tasks and schedules."""
        service = self.service
        check_parameters(service.consumers, dict(self.context.resources))
        self.bus.declare(service.consumers.queues())
        offered = {**self.context.resources, "settings": self.settings, "blobs": self.context.blobs}
        for consumer in service.consumers:
            handling = Handling(consumer, self.database, offered)
            self.bus.consume(consumer.queue, handling, consumer.workers, consumer.prefetch)
        self.relay.start()
        for task in service.tasks:
            self._run_thread(task.name, self._task_loop(task))
        for every in (*service.schedule, INBOX_SWEEP):
            self._run_thread(every.name, self._schedule_loop(every))
        self._started_at = datetime.now(UTC).isoformat()
        self.context.log.info("started", queues=[queue.name for queue in service.consumers.queues()])

    def _run_thread(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=f"{self.service.name} {name}", daemon=True)
        self._threads[name] = thread
        thread.start()

    def _task_loop(self, task: Task) -> Callable[[], None]:
        def run() -> None:
            while not self._stop.is_set():
                try:
                    task.run(self.context, self._stop)
                except Exception as error:
                    self.context.log.exception(
                        "task failed and is begun again", task=task.name, error=describe(error)
                    )
                    self._stop.wait(PAUSE_AFTER_FAULT)

        return run

    def _schedule_loop(self, every: Every) -> Callable[[], None]:
        def run() -> None:
            while not self._stop.is_set():
                try:
                    every.run(self.context)
                except Exception as error:
                    self.context.log.exception(
                        "scheduled work failed", work=every.name, error=describe(error)
                    )
                self._stop.wait(every.seconds)

        return run

    def stop(self) -> None:
        """Take nothing more, finish what is in hand, send what is in the outbox, and let go of everything."""
        self._stop.set()
        seconds = self.settings.drain_seconds
        if not self.bus.drain(seconds):
            self.context.log.warning(
                "not everything in hand was finished; it will be delivered again", seconds=seconds
            )
        for thread in self._threads.values():
            thread.join(timeout=seconds)
        self.relay.stop()
        for resource in self.context.resources.values():
            close = getattr(resource, "close", None)
            if callable(close):
                close()
        self.bus.close()
        self.database.close()
        self.context.log.info("stopped")

    def is_alive(self) -> bool:
        """Whether every thread and consumer is still there; if not, the process should be started anew."""
        threads = [*self._threads.values(), self.relay.thread]
        return self._stop.is_set() or (all(thread.is_alive() for thread in threads) and not self.bus.broken())

    def health(self) -> ServiceHealth:
        """Alive, ready, and the faults by the name of the check."""
        faults: dict[str, str] = {}
        checks: dict[str, Callable[[], object]] = {
            "database": self.database.check,
            "bus": self._check_bus,
            **{name: partial(check, self.context) for name, check in self.service.readiness.items()},
        }
        if self._started_at is None:
            faults["start"] = "not started"
        for name, check in checks.items():
            try:
                check()
            except Exception as error:  # noqa: BLE001 - whatever a check raises is its finding
                faults[name] = describe(error)
        return ServiceHealth(self.service.name, self.is_alive(), not faults, faults, self._started_at)

    def _check_bus(self) -> None:
        if not self.bus.healthy():
            raise ConnectionError("the bus is away or a consumer is missing")
