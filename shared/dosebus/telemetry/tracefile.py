"""Spans as lines of JSON in a file, for a machine without a collector."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class TraceFile(SpanExporter):
    """Appends one JSON object per span; several threads may write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans and flush."""
        with self._lock:
            if self._file.closed:
                return SpanExportResult.FAILURE
            for span in spans:
                self._file.write(json.dumps(as_line(span)) + "\n")
            self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


def as_line(span: ReadableSpan) -> dict[str, object]:
    """A span with ids in hexadecimal, times in UTC and the duration in milliseconds."""
    spans = span.get_span_context()
    start, end = span.start_time or 0, span.end_time or 0
    return {
        "service": span.resource.attributes.get("service.name"),
        "name": span.name,
        "kind": span.kind.name.lower(),
        "trace_id": f"{spans.trace_id:032x}" if spans else None,
        "span_id": f"{spans.span_id:016x}" if spans else None,
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "start": datetime.fromtimestamp(start / 1e9, UTC).isoformat(),
        "duration_ms": (end - start) / 1e6,
        "status": span.status.status_code.name.lower(),
        "attributes": dict(span.attributes or {}),
    }
