"""Traces: spans, their export, and the W3C trace context that travels with every event."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from dosebus.telemetry.tracefile import TraceFile

TRACER = "dosebus"


def configure(
    service: str, *, otlp_endpoint: str | None = None, trace_file: Path | None = None
) -> TracerProvider:
    """Send spans to an OTLP/HTTP collector (`http://host:4318`), to a file of JSON lines, to both or nowhere.

    A process has one provider: who configures again adds where its spans go. Shut it down to flush what it holds.
    """
    present = trace.get_tracer_provider()
    if isinstance(present, TracerProvider):
        provider = present
    else:
        names = {"service.name": service, "service.namespace": "dosebus"}
        provider = TracerProvider(resource=Resource.create(names))
        if otlp_endpoint or trace_file:
            trace.set_tracer_provider(provider)
    if otlp_endpoint:
        endpoint = otlp_endpoint.rstrip("/") + "/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    if trace_file:
        provider.add_span_processor(SimpleSpanProcessor(TraceFile(trace_file)))
    return provider


def current_traceparent() -> str | None:
    """The W3C `traceparent` of the span that is open here, if any."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: AttributeValue) -> Iterator[Span]:
    """A span around a block; an error inside marks it. Attributes never carry patient data."""
    with trace.get_tracer(TRACER).start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False
    ) as opened:
        yield opened


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """Let spans inside continue the trace that a message carries."""
    if traceparent is None:
        yield
        return
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)
