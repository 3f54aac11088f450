"""What pages put together from several tables: the overview, long work, services, unmapped names, oddities."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel, Field

from dosebus.store.tables import dose, dose_changes
from dosebus_web.api import given, problem
from dosebus_web.api.shape import LocalTime, model_of
from dosebus_web.auth.gate import ApiAdmin, ApiReader
from dosebus_web.pages.admin.devices import oddities
from dosebus_web.pages.home.overview import overview
from dosebus_web.pages.names import store, suggest, volume
from dosebus_web.pages.names.chapters import chapter_of, since
from dosebus_web.pages.services.board import board
from dosebus_web.pages.tasks.board import Asked, tasks
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1")
Model = TypeVar("Model", bound=BaseModel)


class Work(BaseModel):
    """A device in a list, and how much it did."""

    device_id: int | None
    name: str = Field(examples=["CT 1"])
    studies: int
    recent: list[int] = Field(description="Studies within each of `periods`.")
    latest_at: LocalTime | None
    silent: bool = Field(description="Nothing came for longer than the setting says.")


class ListWork(BaseModel):
    """A list with its devices."""

    listing: str = Field(examples=["ct"])
    studies: int
    recent: list[int]
    devices: list[Work]


class Overview(BaseModel):
    """The numbers of the home page."""

    periods: list[int] = Field(description="Days.", examples=[[7, 28]])
    lists: list[ListWork]
    alerts_waiting: int
    messages_lost: int = Field(
        description="Alerts that wait and whose message did not arrive, or may not have."
    )
    rejected: int = Field(description="Objects that gave no record and wait for somebody.")


@router.get(
    "/overview",
    response_model=Overview,
    responses=problem.responses(),
    tags=["overview"],
    summary="The home page",
)
def show_overview(caller: ApiReader, here: Here) -> Any:  # noqa: ARG001 - the gate
    """Studies by list and device, and what waits for somebody."""
    with here.database.reading(snapshot=True) as connection:
        seen = overview(connection)
    lists = [
        ListWork(
            listing=one.listing.name,
            studies=one.studies,
            recent=list(one.recent),
            devices=[_picked(Work, device) for device in one.devices],
        )
        for one in seen.modalities
    ]
    return Overview(
        periods=list(seen.periods),
        lists=lists,
        alerts_waiting=seen.alerts_waiting,
        messages_lost=seen.messages_lost,
        rejected=seen.set_aside,
    )


def _picked(model: type[Model], source: Any) -> Model:
    """A model of the attributes of a value that bear its names."""
    return model(**{name: getattr(source, name) for name in model.model_fields})


class TaskRow(BaseModel):
    """A piece of long work."""

    kind: str = Field(examples=["export"])
    id: str
    state: str
    phase: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    requested_by: str
    requested_at: AwareDatetime
    duration_seconds: float | None
    reason: str | None


class TaskPage(BaseModel):
    """A page of tasks."""

    items: list[TaskRow]
    after: AwareDatetime | None = Field(description="Give it as `after` to go on; null at the end.")


@router.get(
    "/tasks", response_model=TaskPage, responses=problem.responses(), tags=["tasks"], summary="Long work"
)
def list_tasks(
    *,
    caller: ApiReader,
    here: Here,
    phase: Literal["waiting", "running", "done", "failed", "cancelled"] | None = None,
    kind: given.Words = "",
    after: Annotated[AwareDatetime | None, Query(description=given.AFTER)] = None,
) -> Any:
    """Exports, queries, imports, derivations and the like, newest first: one's own; with the scope `admin` all."""
    asked = Asked(caller.username, caller.may, phase or "", kind, after)
    with here.database.reading() as connection:
        found, following = tasks(connection, asked)
    same = [name for name in TaskRow.model_fields if name not in ("kind", "duration_seconds")]
    rows = [
        TaskRow(
            kind=one.kind.key,
            duration_seconds=None if one.duration is None else one.duration.total_seconds(),
            **{name: getattr(one, name) for name in same},
        )
        for one in found
    ]
    return TaskPage(items=rows, after=following)


class ServiceRow(BaseModel):
    """How a service is."""

    service: str = Field(examples=["extract"])
    state: str = Field(examples=["healthy"])
    detail: str
    milliseconds: int | None


class QueueRow(BaseModel):
    """How many messages wait in a queue."""

    queue: str = Field(examples=["extract.record_dose"])
    service: str
    ready: int
    delayed: int
    consumers: int
    dead: bool


class LetterRow(BaseModel):
    """A message that could not be dealt with."""

    message_id: str
    service: str
    queue: str
    topic: str
    attempt: int
    reason_code: str
    parked_at: AwareDatetime


class Board(BaseModel):
    """Services, queues and dead letters."""

    services: list[ServiceRow]
    queues: list[QueueRow]
    dead_letters: list[LetterRow]
    bus_away: bool = Field(description="The bus does not answer, so nothing is known of queues.")


@router.get(
    "/services",
    response_model=Board,
    responses=problem.responses(),
    tags=["services"],
    summary="Services and queues",
)
def show_services(caller: ApiAdmin, here: Here) -> Any:  # noqa: ARG001
    """How every service and queue is. Needs the scope `admin`."""
    seen = board(here.neighbours, here.bus)
    return Board(
        services=[_picked(ServiceRow, one) for one in seen.services],
        queues=[_picked(QueueRow, one) for one in seen.queues],
        dead_letters=[_picked(LetterRow, one) for one in seen.letters],
        bus_away=seen.bus_away,
    )


class Unmapped(BaseModel):
    """A text that devices or people wrote and that has no standard name."""

    raw_name: str = Field(examples=["THORAX+KM"])
    sources: list[str] = Field(examples=[["study_description"]])
    volume: int = Field(description="How many studies or acquisitions bear it.")
    last_seen_at: LocalTime | None


class UnmappedPage(BaseModel):
    """A page of texts."""

    items: list[Unmapped]
    after: int | None = Field(description="Give it as `after` to go on; null at the end.")


@router.get(
    "/unmapped-names",
    response_model=UnmappedPage,
    responses=problem.responses(404),
    tags=["names"],
    summary="Names without a standard name",
)
def list_unmapped(
    *,
    caller: ApiReader,  # noqa: ARG001
    here: Here,
    modality_type: Literal["CT", "RF", "MG", "DX", "NM"],
    kind: Literal["study", "acquisition"] = "study",
    months: Annotated[
        Literal["3", "12", "36", "0"], Query(description="Of studies so young; 0: of all.")
    ] = "12",
    text: given.Words = "",
    limit: given.Limit = 50,
    after: Annotated[int, Query(ge=0, le=10**6, description=given.AFTER)] = 0,
) -> Any:
    """The texts that stand for no standard name yet, the most frequent first."""
    chapter = chapter_of(modality_type, kind)
    with here.database.reading(snapshot=True) as connection:
        state = store.read(connection, chapter)
        found = list(volume.seen(connection, chapter, since(months)))
    rest = suggest.unmapped(state, found, text, "")
    shown = [
        Unmapped(
            raw_name=one.raw_name, sources=list(one.sources), volume=one.volume, last_seen_at=one.last_seen_at
        )
        for one in rest[after : after + limit]
    ]
    return UnmappedPage(items=shown, after=after + limit if len(rest) > after + limit else None)


class Odd(BaseModel):
    """A finding, and in how many of the device's latest studies it was made."""

    code: str
    severity: str
    studies: int
    newest: int = Field(description="The id of the newest such study.")


class NotRead(BaseModel):
    """Content that no table of the reader reads, and how often the device's latest studies hold it."""

    code_value: str
    coding_scheme_designator: str
    code_meaning: str | None
    times: int
    newest: int


class Oddities(BaseModel):
    """What is odd about a device's latest studies."""

    findings: list[Odd]
    unread: list[NotRead]


@router.get(
    "/devices/{device_id}/oddities",
    response_model=Oddities,
    responses=problem.responses(404),
    tags=["devices"],
    summary="What is odd about a device's latest studies",
)
def show_oddities(caller: ApiReader, here: Here, device_id: given.Id) -> Any:  # noqa: ARG001
    """Findings and unread content of the latest 500 studies, counted."""
    with here.database.reading(snapshot=True) as connection:
        known = connection.execute(sa.select(dose.device.c.id).where(dose.device.c.id == device_id)).first()
        if known is None:
            raise HTTPException(404, "There is no such device.")
        found = oddities(connection, device_id)
    return {name: [dict(row._mapping) for row in rows] for name, rows in found.items()}


DIFFERENCE = tuple(one for one in dose_changes.rederivation_difference.c if one.key != "rederivation_id")
Difference = model_of(
    "RederivationDifference", "In how many studies of a device a field differs.", DIFFERENCE
)


class Differences(BaseModel):
    """All differences of a derivation, by field and device; device 0: none is known."""

    items: list[Difference]  # type: ignore[valid-type]


@router.get(
    "/rederivations/{rederivation_id}/differences",
    response_model=Differences,
    responses=problem.responses(),
    tags=["changes of records"],
    summary="What a derivation would change",
)
def list_differences(caller: ApiAdmin, here: Here, rederivation_id: UUID) -> Any:  # noqa: ARG001
    """The differences by field and device. Needs the scope `admin`."""
    table = dose_changes.rederivation_difference.c
    wanted = sa.select(*DIFFERENCE).where(table.rederivation_id == rederivation_id)
    with here.database.reading() as connection:
        rows = connection.execute(wanted.order_by(table.field, table.device_id)).mappings().all()
    return {"items": [dict(row) for row in rows]}
