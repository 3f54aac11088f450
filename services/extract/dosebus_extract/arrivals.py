"""Reports that are recorded together: a statement a table for all new studies of a transaction, not one a study.

What is said of a single object in `record` holds here too; whatever goes wrong undoes the transaction, and the
runtime then has each object recorded on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dosebus.domain.contribution import Contribution
from dosebus.events.ingest import ObjectStored
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_extract.archive import STRUCTURED_REPORTS
from dosebus_extract.outcome import NotRecorded
from dosebus_extract.people import changed_policy
from dosebus_extract.reading_rules import ReadingRules
from dosebus_extract.record import (
    extractor_version,
    protected,
    publish_recorded,
    put_together,
    read_plain,
    record_read,
    set_aside,
)
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.store_object import Incoming, Recorded, write_recorded
from dosebus_extract.store_study import NewStudy, add_studies, lock_studies, new_ids
from dosebus_extract.surroundings import Surroundings, surroundings_of

SHORT_BYTES = 256 * 1024
"""Longer reports take so much time that others had better not wait for them."""


def may_join(event: ObjectStored) -> bool:
    """Whether an object may be recorded together with others: short reports, which are read in milliseconds."""
    return event.sop_class_uid.startswith(STRUCTURED_REPORTS) and event.size_bytes <= SHORT_BYTES


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object that was read, and the trace that it belongs to."""

    incoming: Incoming
    read: Contribution
    traceparent: str | None


class Arrivals:
    """The reports of one transaction."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Arrival, ExtractSettings]] = []

    def add(self, incoming: Incoming, read: Contribution, settings: ExtractSettings) -> None:
        """Have an object recorded when the transaction ends."""
        self._waiting.append((Arrival(incoming, read, traces.current_traceparent()), settings))

    def write(self, tx: Transaction) -> None:
        """Record them: new studies together, then what belongs to a study that stands."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            (settings, *_) = (settings for _, settings in waiting)
            record_together(tx, [arrival for arrival, _ in waiting], settings)


def record_later(
    tx: Transaction, incoming: Incoming, data: bytes | Path, settings: ExtractSettings, rules: ReadingRules
) -> None:
    """Read an object now, and record it when the transaction ends."""
    try:
        read = read_plain(data, rules.options(settings))
    except NotRecorded as outcome:
        set_aside(tx, incoming, outcome)
    else:
        tx.gathered(Arrivals).add(incoming, read, settings)


def record_together(tx: Transaction, arrivals: list[Arrival], settings: ExtractSettings) -> None:
    """Record objects that were read."""
    lock_studies(tx, (one.read.study_instance_uid for one in arrivals))
    found = surroundings_of(tx, [one.read for one in arrivals])
    added, later = _parted(arrivals, found)
    if added:
        _add(tx, added, settings)
    for arrival in later:
        with traces.continued(arrival.traceparent):
            record_read(tx, arrival.incoming, arrival.read, settings)


def _parted(
    arrivals: list[Arrival], found: list[Surroundings]
) -> tuple[list[tuple[Arrival, Surroundings]], list[Arrival]]:
    """The first object of each new study, and all others."""
    first: dict[str, tuple[Arrival, Surroundings]] = {}
    later: list[Arrival] = []
    for arrival, around in zip(arrivals, found, strict=True):
        uid = arrival.read.study_instance_uid
        if around.standing is None and uid not in first:
            first[uid] = arrival, around
        else:
            later.append(arrival)
    # Devices are written in one order everywhere, so that two who do so never wait for each other.
    return sorted(first.values(), key=lambda one: (one[1].device.key, one[1].device.version or "")), later


def _add(tx: Transaction, added: list[tuple[Arrival, Surroundings]], settings: ExtractSettings) -> None:
    studies: dict[int, NewStudy] = {}
    objects: list[Recorded] = []
    policy = changed_policy(settings.people_policy(), added[0][1].policy)
    written: set[str] = set()
    for study_id, (arrival, around) in zip(new_ids(tx, len(added)), added, strict=True):
        incoming = arrival.incoming
        with traces.continued(arrival.traceparent):
            contribution = protected(arrival.read, policy, settings)
            seen = None if around.device.key in written else around.device
            combined = put_together(tx, [contribution], incoming.received_at, seen, has_sizes=False)
            if combined.wrote_device:
                written.add(around.device.key)
            studies[study_id] = NewStudy(combined.study, combined.device.id, incoming.received_at)
            (kept,) = combined.kept
            objects.append(Recorded(incoming, kept, study_id))
            publish_recorded(
                tx, study_id, combined, incoming, sop_instance_uid=kept.sop_instance_uid, change="added"
            )
    add_studies(tx, studies, extractor_version())
    write_recorded(tx, objects, extractor_version())
