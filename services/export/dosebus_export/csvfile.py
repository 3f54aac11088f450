"""CSV: a study a row, its events to the right where a list's users know them there (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from sqlalchemy import Connection

from dosebus_export.progress import Progress
from dosebus_export.rows import Exported, most_events, studies_alone, studies_with_events

MEDIA_TYPE = "text/csv; charset=utf-8"
WITHOUT_EVENTS = frozenset({"rf"})
"""Lists whose CSV tells only totals: a fluoroscopy study has hundreds of events."""
CHUNK = 64 * 1024


class _Lines(list[str]):
    """What the csv module writes into: lines that wait to go out."""

    write = list.append


def csv_chunks(connection: Connection, exported: Exported, progress: Progress) -> Iterator[bytes]:
    """The file in pieces of about 64 KiB. The same data and query give the same bytes."""
    with_events = exported.listing.name not in WITHOUT_EVENTS
    events = most_events(connection, exported) if with_events else 0
    read = studies_with_events if with_events else studies_alone
    width = len(exported.event_fields)
    lines = _Lines()
    writer = csv.writer(lines)
    writer.writerow(headings(exported, events))
    waiting = len(lines[0])
    for one in progress(read(connection, exported)):
        missing = (None,) * (width * (events - len(one.events)))
        writer.writerow((*one.study, *(cell for event in one.events for cell in event), *missing))
        waiting += len(lines[-1])
        if waiting >= CHUNK:
            yield "".join(lines).encode()
            lines.clear()
            waiting = 0
    if lines:
        yield "".join(lines).encode()


def headings(exported: Exported, events: int) -> list[str]:
    """The first line: label and unit of every column, those of an event with its number, `E2 DLP (mGy·cm)`."""
    return [
        *(field.heading for field in exported.study_fields),
        *(f"E{number} {field.heading}" for number in range(1, events + 1) for field in exported.event_fields),
    ]
