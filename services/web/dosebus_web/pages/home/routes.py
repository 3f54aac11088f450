"""The home page and the stream of news."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from dosebus_web.auth.gate import Viewer
from dosebus_web.pages.alerts.quantities import level_of, value_of
from dosebus_web.pages.home.overview import overview
from dosebus_web.web import Here, Web

router = APIRouter()


def _render(request: Request, here: Web, template: str) -> Response:
    with here.database.reading(snapshot=True) as connection:
        view = overview(connection)
    values = {"view": view, "value_of": value_of, "level_of": level_of}
    return here.pages.render(request, template, values)


@router.get("/")
def show_home(request: Request, session: Viewer, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The overview."""
    return _render(request, here, "pages/home/home.html")


@router.get("/overview")
def show_overview(request: Request, session: Viewer, here: Here) -> Response:  # noqa: ARG001
    """The overview without its frame, fetched again when something comes in."""
    return _render(request, here, "pages/home/overview.html")


@router.get("/live")
def stream_news(session: Viewer, here: Here, since: Annotated[str, Query(max_length=40)] = "") -> Response:  # noqa: ARG001
    """Server-sent events: the kinds of things that changed since a page was made.

    They hold no data: pages fetch what they may see.
    """
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(here.hub.stream(since), media_type="text/event-stream", headers=headers)
