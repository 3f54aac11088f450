"""Archives: ask one for studies, fetch what it answered, stop either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from fastapi import HTTPException

from dosebus.events.qr import QrCancelRequested, QueryRequested, RetrieveRequested
from dosebus.store.tables import config
from dosebus.store.tables import qr as tables
from dosebus_web.auth.caller import Caller
from dosebus_web.language import gettext as _
from dosebus_web.web import Web

ASKED: Mapping[str, tuple[str, ...]] = {
    "CT": ("CT",), "RF": ("RF", "XA"), "MG": ("MG",), "DX": ("DX", "CR", "PX"), "NM": ("NM", "PT"),
}  # fmt: skip
"""The DICOM modalities that a choice stands for."""


def ask(
    here: Web,
    caller: Caller,
    node_id: int,
    choices: Iterable[str],
    days: tuple[date | None, date | None],
) -> UUID:
    """Ask a node for studies of the modalities that `choices` (keys of `ASKED`) stand for; gives the query's id.

    The first and the last of `days` are included; None: any. Raises HTTPException 400 for a node that is not there,
    and for days in the wrong order.
    """
    first, last = days
    if first and last and first > last:
        raise HTTPException(400, _("The first day is after the last."))
    query_id, node = uuid4(), config.node.c
    wish = QueryRequested(
        query_id=query_id,
        node_id=node_id,
        modalities=tuple(name for choice in dict.fromkeys(choices) for name in ASKED[choice]),
        date_from=first,
        date_to=last,
        requested_by=caller.username,
    )
    with here.database.transaction() as tx:
        if tx.execute(sa.select(node.id).where(node.id == node_id)).first() is None:
            raise HTTPException(400, _("There is no such node."))
        tx.publish(wish)
        caller.note(tx, "query.requested", str(query_id))
    return query_id


def job(connection: sa.Connection, job_id: UUID) -> Any:
    """A query or a retrieval. Raises HTTPException 404."""
    row = connection.execute(sa.select(tables.job).where(tables.job.c.id == job_id)).first()
    if row is None:
        raise HTTPException(404, _("There is no such query or retrieval."))
    return row


def fetch(here: Web, caller: Caller, query_id: UUID, study_instance_uids: Iterable[str] = ()) -> UUID:
    """Ask for the dose reports of the studies that are named, or of all that the query kept; gives the retrieval's id.

    Raises HTTPException 404.
    """
    retrieve_id = uuid4()
    wish = RetrieveRequested(
        retrieve_id=retrieve_id,
        query_id=query_id,
        study_instance_uids=tuple(study_instance_uids) or None,
        requested_by=caller.username,
    )
    with here.database.transaction() as tx:
        job(tx.connection, query_id)
        tx.publish(wish)
        caller.note(tx, "retrieve.requested", str(retrieve_id))
    return retrieve_id


def cancel(here: Web, caller: Caller, job_id: UUID) -> None:
    """Ask to stop a query or retrieval. Raises HTTPException 404."""
    with here.database.transaction() as tx:
        job(tx.connection, job_id)
        tx.publish(QrCancelRequested(job_id=job_id))
        caller.note(tx, "query.cancelled", str(job_id))
