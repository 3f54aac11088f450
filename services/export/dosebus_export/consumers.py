"""What export does when it is asked to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from dosebus.blobs.blobs import Blobs
from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Message
from dosebus.events.export import (
    ExportCancelled,
    ExportCancelRequested,
    ExportDeletionRequested,
    ExportRequested,
)
from dosebus.store.transaction import Transaction
from dosebus_export import jobs

consumers = Consumers("export")


@consumers.on(ExportRequested)
def queue_export(
    event: ExportRequested, tx: Transaction, message: Message, job_bell: threading.Event
) -> None:
    """Queue an export."""
    jobs.add(tx, event, message.traceparent)
    tx.after_commit(job_bell.set)


@consumers.on(ExportCancelRequested, retry=(1, 5, 60))
def cancel_export(event: ExportCancelRequested, tx: Transaction) -> None:
    """Stop an export: at once if it waits, else at its next report of progress.

    Raises LookupError when the job is not there yet; the message then comes again.
    """
    job = jobs.get(tx, event.export_id)
    if job is None:
        raise LookupError(f"there is no export {event.export_id}")
    if job.state == "queued":
        jobs.change(tx, event.export_id, state="cancelled", finished_at=datetime.now(UTC))
        tx.publish(ExportCancelled(export_id=event.export_id))
    elif job.state == "running":
        jobs.change(tx, event.export_id, cancel_requested=True)


@consumers.on(ExportDeletionRequested, retry=(1, 5, 60))
def delete_export(event: ExportDeletionRequested, tx: Transaction, blobs: Blobs) -> None:
    """Delete an export and its file; one that runs is stopped first, and its worker deletes it."""
    job = jobs.get(tx, event.export_id)
    if job is None:
        return
    if job.state == "running":
        jobs.change(tx, event.export_id, cancel_requested=True, deletion_requested=True)
        return
    key = jobs.delete(tx, event.export_id)
    if key is not None:
        tx.after_commit(lambda: blobs.delete(key))
