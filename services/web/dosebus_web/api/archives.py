"""Archives: the nodes, queries of them with their answers, and retrievals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from dosebus.store.tables import config
from dosebus.store.tables import qr as tables
from dosebus_web.api import given, problem
from dosebus_web.api.exports import Requested
from dosebus_web.api.paging import page
from dosebus_web.api.shape import list_of, model_of, page_of
from dosebus_web.auth.gate import ApiQuerier, ApiQuerierWrites
from dosebus_web.web import Here
from dosebus_web.wishes import archives as wishes

router = APIRouter(prefix="/api/v1", tags=["archives"])
J, N, S, E = tables.job.c, config.node.c, tables.study.c, tables.series.c
STATUS = tuple(
    tables.node_status.c[key] for key in ("state", "reason", "round_trip_ms", "checked_at", "answered_at")
)
STATUS_KEYS: dict[str, Any] = {column.key: (Any, None) for column in STATUS}
Node = model_of("Node", "An archive that can be asked, and how its last C-ECHO went.", N, **STATUS_KEYS)
Job = model_of("ArchiveJob", "A query or a retrieval, and how far it is.", J)
Series = model_of("ArchiveSeries", "A series of an answer.", E)
Answer = model_of(
    "ArchiveStudy", "A study that an archive told of, and why it was kept.", S, series=list_of(Series)
)
JobPage, AnswerPage = page_of("ArchiveJobPage", Job, UUID), page_of("ArchiveStudyPage", Answer, int)
Modality = Literal["CT", "RF", "MG", "DX", "NM"]
Uid = Annotated[str, Field(max_length=64, pattern=r"^[0-9.]{1,64}$")]


class Nodes(BaseModel):
    """All nodes."""

    items: list[Node]  # type: ignore[valid-type]


class QueryWish(BaseModel):
    """What to ask an archive for; both days are included."""

    model_config = ConfigDict(extra="forbid")

    node_id: int = Field(ge=1, le=given.LARGEST_ID, examples=[1])
    modalities: list[Modality] = Field(min_length=1, max_length=5, examples=[["CT"]])
    date_from: date | None = Field(None, examples=["2026-01-01"])
    date_to: date | None = Field(None, examples=["2026-01-31"])


class RetrieveWish(BaseModel):
    """Of which studies the dose reports are fetched; null: of all that the query kept."""

    model_config = ConfigDict(extra="forbid")

    study_instance_uids: list[Uid] | None = Field(None, max_length=10_000, examples=[["1.2.3.4"]])


@router.get("/nodes", response_model=Nodes, responses=problem.responses(), summary="Archives")
def list_nodes(caller: ApiQuerier, here: Here) -> Any:  # noqa: ARG001 - the gate
    """The archives that can be asked."""
    joined = config.node.outerjoin(tables.node_status, tables.node_status.c.node_id == N.id)
    wanted = sa.select(*N, *STATUS).select_from(joined).order_by(N.name)
    with here.database.reading() as connection:
        return {"items": [dict(row) for row in connection.execute(wanted).mappings()]}


@router.get(
    "/archive-jobs",
    response_model=JobPage,
    responses=problem.responses(404),
    summary="Queries and retrievals",
)
def list_jobs(
    *,
    caller: ApiQuerier,  # noqa: ARG001
    here: Here,
    kind: Literal["query", "retrieve"] | None = None,
    state: Literal["waiting", "running", "finished", "failed", "cancelled"] | None = None,
    limit: given.Limit = 50,
    after: given.AfterUuid = None,
) -> Any:
    """Queries and retrievals, newest first."""
    wanted = sa.select(*J)
    if kind is not None:
        wanted = wanted.where(J.kind == kind)
    if state is not None:
        wanted = wanted.where(J.state == state)
    with here.database.reading() as connection:
        return page(connection, wanted, newest=J.requested_at, key=J.id, after=after, limit=limit)


@router.get(
    "/archive-jobs/{job_id}",
    response_model=Job,
    responses=problem.responses(404),
    summary="One query or retrieval",
)
def show_job(caller: ApiQuerier, here: Here, job_id: UUID) -> Any:  # noqa: ARG001
    """How far a query or retrieval is."""
    with here.database.reading() as connection:
        return dict(wishes.job(connection, job_id)._mapping)


@router.get(
    "/archive-jobs/{job_id}/studies",
    response_model=AnswerPage,
    responses=problem.responses(404),
    summary="Answers",
)
def list_answers(
    *,
    caller: ApiQuerier,  # noqa: ARG001
    here: Here,
    job_id: UUID,
    kept: bool | None = None,
    limit: given.Limit = 50,
    after: given.AfterId = None,
) -> Any:
    """What an archive answered to a query, or to the query of a retrieval, with the series, the last first."""
    with here.database.reading(snapshot=True) as connection:
        job = wishes.job(connection, job_id)
        wanted = sa.select(*S).where(S.query_id == (job.query_id or job.id))
        if kept is not None:
            wanted = wanted.where(S.kept.is_(kept))
        answers = page(connection, wanted, newest=S.id, key=S.id, after=after, limit=limit)
        ids = [row["id"] for row in answers["items"]]
        found: dict[int, list[dict[str, Any]]] = {key: [] for key in ids}
        for row in connection.execute(sa.select(*E).where(E.study_id.in_(ids)).order_by(E.id)).mappings():
            found[row["study_id"]].append(dict(row))
    return {**answers, "items": [row | {"series": found[row["id"]]} for row in answers["items"]]}


@router.post(
    "/queries",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(),
    summary="Ask an archive",
)
def request_query(caller: ApiQuerierWrites, here: Here, wish: QueryWish) -> Any:
    """Ask an archive for studies; the answers come under the id."""
    days = wish.date_from, wish.date_to
    return Requested(id=wishes.ask(here, caller, wish.node_id, wish.modalities, days))


@router.post(
    "/queries/{job_id}/retrieve",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(404),
    summary="Fetch studies",
)
def request_retrieval(caller: ApiQuerierWrites, here: Here, job_id: UUID, wish: RetrieveWish) -> Any:
    """Fetch the dose reports that a query kept."""
    return Requested(id=wishes.fetch(here, caller, job_id, wish.study_instance_uids or ()))


@router.post(
    "/archive-jobs/{job_id}/cancel",
    status_code=202,
    response_model=Requested,
    responses=problem.responses(404),
    summary="Stop a job",
)
def cancel_job(caller: ApiQuerierWrites, here: Here, job_id: UUID) -> Any:
    """Ask to stop a query or retrieval."""
    wishes.cancel(here, caller, job_id)
    return Requested(id=job_id)
