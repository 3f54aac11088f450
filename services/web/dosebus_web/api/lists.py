"""The listings: what they hold, their studies, how many, and searches that must not stand in an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pydantic_core
from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.resolve import resolve
from dosebus.catalogue.schema import describe, row_schema
from dosebus_web.api import filters, given, problem
from dosebus_web.auth import seen
from dosebus_web.auth.caller import Caller
from dosebus_web.auth.gate import ApiFinder, ApiReader
from dosebus_web.pages.studies import private
from dosebus_web.web import Here, Web

router = APIRouter(prefix="/api/v1", tags=["listings"])
Name = Annotated[str, Path(max_length=20, description="`ct`, `rf`, `mg`, `dx` or `nm`.", examples=["ct"])]
ALWAYS: Mapping[str, Any] = {
    "id": {"type": "integer"},
    "study_instance_uid": {"type": "string"},
    "device_id": {"type": ["integer", "null"]},
}
CURSOR = {"type": ["integer", "null"]}
Told = Annotated[str, Field(max_length=200, pattern=given.WRITTEN)]


class ListingName(BaseModel):
    """A listing."""

    name: str = Field(examples=["ct"])
    title: str = Field(examples=["CT"])
    modality_types: list[str] = Field(examples=[["CT"]])


class Listings(BaseModel):
    """All listings."""

    items: list[ListingName]


class Count(BaseModel):
    """How many studies fit; counting ends at a limit."""

    count: int
    more: bool = Field(description="Whether there are more than `count`.")


class Search(BaseModel):
    """What is searched for exactly (a name: contained); patient data need the scope `pid`."""

    model_config = ConfigDict(extra="forbid")

    accession: Told = ""
    patient_id: Told = ""
    patient_name: Told = ""
    limit: int = Field(50, ge=10, le=given.MOST)
    after: int | None = Field(None, ge=0, lt=10**18)


def called(name: str) -> Listing:
    """The listing of an address. Raises HTTPException 404."""
    if name not in LISTINGS:
        raise HTTPException(404, f"There is no such list; there are {', '.join(LISTINGS)}.")
    return LISTINGS[name]


def as_json(content: Any) -> Response:
    """Rows as JSON, dates in ISO form, numbers that are none as null."""
    return Response(pydantic_core.to_json(content, inf_nan_mode="null"), media_type="application/json")


def studies_of(here: Web, caller: Caller, listing: Listing, query: ListQuery) -> dict[str, Any]:
    """A page of a listing; that it names patients is written into the audit log."""
    with here.database.reading() as connection:
        asked = resolve(connection, listing, query)
        page = query.page_of(connection.execute(compiled.page(listing, asked)).mappings().all())
    personal = {key for key, field in listing.choosable.items() if field.personal}
    if page.rows and personal & page.rows[0].keys():
        with here.database.transaction() as tx:
            shown = [int(row["id"]) for row in page.rows]
            caller.note(tx, seen.ACTION, f"list {listing.name}", {"shown": shown})
    return {"studies": [dict(row) for row in page.rows], "after": page.after, "before": page.before}


def page_schema(listing: Listing) -> dict[str, Any]:
    """The schema of a page of a listing, with every field that can be a column."""
    row = row_schema(listing.choosable.values())
    row["properties"] = dict(ALWAYS) | row["properties"]
    row["required"] = list(ALWAYS)
    rows = {"type": "array", "items": row}
    properties = {"studies": rows, "after": CURSOR, "before": CURSOR}
    return {"type": "object", "properties": properties, "required": list(properties)}


def answering(schema: dict[str, Any], told: str) -> dict[int | str, dict[str, Any]]:
    """The successful answer of an operation for OpenAPI."""
    return {200: {"description": told, "content": {"application/json": {"schema": schema}}}}


def own(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """What OpenAPI tells of an operation that reads its query string by itself."""
    return {"parameters": parameters, given.OWN: True}


@router.get("/listings", response_model=Listings, responses=problem.responses(), summary="The listings")
def show_listings(caller: ApiReader) -> Any:  # noqa: ARG001 - the gate
    """The listings of studies by modality."""
    return {"items": [{"name": one.name, "title": one.title, "modality_types": one.modality_types}
                      for one in LISTINGS.values()]}  # fmt: skip


@router.get(
    "/listings/{name}",
    responses=answering({"type": "object"}, "The listing.") | problem.responses(404),
    summary="The columns, filters and sort keys of a list",
)
def show_listing(caller: ApiReader, name: Name) -> Response:
    """JSON Schemas of a list's rows with their units, and what it can be filtered and sorted by."""
    return as_json(describe(called(name), allow_pid=caller.allow_pid))


def list_of(listing: Listing) -> Callable[..., Response]:
    """The operation that lists the studies of one listing."""

    def list_studies(request: Request, caller: ApiReader, here: Here) -> Response:
        items = request.query_params.multi_items()
        query = filters.parse(listing, items, allow_pid=caller.allow_pid)
        return as_json(studies_of(here, caller, listing, query))

    return list_studies


def count_of(listing: Listing) -> Callable[..., Response]:
    """The operation that counts the studies of one listing."""

    def count_studies(request: Request, caller: ApiReader, here: Here) -> Response:
        items = request.query_params.multi_items()
        of_rows = {name: "is for lists only" for name, _ in items if name in filters.OF_ROWS}
        if of_rows:
            raise problem.ParameterError(of_rows)
        query, cap = filters.parse(listing, items, allow_pid=caller.allow_pid), here.settings.count_limit
        with here.database.reading() as connection:
            asked = resolve(connection, listing, query)
            found = connection.execute(compiled.count_capped(listing, asked, cap)).scalar_one()
        return as_json({"count": min(found, cap), "more": found > cap})

    return count_studies


TELLS_FILTERS = (
    "Filters combine by *and*. Groups combine them otherwise: `g1=any&g1.model=Axiom&g1.!station=R1` asks for a model "
    "that holds `Axiom` or a station that does not hold `R1`; `g1=all|any|none`, `g1` to `g9`; `groups=any` asks for "
    "one of the groups. Values are in the units of `x-unit` or of the keys; thresholds in the unit that lists show."
)


def _add(listing: Listing) -> None:
    name, title = listing.name, listing.title
    router.add_api_route(
        f"/listings/{name}/studies",
        list_of(listing),
        methods=["GET"],
        name=f"list_{name}_studies",
        responses=answering(page_schema(listing), "A page.") | problem.responses(),
        openapi_extra=own(filters.parameters(listing)),
        summary=f"Studies of {title}",
        description=f"A page of the list. {TELLS_FILTERS}",
    )
    router.add_api_route(
        f"/listings/{name}/count",
        count_of(listing),
        methods=["GET"],
        name=f"count_{name}_studies",
        responses=answering(Count.model_json_schema(), "The number.") | problem.responses(),
        openapi_extra=own(filters.parameters(listing, rows=False)),
        summary=f"How many studies of {title}",
        description=f"The number of studies that fit, up to the limit of the lists. {TELLS_FILTERS}",
    )


@router.post(
    "/listings/{name}/find",
    responses=answering({"type": "object"}, "A page.") | problem.responses(404),
    summary="Studies by accession number or patient",
)
def find(caller: ApiFinder, here: Here, name: Name, search: Search) -> Response:
    """Search by what must not stand in an address; noted in the audit log. Pseudonyms are found by what they hide."""
    listing = called(name)
    texts = {
        "accession": search.accession,
        "patient_id": search.patient_id,
        "patient_name": search.patient_name,
    }
    items = [(key, text.strip()) for key, text in texts.items() if text.strip()]
    permitted = {one.key for one in private.filters_of(listing, allow_pid=caller.allow_pid)}
    if any(key not in permitted for key, _ in items):
        raise HTTPException(403, "Searching for patients needs the scope pid.")
    if not items:
        raise problem.ParameterError({"accession": "or patient_id or patient_name is needed"})
    secret = here.settings.pseudonym_key.get_secret_value().encode()
    with here.database.transaction() as tx:
        stored = private.as_stored(tx.connection, items, secret)
        caller.note(tx, "study.find", name, {"by": [key for key, _ in items]})
    more = [("test", "include"), ("limit", str(search.limit))]
    more += [("after", str(search.after))] if search.after is not None else []
    query = ListQuery.parse(listing, [*stored, *more], allow_pid=caller.allow_pid)
    return as_json(studies_of(here, caller, listing, query))


for _listing in LISTINGS.values():
    _add(_listing)
