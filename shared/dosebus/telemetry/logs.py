"""Structured logs: one JSON object a line, with the trace it belongs to and without any data of a message."""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any, cast

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from dosebus.bus.fault import kind_of


def with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add `trace_id` and `span_id` of the span that is open."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event


def without_texts_of_errors(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an error by its kind and the places it went through: its text may quote patient data."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event.setdefault("error", kind_of(error))
        event["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event


def configure(service: str, *, level: str = "info", log_format: str = "json") -> None:
    """Set up structlog and send the logs of libraries the same way, to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_trace,
        without_texts_of_errors,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[named(service), structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in (
        "aio_pika",
        "aiormq",
        "pynetdicom",
        "asyncio",
        "alembic",
        "mail.log",
        "uvicorn.error",
        "httpx",
    ):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def named(service: str) -> Processor:
    """A processor that says which service speaks, unless the logger says it."""

    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
        event.setdefault("service", service)
        return cast("Mapping[str, Any]", event)

    return add
