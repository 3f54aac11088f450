"""Through this door everything comes: is it wanted, keep its bytes, write it down, and only then say yes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from dosebus.blobs.blobs import Blobs
from dosebus.dicom.header import Header, scan_header
from dosebus.events.identity import uuid7
from dosebus.events.ingest import Door
from dosebus.telemetry import traces
from dosebus_ingest.ledger import Entry, Ledger
from dosebus_ingest.rules import ArrivalRule, unwanted_by
from dosebus_ingest.spool import Spooled, TooLargeError

RECEIVED = Counter(
    "dosebus_objects_received_total",
    "Objects that came, by door and by what was done with them (stored, duplicate, unwanted, refused)",
    ["door", "status"],
)
RECEIVED_BYTES = Counter("dosebus_received_bytes_total", "Bytes of the objects that were kept", ["door"])
ADMISSION_SECONDS = Histogram(
    "dosebus_admission_seconds",
    "Time from the last byte of an object to the commit of its row",
    ["door"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

Status = Literal["stored", "duplicate", "unwanted"]


class CannotKeepError(Exception):
    """An object cannot be kept now; whoever sent it should try again later. Says why in few words."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object comes from."""

    door: Door
    calling_ae_title: str | None = None
    called_ae_title: str | None = None
    peer_address: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What the sender says the object is; empty strings where it says nothing."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """An object that is kept, or knowingly not."""

    object_id: UUID
    status: Status
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str | None


class Admission:
    """Admits objects. One for the whole service; any number of threads."""

    def __init__(self, blobs: Blobs, ledger: Ledger, rules: Sequence[ArrivalRule]) -> None:
        self._blobs = blobs
        self._ledger = ledger
        self._rules = tuple(rules)

    def admit(self, spooled: Spooled, declared: Declared, origin: Origin) -> Admitted:
        """Keep an object; its bytes and its row are durable when this returns, and its event will be sent.

        Raises CannotKeepError; then nothing is recorded. The spooled object is used up either way.
        """
        began = time.perf_counter()
        try:
            with _reasons():
                admitted = self._admit(spooled, declared, origin)
        except CannotKeepError:
            RECEIVED.labels(origin.door, "refused").inc()
            raise
        finally:
            spooled.discard()
        RECEIVED.labels(origin.door, admitted.status).inc()
        if admitted.status == "stored":
            RECEIVED_BYTES.labels(origin.door).inc(spooled.size_bytes)
        ADMISSION_SECONDS.labels(origin.door).observe(time.perf_counter() - began)
        return admitted

    def _admit(self, spooled: Spooled, declared: Declared, origin: Origin) -> Admitted:
        header = scan_header(spooled.front(), declared.transfer_syntax_uid)
        row = _row(spooled, declared, header, origin)
        rule = unwanted_by(
            self._rules,
            header,
            sop_class_uid=row["sop_class_uid"],
            calling_ae_title=origin.calling_ae_title,
        )
        if rule is None:
            row |= {"status": "stored", "blob_key": spooled.store(self._blobs)}
        else:
            row |= {"status": "unwanted", "reason": f"{rule.field} matches {rule.pattern}"}
        entry = self._ledger.write(Entry(row, traceparent=traces.current_traceparent()))
        if entry.duplicate_of is not None and self._ledger.has_let_go_of(entry.duplicate_of, row["blob_key"]):
            self._blobs.delete(row["blob_key"])
        return Admitted(
            object_id=entry.duplicate_of or row["object_id"],
            status=row["status"] if entry.duplicate_of is None else "duplicate",
            sop_class_uid=row["sop_class_uid"],
            sop_instance_uid=row["sop_instance_uid"],
            study_instance_uid=row["study_instance_uid"],
        )


def _row(spooled: Spooled, declared: Declared, header: Header, origin: Origin) -> dict[str, Any]:
    return {
        "object_id": uuid7(),
        "status": "stored",
        "reason": None,
        "duplicate_of": None,
        "sop_class_uid": declared.sop_class_uid or header.sop_class_uid or "",
        "sop_instance_uid": declared.sop_instance_uid or header.sop_instance_uid or "",
        "study_instance_uid": header.study_instance_uid,
        "transfer_syntax_uid": declared.transfer_syntax_uid,
        "modality": header.modality,
        "blob_key": None,
        "size_bytes": spooled.size_bytes,
        "door": origin.door,
        "calling_ae_title": origin.calling_ae_title,
        "called_ae_title": origin.called_ae_title,
        "peer_address": origin.peer_address,
        "received_at": datetime.now(UTC),
    }


@contextmanager
def _reasons() -> Iterator[None]:
    """Turn what the disk and the database raise into a reason that may be told to the sender."""
    try:
        yield
    except TooLargeError as error:
        raise CannotKeepError("object too large") from error
    except OSError as error:
        raise CannotKeepError("storage not available") from error
    except DBAPIError as error:
        raise CannotKeepError("database not available") from error
    except SQLAlchemyError as error:
        raise CannotKeepError("database busy") from error
