"""The web service as data."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from fastapi import FastAPI

from dosebus.runtime.service import Context, Every, Service, Task
from dosebus_web.app import create_app
from dosebus_web.auth.oidc.provider import provider_of
from dosebus_web.consumers import consumers
from dosebus_web.http.pages import Pages
from dosebus_web.live.hub import Hub, listen
from dosebus_web.pages.sizes import uploads
from dosebus_web.settings import WebSettings
from dosebus_web.web import Web


def make_resources(context: Context[WebSettings]) -> Mapping[str, object]:  # noqa: ARG001 - the runtime's shape
    """The hub through which open pages hear of news."""
    return {"hub": Hub()}


def make_app(context: Context[WebSettings]) -> FastAPI:
    """The pages and the API."""
    return create_app(
        Web(
            settings=context.settings,
            database=context.database,
            bus=context.bus,
            blobs=context.blobs,
            pages=Pages(context.settings.prefix),
            hub=context.resources["hub"],
            neighbours=context.neighbours,
            provider=provider_of(context.settings),
        )
    )


def hear_news(context: Context[WebSettings], stop: threading.Event) -> None:
    """Listen for notifications from the consumers of all web processes."""
    listen(context.database.url, context.database.role, context.resources["hub"], stop)


def delete_old_uploads(context: Context[WebSettings]) -> None:
    """Delete the uploaded tables that nobody imported."""
    uploads.delete_old(context.database, context.blobs)


SERVICE = Service(
    name="web",
    schema="web",
    settings=WebSettings,
    consumers=consumers,
    tasks=(Task("live listener", hear_news),),
    schedule=(Every(3600, "old uploads", delete_old_uploads),),
    app=make_app,
    mount="/",
    resources=make_resources,
)
