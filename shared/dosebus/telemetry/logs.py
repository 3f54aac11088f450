"""Logs: one JSON line (or a readable one) an entry, with the trace it belongs to. Never a patient's data."""

import logging
import sys
from typing import Literal

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
LOUD_LIBRARIES = (
    "pynetdicom",
    "pydicom",
    "aio_pika",
    "aiormq",
    "uvicorn.access",
    "httpx",
    "alembic",
    "mail.log",
)


def add_trace(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Name the trace and span that are open where the entry was written."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace_id"] = f"{context.trace_id:032x}"
        entry["span_id"] = f"{context.span_id:016x}"
    return entry


def configure(level: str = "info", form: Literal["json", "console"] = "json") -> None:
    """Send entries of our own and of the libraries to standard error, in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    closing = [structlog.processors.dict_tracebacks] if form == "json" else []
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *closing, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(LEVELS[level])
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
