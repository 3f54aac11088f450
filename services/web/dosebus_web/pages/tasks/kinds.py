"""The kinds of long work, as rows: where each is kept, how it ends, and which commands stop or repeat it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from dosebus.events.alerts import (
    AlertRecalculationRequested,
    AlertRuleTrialCancelRequested,
    AlertRuleTrialRequested,
    RuleProposal,
)
from dosebus.events.base import Command
from dosebus.events.export import ExportCancelRequested, ExportRequested
from dosebus.events.extract import SizeImportCancelRequested
from dosebus.events.people import PeopleChangeCancelRequested
from dosebus.events.qr import QrCancelRequested, QueryRequested, RetrieveRequested
from dosebus.events.rederivation import RederivationCancelRequested, RederivationRequested, Selection
from dosebus.store.tables import alerts, dose_changes, dose_imports, export, qr
from dosebus_web.language import marked

PHASES = ("waiting", "running", "done", "failed", "cancelled")
PHASE_OF: Mapping[str, str] = {
    "queued": "waiting", "waiting": "waiting", "running": "running", "applying": "running", "ready": "waiting",
    "done": "done", "completed": "done", "finished": "done", "discarded": "cancelled", "failed": "failed",
    "cancelled": "cancelled", "cancelling": "running",
}  # fmt: skip
"""What the services' own words mean to a person who looks for what is stuck."""
UNDER_WAY = frozenset({"waiting", "running"})
Asker = Callable[[Any, str], Command]
"""Makes the command for a row of the kind's table and the name of who asks."""


@dataclass(frozen=True)
class Kind:
    """One kind of long work. `page` is the address of a task, `{id}` in it."""

    key: str
    label: str
    table: sa.Table
    id: str
    group: str
    page: str
    done: str
    total: str
    requested_at: str = "requested_at"
    finished_at: str = "finished_at"
    reason: str = "reason"
    only: Mapping[str, str] = field(default_factory=dict)
    """Column and value that tell this kind from others of its table."""
    cancel: Asker | None = None
    retry: Asker | None = None

    def select(self) -> sa.Select[Any]:
        """Its tasks under the names that all kinds share."""
        c = self.table.c
        return sa.select(
            sa.literal(self.key).label("kind"),
            sa.cast(c[self.id], sa.Text).label("id"),
            c.state.label("state"),
            sa.cast(c[self.done], sa.BigInteger).label("done"),
            sa.cast(c[self.total], sa.BigInteger).label("total"),
            c.requested_by.label("requested_by"),
            c[self.requested_at].label("requested_at"),
            c.started_at.label("started_at"),
            c[self.finished_at].label("finished_at"),
            c[self.reason].label("reason"),
        ).where(*(c[name] == value for name, value in self.only.items()))

    def find(self, task_id: UUID) -> sa.Select[Any]:
        """The whole row of one task."""
        c = self.table.c
        only = (c[name] == value for name, value in self.only.items())
        return sa.select(self.table).where(c[self.id] == task_id, *only)


def _export_again(row: Any, username: str) -> Command:
    return ExportRequested(
        export_id=uuid4(), listing=row.listing, query=row.query, file_format=row.file_format,
        requested_by=username, include_patient=row.include_patient,
    )  # fmt: skip


def _query_again(row: Any, username: str) -> Command:
    return QueryRequested(
        query_id=uuid4(), node_id=row.node_id, modalities=tuple(row.modalities), date_from=row.date_from,
        date_to=row.date_to, requested_by=username,
    )  # fmt: skip


def _retrieve_again(row: Any, username: str) -> Command:
    uids = None if row.study_instance_uids is None else tuple(row.study_instance_uids)
    return RetrieveRequested(
        retrieve_id=uuid4(), query_id=row.query_id, study_instance_uids=uids, requested_by=username
    )


def _derive_again(row: Any, username: str) -> Command:
    selection = Selection.model_validate(row.selection)
    return RederivationRequested(rederivation_id=uuid4(), selection=selection, requested_by=username)


def _try_again(row: Any, username: str) -> Command:
    return AlertRuleTrialRequested(
        trial_id=uuid4(), rule_key=row.rule_key, rule=RuleProposal.model_validate(row.rule),
        date_from=row.date_from, date_until=row.date_until, requested_by=username,
    )  # fmt: skip


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "export", marked("Export"), export.job, "export_id", "export", "/exports", "rows_done", "rows_total",
            cancel=lambda row, _: ExportCancelRequested(export_id=row.export_id), retry=_export_again,
        ),
        Kind(
            "query", marked("Query of an archive"), qr.job, "id", "importqr", "/query/{id}", "done", "total",
            finished_at="ended_at", only={"kind": "query"},
            cancel=lambda row, _: QrCancelRequested(job_id=row.id), retry=_query_again,
        ),
        Kind(
            "retrieve", marked("Retrieval from an archive"), qr.job, "id", "importqr", "/query/{id}", "done", "total",
            finished_at="ended_at", only={"kind": "retrieve"},
            cancel=lambda row, _: QrCancelRequested(job_id=row.id), retry=_retrieve_again,
        ),
        Kind(
            "sizes", marked("Import of patient sizes"), dose_imports.size_import, "import_id", "importsize", "/sizes",
            "rows_done", "rows_total", cancel=lambda row, _: SizeImportCancelRequested(import_id=row.import_id),
        ),
        Kind(
            "rederivation", marked("Derivation of records"), dose_changes.rederivation, "id", "admin",
            "/admin/rederivation/{id}", "studies_done", "studies_total",
            cancel=lambda row, name: RederivationCancelRequested(rederivation_id=row.id, requested_by=name),
            retry=_derive_again,
        ),
        Kind(
            "people", marked("Change of what is kept of patients"), dose_changes.people_change, "id", "admin",
            "/admin/people", "studies_done", "studies_total",
            cancel=lambda row, name: PeopleChangeCancelRequested(people_change_id=row.id, requested_by=name),
        ),
        Kind(
            "recalculation", marked("Recalculation of alerts"), alerts.recalculation, "id", "admin", "/admin/alerts",
            "studies_done", "studies_total", requested_at="created_at", reason="failure",
            retry=lambda _, name: AlertRecalculationRequested(requested_by=name),
        ),
        Kind(
            "trial", marked("Trial of an alert rule"), alerts.trial, "id", "admin", "/admin/alerts", "studies_done",
            "studies_total", requested_at="created_at", reason="failure",
            cancel=lambda row, name: AlertRuleTrialCancelRequested(trial_id=row.id, requested_by=name),
            retry=_try_again,
        ),
    )
}  # fmt: skip
