"""The HTTP side of a process: health, readiness, metrics, and the services' own apps at their mounts."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from dosebus.runtime.health import ServiceHealth

START_SECONDS = 20.0


def probes(
    health: Callable[[], Sequence[ServiceHealth]], alive: Callable[[], dict[str, str]]
) -> list[BaseRoute]:
    """`/healthz`: the process does its work; `/readyz`: so do its neighbours; `/metrics`: Prometheus text."""

    def healthz(_request: Request) -> Response:
        checks = alive()
        well = all(value == "ok" for value in checks.values())
        return JSONResponse({"alive": well, "checks": checks}, 200 if well else 503)

    def readyz(_request: Request) -> Response:
        services = health()
        ready = all(service.ready for service in services)
        body = {"ready": ready, "services": {service.service: dict(service.checks) for service in services}}
        return JSONResponse(body, 200 if ready else 503)

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def assemble(probe_routes: Sequence[BaseRoute], apps: Sequence[tuple[str, ASGIApp]]) -> ASGIApp:
    """One app: the probes, then each app at its mount, the longest mount first so that `/` takes the rest."""
    ordered = sorted(apps, key=lambda entry: len(entry[0]), reverse=True)
    return Starlette(routes=[*probe_routes, *(Mount(mount.rstrip("/"), app=app) for mount, app in ordered)])


class HttpServer:
    """Uvicorn in a thread."""

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, log_config: dict[str, Any] | None = None
    ) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_config=log_config, access_log=False, lifespan="off", proxy_headers=False,
            timeout_graceful_shutdown=5, server_header=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    def start(self) -> None:
        """Listen; returns when the port is open. Raises OSError when it cannot be."""
        self.thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self.thread.is_alive() or time.monotonic() > deadline:
                raise OSError(f"cannot listen on {self._server.config.host}:{self._server.config.port}")
            time.sleep(0.01)

    @property
    def port(self) -> int:
        """The port that is open, also where 0 asked for any."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Finish requests, then close."""
        self._server.should_exit = True
        self.thread.join(timeout=10)
