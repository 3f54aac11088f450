"""What the endpoints work with, as one value on the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from dosebus.blobs.blobs import Blobs
from dosebus.bus.bus import Bus
from dosebus.runtime.health import Neighbours
from dosebus.store.engine import Database
from dosebus_web.auth.oidc.provider import Provider
from dosebus_web.http.pages import Pages
from dosebus_web.live.hub import Hub
from dosebus_web.settings import WebSettings


@dataclass(frozen=True)
class Web:
    """Settings, database, bus, files, templates and the news for open pages."""

    settings: WebSettings
    database: Database
    bus: Bus
    blobs: Blobs
    pages: Pages
    hub: Hub
    neighbours: Neighbours
    provider: Provider | None = None


def of(request: Request) -> Web:
    """The application's `Web`."""
    web: Web = request.app.state.web
    return web


Here = Annotated[Web, Depends(of)]
"""Parameter of an endpoint that needs the application's parts."""
