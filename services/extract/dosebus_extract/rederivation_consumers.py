"""What extract does when somebody asks for a re-derivation, or for another way to keep people."""

from __future__ import annotations

import threading

from dosebus.bus.message import Reject
from dosebus.events.people import PeopleChangeCancelRequested, PeopleChangeRequested
from dosebus.events.rederivation import (
    RederivationApplyRequested,
    RederivationCancelRequested,
    RederivationRequested,
)
from dosebus.store.transaction import Transaction
from dosebus_extract import people_change_jobs, rederivation_jobs
from dosebus_extract.consumers import consumers

__all__ = ["consumers"]


@consumers.on(RederivationRequested)
def queue_rederivation(event: RederivationRequested, tx: Transaction, change_bell: threading.Event) -> None:
    """Queue a re-derivation in shadow."""
    try:
        rederivation_jobs.add(tx, event.rederivation_id, event.selection, event.requested_by)
    except ValueError as error:
        raise Reject("bad_selection", str(error)) from error
    tx.after_commit(change_bell.set)


@consumers.on(RederivationApplyRequested, retry=(1, 5, 60))
def apply_rederivation(
    event: RederivationApplyRequested, tx: Transaction, change_bell: threading.Event
) -> None:
    """Let a shadow be swapped in. Rejects one that is not ready."""
    if not rederivation_jobs.ask_to_apply(tx, event.rederivation_id, event.requested_by):
        raise Reject("not_ready", f"re-derivation {event.rederivation_id} is not ready to be applied")
    tx.after_commit(change_bell.set)


@consumers.on(RederivationCancelRequested)
def cancel_rederivation(event: RederivationCancelRequested, tx: Transaction) -> None:
    """Stop a re-derivation, or throw its shadow away."""
    rederivation_jobs.ask_to_stop(tx, event.rederivation_id, discard=event.discard)


@consumers.on(PeopleChangeRequested)
def queue_people_change(event: PeopleChangeRequested, tx: Transaction, change_bell: threading.Event) -> None:
    """Queue a change of what is stored of people."""
    people_change_jobs.add(tx, event)
    tx.after_commit(change_bell.set)


@consumers.on(PeopleChangeCancelRequested)
def cancel_people_change(event: PeopleChangeCancelRequested, tx: Transaction) -> None:
    """Stop a change of what is stored of people."""
    people_change_jobs.ask_to_stop(tx, event.people_change_id)
