"""The export service as data: what it takes and does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from dosebus.runtime.service import Context, Service, Task
from dosebus_export.consumers import consumers
from dosebus_export.settings import ExportSettings
from dosebus_export.worker import Worker, Workshop

ExportContext = Context[ExportSettings]


def make_resources(context: ExportContext) -> Mapping[str, Any]:  # noqa: ARG001 - the runtime gives it
    """The bell that wakes the worker."""
    return {"job_bell": threading.Event()}


def work(context: ExportContext, stop: threading.Event) -> None:
    """Task: work on jobs."""
    settings = context.settings
    workshop = Workshop(
        database=context.database,
        blobs=context.blobs,
        bell=context.resources["job_bell"],
        poll_s=settings.export_poll_s,
        progress_s=settings.export_progress_s,
        attempts=settings.export_attempts,
    )
    Worker(workshop, stop).run()


SERVICE = Service(
    name="export",
    schema="export",
    settings=ExportSettings,
    consumers=consumers,
    tasks=(Task("export worker", work),),
    resources=make_resources,
)
