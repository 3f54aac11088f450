"""Several services in one process, behind one HTTP port."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence

import structlog
from opentelemetry.sdk.trace import TracerProvider
from starlette.types import ASGIApp

from dosebus.blobs.blobs import Blobs, open_blobs
from dosebus.bus.bus import Bus, open_bus
from dosebus.bus.fault import describe
from dosebus.runtime.health import ByUrl, InProcess, Neighbours, ServiceHealth
from dosebus.runtime.http import HttpServer, assemble, probes
from dosebus.runtime.running import INBOX_PRUNE_SECONDS, Running
from dosebus.runtime.service import Service
from dosebus.settings import ServiceSettings
from dosebus.telemetry import logs, traces

WATCH_SECONDS = 2.0
BROKEN_EXIT_CODE = 70
"""EX_SOFTWARE: a supervisor should start the process again."""


def exit_for_restart() -> None:
    """End the process at once, so that its supervisor starts it again."""
    os._exit(BROKEN_EXIT_CODE)


class Host:
    """Runs services; `start` returns when all are up, `stop` drains them."""

    def __init__(
        self,
        services: Sequence[Service],
        settings: Mapping[str, ServiceSettings] | None = None,
        *,
        when_broken: Callable[[], None] = exit_for_restart,
    ) -> None:
        """`settings` by service name; those left out are read from the environment."""
        given = settings or {}
        self._services = tuple(services)
        self._settings = {
            service.name: given[service.name] if service.name in given else service.settings()
            for service in services
        }
        self._when_broken = when_broken
        self._stopping = threading.Event()
        self.running: dict[str, Running] = {}
        self.http: HttpServer | None = None
        self._bus: Bus | None = None
        self._tracing: TracerProvider | None = None
        self._log = structlog.get_logger("dosebus.runtime")

    @property
    def first(self) -> ServiceSettings:
        """The settings that concern the process as a whole."""
        return self._settings[self._services[0].name]

    @property
    def name(self) -> str:
        """What the process is called in logs, traces and at the broker."""
        return self._services[0].name if len(self._services) == 1 else "standalone"

    @property
    def http_port(self) -> int:
        """The open HTTP port."""
        if self.http is None:
            raise RuntimeError("the host is not started")
        return self.http.port

    def start(self) -> None:
        """Open everything, then listen, then let messages flow. Raises whatever keeps a service from opening."""
        settings = self.first
        logs.configure(self.name, level=settings.log_level, log_format=settings.log_format)
        self._tracing = traces.configure(
            self.name, otlp_endpoint=settings.otlp_endpoint, trace_file=settings.trace_file
        )
        blobs = open_blobs(settings.blobs_url)
        self._bus = self._open_bus(settings)
        try:
            self._open_services(self._bus, blobs)
            self.http = HttpServer(self._app(), settings.http_host, settings.http_port)
            self.http.start()
            for running in self.running.values():
                running.start()
        except BaseException:
            self.stop()
            raise
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        self._log.info("started", services=list(self.running), http_port=self.http_port)

    def _open_bus(self, settings: ServiceSettings) -> Bus:
        owner = "bus" if len(self._services) > 1 else self._services[0].name
        role = f"dosebus_{owner}"
        return open_bus(
            settings.bus_login(),
            database_url=settings.database_login(role),
            role=role,
            name=f"dosebus-{self.name}",
        )

    def _open_services(self, bus: Bus, blobs: Blobs) -> None:
        neighbours = self._neighbours()
        for service in self._services:
            settings = self._settings[service.name]
            running = Running(service, settings, bus=bus, blobs=blobs, neighbours=neighbours)
            self.running[service.name] = running
            running.open()

    def _neighbours(self) -> Neighbours:
        urls = self.first.service_urls
        if len(self._services) == 1 and urls:
            return ByUrl(urls)
        return InProcess({service.name: self._probe_of(service.name) for service in self._services})

    def _probe_of(self, name: str) -> Callable[[], ServiceHealth]:
        def probe() -> ServiceHealth:
            return self.running[name].health()

        return probe

    def _app(self) -> ASGIApp:
        def health() -> list[ServiceHealth]:
            return [running.health() for running in self.running.values()]

        alone = len(self._services) == 1
        apps = [
            ("/" if alone else running.service.mount, running.app)
            for running in self.running.values()
            if running.app is not None
        ]
        return assemble(probes(health, self.alive), apps)

    def alive(self) -> dict[str, str]:
        """Every liveness check of every service."""
        return {
            f"{name}.{check}": result
            for name, running in self.running.items()
            for check, result in running.alive().items()
        }

    def _watch(self) -> None:
        """Leave the process when a consumer is gone: a fresh start is the one sure recovery."""
        waited = 0.0
        while not self._stopping.wait(WATCH_SECONDS):
            wrong = {name: result for name, result in self.alive().items() if result != "ok"}
            if wrong and not self._stopping.is_set():
                self._log.critical("no longer alive, leaving to be restarted", checks=wrong)
                self._when_broken()
                return
            waited += WATCH_SECONDS
            if waited >= INBOX_PRUNE_SECONDS:
                waited = 0.0
                self._prune()

    def _prune(self) -> None:
        for running in self.running.values():
            try:
                running.prune()
            except Exception as error:  # noqa: BLE001 - housekeeping can wait
                self._log.warning("inbox not pruned", service=running.service.name, error=describe(error))

    def stop(self) -> None:
        """Drain: take no more messages, finish those in hand, end tasks, send the outbox, close."""
        self._stopping.set()
        seconds = self.first.drain_seconds
        if self._bus is not None:
            self._bus.drain(seconds)
        for running in self.running.values():
            running.stop_work(seconds)
        if self.http is not None:
            self.http.stop()
        for running in self.running.values():
            running.close()
        if self._bus is not None:
            self._bus.close()
        if self._tracing is not None:
            self._tracing.shutdown()
