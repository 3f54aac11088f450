"""What web listens to: every fact that changes what an open page shows."""

from __future__ import annotations

from dosebus.bus.consumers import Consumers
from dosebus.events.alerts import (
    AlertDealtWith,
    AlertMailFailed,
    AlertMailSent,
    AlertRaised,
    AlertRuleTrialFinished,
    AlertWorkProgressed,
)
from dosebus.events.base import Event
from dosebus.events.export import ExportCancelled, ExportCompleted, ExportFailed, ExportProgressed
from dosebus.events.extract import (
    ObjectSetAside,
    SizeImportFinished,
    SizeImportProgressed,
    SkinMapComputed,
    StudyRecorded,
    StudyRemoved,
)
from dosebus.events.people import PatientIdentityChanged, PeopleChangeProgressed
from dosebus.events.qr import QueryAnswered, QueryProgressed, RetrieveFinished, RetrieveProgressed
from dosebus.events.rederivation import RederivationProgressed
from dosebus.store.transaction import Transaction
from dosebus_web.live.hub import notify

consumers = Consumers("web")

# One queue a kind serves all web processes: whichever takes the event tells the others by NOTIFY.


@consumers.on(StudyRecorded, StudyRemoved, retry=(5,), together=64)
def show_study(event: Event, tx: Transaction) -> None:  # noqa: ARG001 - pages fetch what they may see
    """Lists and home show a new study."""
    notify(tx, "study")


@consumers.on(ObjectSetAside, retry=(5,), together=64)
def show_object(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """An object was set aside."""
    notify(tx, "object")


@consumers.on(SkinMapComputed, retry=(5,))
def show_skin_map(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """A skin dose map, or a sum of maps, is another."""
    notify(tx, "skin")


@consumers.on(AlertRaised, AlertMailSent, AlertMailFailed, AlertDealtWith, retry=(5,), together=64)
def show_alert(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """An alert was raised, its mail went, or somebody dealt with it."""
    notify(tx, "alert")


@consumers.on(AlertWorkProgressed, AlertRuleTrialFinished, retry=(5,))
def show_alert_work(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """A trial, a recalculation or a test message went on."""
    notify(tx, "alert_work")


@consumers.on(SizeImportProgressed, SizeImportFinished, retry=(5,))
def show_size_import(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """An import of patient sizes went on."""
    notify(tx, "sizes")


@consumers.on(ExportProgressed, ExportCompleted, ExportFailed, ExportCancelled, retry=(5,))
def show_export(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """An export went on."""
    notify(tx, "export")


@consumers.on(QueryProgressed, QueryAnswered, RetrieveProgressed, RetrieveFinished, retry=(5,))
def show_query(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """A query or retrieval went on."""
    notify(tx, "query")


@consumers.on(RederivationProgressed, PeopleChangeProgressed, PatientIdentityChanged, retry=(5,))
def show_change(event: Event, tx: Transaction) -> None:  # noqa: ARG001
    """A change of records that stand went on."""
    notify(tx, "change")
