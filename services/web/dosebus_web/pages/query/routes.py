"""The query page: ask an archive, see what it has and why each study is kept or dropped, fetch it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus.events.qr import NodeEchoRequested
from dosebus.store.tables import config, dose
from dosebus.store.tables import qr as tables
from dosebus_web.auth.caller import of_page
from dosebus_web.auth.gate import Querier, QuerierWrites
from dosebus_web.language import marked
from dosebus_web.web import Here, Web
from dosebus_web.wishes import archives

router = APIRouter()
JOB = tables.job.c
MODALITIES = (
    ("CT", "CT"),
    ("RF", marked("Fluoroscopy (RF, XA)")),
    ("MG", marked("Mammography")),
    ("DX", marked("Radiography")),
    ("NM", marked("Nuclear medicine")),
)
PAGE = 100


def _nodes(connection: sa.Connection) -> Sequence[Any]:
    status = tables.node_status
    columns = (config.node, status.c.state, status.c.reason, status.c.round_trip_ms, status.c.checked_at)
    joined = config.node.outerjoin(status, status.c.node_id == config.node.c.id)
    return connection.execute(sa.select(*columns).select_from(joined).order_by(config.node.c.name)).all()


def _jobs(connection: sa.Connection) -> Sequence[Any]:
    joined = tables.job.outerjoin(config.node, config.node.c.id == JOB.node_id)
    wanted = sa.select(tables.job, config.node.c.name.label("node")).select_from(joined)
    return connection.execute(wanted.order_by(JOB.requested_at.desc()).limit(30)).all()


def _overview(request: Request, here: Web, template: str) -> Response:
    with here.database.reading() as connection:
        values = {"nodes": _nodes(connection), "jobs": _jobs(connection)}
    today = date.today()  # noqa: DTZ011 - the day where the hospital is
    more = {"modalities": MODALITIES, "date_from": today - timedelta(days=1), "date_to": today}
    return here.pages.render(request, template, values | more)


@router.get("/query")
def show_query(request: Request, session: Querier, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The nodes, the form and the last jobs."""
    return _overview(request, here, "pages/query/query.html")


@router.get("/query/rows")
def show_rows(request: Request, session: Querier, here: Here) -> Response:  # noqa: ARG001
    """The jobs alone."""
    return _overview(request, here, "pages/query/jobs.html")


@router.post("/query")
def request_query(
    *,
    session: QuerierWrites,
    here: Here,
    node_id: Annotated[int, Form(ge=1)],
    date_from: Annotated[date | None, Form()] = None,
    date_to: Annotated[date | None, Form()] = None,
    modality: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Ask a node."""
    chosen = [name for name in modality or [] if name in archives.ASKED]
    if not chosen:
        raise HTTPException(400, "Choose at least one modality.")
    archives.ask(here, of_page(session), node_id, chosen, (date_from, date_to))
    return here.pages.redirect("/query", {"done": "requested"})


@router.post("/query/echo")
def request_echo(session: QuerierWrites, here: Here, node_id: Annotated[int, Form(ge=1)]) -> Response:  # noqa: ARG001
    """Ask a node for a C-ECHO."""
    with here.database.transaction() as tx:
        tx.publish(NodeEchoRequested(node_id=node_id))
    return here.pages.redirect("/query", {"done": "requested"})


def _answers(
    connection: sa.Connection, job_id: UUID, page: int
) -> tuple[Sequence[Any], dict[Any, list[Any]]]:
    study, series = tables.study.c, tables.series.c
    held = sa.exists().where(dose.study.c.study_instance_uid == study.study_instance_uid)
    wanted = (
        sa.select(tables.study, held.label("held"))
        .where(study.query_id == job_id)
        .order_by(study.study_date.desc().nulls_last(), study.study_time.desc().nulls_last(), study.id)
        .limit(PAGE + 1)
        .offset(page * PAGE)
    )
    studies = connection.execute(wanted).all()
    of_studies = sa.select(tables.series).where(series.study_id.in_([row.id for row in studies]))
    found: dict[Any, list[Any]] = {}
    for row in connection.execute(of_studies.order_by(series.id)):
        found.setdefault(row.study_id, []).append(row)
    return studies, found


def _job(request: Request, here: Web, template: str, job_id: UUID, page: int) -> Response:
    with here.database.reading() as connection:
        job = archives.job(connection, job_id)
        query_id = job.query_id or job.id
        studies, series = _answers(connection, query_id, page)
        node = connection.execute(sa.select(config.node).where(config.node.c.id == job.node_id)).first()
        kept = sa.func.count().filter(tables.study.c.kept)
        counts = connection.execute(
            sa.select(sa.func.count(), kept).where(tables.study.c.query_id == query_id)
        ).one()
    values = {
        "job": job,
        "query_id": query_id,
        "node": node,
        "studies": studies[:PAGE],
        "series": series,
        "page": page,
        "further": len(studies) > PAGE,
        "found": counts[0],
        "kept": counts[1],
    }
    return here.pages.render(request, template, values)


@router.get("/query/{job_id}")
def show_job(
    request: Request,
    session: Querier,  # noqa: ARG001
    here: Here,
    job_id: UUID,
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """A query with its answers, or a retrieval with its series."""
    return _job(request, here, "pages/query/job.html", job_id, page)


@router.get("/query/{job_id}/rows")
def show_job_rows(
    request: Request,
    session: Querier,  # noqa: ARG001
    here: Here,
    job_id: UUID,
    page: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> Response:
    """The answers alone."""
    return _job(request, here, "pages/query/answers.html", job_id, page)


@router.post("/query/{job_id}/retrieve")
def request_retrieval(
    session: QuerierWrites,
    here: Here,
    job_id: UUID,
    study_instance_uid: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Fetch the dose reports of the chosen studies, or of all that were kept."""
    archives.fetch(here, of_page(session), job_id, (uid[:64] for uid in study_instance_uid or ()))
    return here.pages.redirect("/query", {"done": "requested"})


@router.post("/query/{job_id}/cancel")
def cancel(session: QuerierWrites, here: Here, job_id: UUID) -> Response:
    """Ask to stop a query or retrieval."""
    archives.cancel(here, of_page(session), job_id)
    return here.pages.redirect(f"/query/{job_id}", {"done": "cancelling"})
