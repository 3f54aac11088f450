"""The HTTP port of a process: health, readiness, metrics, and the services' own applications."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from dosebus.runtime.service import ServiceHealth

START_SECONDS = 15.0


def doors(
    is_alive: Callable[[], bool],
    health: Callable[[], Mapping[str, ServiceHealth]],
    apps: Mapping[str, ASGIApp],
) -> Starlette:
    """The application of a process; `apps` are mounted by path, the longest first, so that `/` comes last."""

    def healthz(_request: Request) -> Response:
        alive = is_alive()
        return JSONResponse({"alive": alive}, 200 if alive else 503)

    def readyz(_request: Request) -> Response:
        states = {name: asdict(state) for name, state in health().items()}
        ready = all(state["ready"] and state["alive"] for state in states.values())
        return JSONResponse({"ready": ready, "services": states}, 200 if ready else 503)

    def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    routes: list[BaseRoute] = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
    for path in sorted(apps, key=len, reverse=True):
        routes.append(Mount("" if path == "/" else path, app=apps[path]))
    return Starlette(routes=routes)


class HttpPort:
    """A uvicorn server in a thread of its own."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port), backlog=256, reuse_port=False)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        number: int = self._socket.getsockname()[1]
        return number

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Listen, and return when requests are taken. Raises RuntimeError when that does not come about."""
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"the HTTP server does not start on port {self.port}")
            time.sleep(0.01)

    def is_alive(self) -> bool:
        """Whether the server still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Answer what was asked, then end."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
