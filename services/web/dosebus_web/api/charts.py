"""Charts as numbers: the same that pages draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from dosebus.catalogue.charts import CHARTS
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus_web.api import filters, problem
from dosebus_web.api.lists import TELLS_FILTERS, Name, as_json, called, own
from dosebus_web.auth.gate import ApiReader
from dosebus_web.pages.charts import options as chosen
from dosebus_web.pages.charts import wording
from dosebus_web.pages.charts.answer import columns
from dosebus_web.pages.charts.options import Options
from dosebus_web.pages.charts.routes import Asked, drawn_chart
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1", tags=["charts"])
Key = Annotated[str, Path(max_length=120, pattern=r"^[a-z0-9_]{1,120}$", examples=["workload"])]
DRAWN = frozenset({"palette", "facet"})
"""Options that say only how a drawing looks."""


class ChartRow(BaseModel):
    """A chart that a listing has, by the keys of its fields."""

    key: str = Field(examples=["total_dlp_mgycm_by_study_description"])
    title: str
    drawing: str = Field(examples=["values"])
    by: str | None
    value: str | None
    against: str | None
    splits: list[str]


class Charts(BaseModel):
    """The charts of a listing."""

    items: list[ChartRow]


class Column(BaseModel):
    """A key of the rows, and its heading with the unit."""

    key: str
    heading: str


class ChartNumbers(BaseModel):
    """The numbers of a chart in the units of `columns`; `filters` of a row ask the list for what it stands for."""

    key: str
    title: str
    columns: list[Column]
    rows: list[dict[str, Any]]
    series_count: int = Field(description="How many series there are, drawn or not.")
    drawn: int = Field(description="How many studies or events the rows stand for.")
    whole: int = Field(description="How many there are.")


@router.get(
    "/listings/{name}/charts",
    response_model=Charts,
    responses=problem.responses(404),
    summary="Charts of a list",
)
def list_charts(caller: ApiReader, name: Name) -> Any:  # noqa: ARG001 - the gate
    """The charts that a list has."""
    listing = called(name)
    rows = [
        ChartRow(
            key=one.key, title=wording.title(listing, one), drawing=one.drawing.value, by=one.by, value=one.value,
            against=one.against, splits=list(one.splits),
        )
        for one in CHARTS[name].values()
    ]  # fmt: skip
    return Charts(items=rows)


def parameters(listing: Listing) -> list[dict[str, Any]]:
    """The filters of a list and the options of charts for OpenAPI."""
    delivered = Options()
    found: list[dict[str, Any]] = []
    for key, values in chosen.CHOICES.items():
        schema = {"type": "string", "enum": list(values), "default": getattr(delivered, key)}
        found.append(_option(key, schema))
    for key, (least, most) in chosen.NUMBERS.items():
        schema = {"type": "integer", "minimum": least, "maximum": most, "default": getattr(delivered, key)}
        found.append(_option(key, schema))
    return filters.parameters(listing, rows=False) + [one for one in found if one["name"] not in DRAWN]


def _option(key: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": key, "in": "query", "required": False, "schema": schema, "description": f"Option {key}."}


def numbers_of(listing: Listing) -> Callable[..., Response]:
    """The operation that gives the numbers of a chart of one listing."""
    schemas = {one["name"]: one["schema"] for one in parameters(listing)}

    def show_chart(request: Request, caller: ApiReader, here: Here, key: Key) -> Response:
        chart = CHARTS[listing.name].get(key)
        if chart is None:
            raise HTTPException(404, "There is no such chart.")
        items = request.query_params.multi_items()
        given, rest = chosen.parted(items)
        wrong = {name for name, raw in given if name not in schemas or not filters.fits(schemas[name], raw)}
        if wrong:
            raise problem.ParameterError(dict.fromkeys(sorted(wrong), "is no option, or has no such value"))
        if any(name in filters.OF_ROWS for name, _ in rest):
            raise problem.ParameterError(
                {name: "is for lists only" for name, _ in rest if name in filters.OF_ROWS}
            )
        query = filters.parse(listing, rest, allow_pid=caller.allow_pid)
        asked = Asked(listing, query, Options().changed(given), rest, {})
        drawn = drawn_chart(here, asked, chart)
        made = columns(listing, chart, asked.options)
        rows = [
            {one.key: row.get(one.key) for one in made} | {"filters": [list(item) for item in row["narrow"]]}
            for row in drawn.rows
        ]
        heads = [{"key": one.key, "heading": one.heading} for one in made]
        return as_json(
            {
                "key": key, "title": wording.title(listing, chart), "columns": heads, "rows": rows,
                "series_count": drawn.series_count, "drawn": drawn.drawn, "whole": drawn.whole,
            }
        )  # fmt: skip

    return show_chart


def _add(listing: Listing) -> None:
    router.add_api_route(
        f"/listings/{listing.name}/charts/{{key}}",
        numbers_of(listing),
        methods=["GET"],
        name=f"chart_of_{listing.name}",
        responses={
            200: {"model": ChartNumbers, "description": "The numbers."},
            **problem.responses(404, 503),
        },
        openapi_extra=own(parameters(listing)),
        summary=f"A chart of {listing.title}",
        description=f"The numbers of a chart. {TELLS_FILTERS}",
    )


for _listing in LISTINGS.values():
    _add(_listing)
