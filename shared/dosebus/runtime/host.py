"""One or several services in one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp

from dosebus.runtime.doors import HttpPort, doors
from dosebus.runtime.household import Household
from dosebus.runtime.service import Service, ServiceHealth
from dosebus.settings import ServiceSettings
from dosebus.telemetry import logs, traces


class Host:
    """Services that share a process and an HTTP port; each has its own role, connections and threads.

    `settings` by service name wins over the environment. A service that stands alone answers on `/`.
    """

    def __init__(
        self, services: Sequence[Service], settings: Mapping[str, ServiceSettings] | None = None
    ) -> None:
        self._services = tuple(services)
        given = settings or {}
        self._settings = {service.name: given.get(service.name) or service.settings() for service in services}
        first = next(iter(self._settings.values()))
        logs.configure(first.log_level, first.log_format)
        name = self._services[0].name if len(self._services) == 1 else "standalone"
        self._traces = traces.configure(name, otlp_endpoint=first.otlp_endpoint, trace_file=first.trace_file)
        self.households: dict[str, Household] = {}
        self._http: HttpPort | None = None

    def start(self) -> None:
        """Start every service in the order given, then the HTTP port. What was started is stopped again on an error."""
        try:
            for service in self._services:
                self.households[service.name] = Household(service, self._settings[service.name], self.health)
            for household in self.households.values():
                household.start()
            first = next(iter(self._settings.values()))
            self._http = HttpPort(
                doors(self.is_alive, self.health, self._apps()), first.http_host, first.http_port
            )
            self._http.start()
        except BaseException:
            self.stop()
            raise

    @property
    def http_port(self) -> int:
        """The port that pages and health answer on."""
        if self._http is None:
            raise RuntimeError("not started")
        return self._http.port

    def _apps(self) -> dict[str, ASGIApp]:
        alone = len(self.households) == 1
        apps = {}
        for name, household in self.households.items():
            if household.app is not None:
                apps["/" if alone else household.service.mount or f"/{name}"] = household.app
        return apps

    def health(self) -> Mapping[str, ServiceHealth]:
        """The health of every service here."""
        return {name: household.health() for name, household in self.households.items()}

    def is_alive(self) -> bool:
        """Whether nothing has died that should live."""
        http_lives = self._http is None or self._http.is_alive()
        return http_lives and all(household.is_alive() for household in self.households.values())

    def stop(self) -> None:
        """Stop in the reverse order: doors first, so that what was taken can still be handled."""
        if self._http is not None:
            self._http.stop()
        for household in reversed(self.households.values()):
            household.stop()
        self._traces.shutdown()
