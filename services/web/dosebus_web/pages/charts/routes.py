"""Charts of a study list, with the list's own filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import OperationalError

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.chart import Chart
from dosebus.catalogue.charts import CHARTS
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.query import ListQuery, QueryError
from dosebus.catalogue.resolve import resolve
from dosebus_web.auth import options as kept
from dosebus_web.auth.gate import Viewer, ViewerWrites
from dosebus_web.auth.sessions import Session
from dosebus_web.http.download import attachment
from dosebus_web.language import gettext as _
from dosebus_web.pages.charts import options as chosen
from dosebus_web.pages.charts import table, wording
from dosebus_web.pages.charts.answer import answer, columns, note
from dosebus_web.pages.charts.drawn import Drawn, aggregate_of, draw
from dosebus_web.pages.charts.options import Options
from dosebus_web.pages.studies import listview, private
from dosebus_web.pages.studies.routes import NOT_QUERY, Name, listing_called
from dosebus_web.web import Here, Web


async def sent_items(request: Request) -> list[tuple[str, str]]:
    """The texts of a form in their order, also of names that come several times."""
    return [(key, text) for key, text in (await request.form()).multi_items() if isinstance(text, str)]


router = APIRouter()
Sent = Annotated[list[tuple[str, str]], Depends(sent_items)]
Key = Annotated[str, Path(max_length=120, pattern=r"^[a-z0-9_]+$")]
NOT_LIST = frozenset({"after", "before", "limit", "sort", "columns"})
"""What an address of a list says about its rows and not about its studies."""
FOR_CHARTS = (
    "SET LOCAL work_mem = '96MB'",
    # Charts read indexes from end to end, which lie in memory: reading them is no more than reading a table.
    "SET LOCAL random_page_cost = 1.1",
    "SET LOCAL statement_timeout = '20s'",
)


@dataclass(frozen=True)
class Asked:
    """What a request asks: the listing, its filters, and how to draw."""

    listing: Listing
    query: ListQuery
    options: Options
    items: Sequence[tuple[str, str]]
    """The filters as query-string items, fit for an address."""
    errors: Mapping[str, str]

    @property
    def address(self) -> str:
        """The list."""
        return f"/studies/{self.listing.name}"

    @property
    def full(self) -> list[tuple[str, str]]:
        """Filters and options as query-string items."""
        return [*self.items, *self.options.items()]


def asked_of(request: Request, session: Session, here: Web, name: str) -> Asked:
    """Read a request. Raises HTTPException 404 for an unknown listing."""
    listing, allow_pid = listing_called(name), "pid" in session.account.may
    given, filters = chosen.parted(request.query_params.multi_items())
    public = [item for item in filters if item[0] not in (NOT_QUERY | NOT_LIST)]
    search = request.query_params.get("search", "")
    with here.database.reading() as connection:
        secret = private.recall(connection, session.account.id, listing, search) if search else []
        before = chosen.remembered(kept.chosen(connection, session.account.id, f"charts.{listing.name}"))
    items = [item for item in public if item[1].strip()]
    if secret:
        items.append(("search", search))
    try:
        query = listview.Asked(listing, public, secret, search, allow_pid).parse()
        errors: Mapping[str, str] = {}
    except QueryError as error:
        query, errors = ListQuery.parse(listing, [], allow_pid=allow_pid), error.errors
    return Asked(listing, query, before.changed(given), items, errors)


def chart_called(listing: Listing, key: str) -> Chart:
    """The chart of an address. Raises HTTPException 404."""
    try:
        return CHARTS[listing.name][key]
    except KeyError:
        raise HTTPException(404) from None


def drawn_chart(here: Web, asked: Asked, chart: Chart) -> Drawn:
    """The chart with its numbers. Raises HTTPException 400 for bad filters and 503 when it takes too long."""
    if asked.errors:
        raise HTTPException(400, _("This filter cannot be read."))
    wanted = aggregate_of(asked.listing, chart, asked.options)
    try:
        with here.database.reading() as connection:
            for setting in FOR_CHARTS:
                connection.execute(sa.text(setting))
            query = resolve(connection, asked.listing, asked.query)
            statement = compiled.aggregate(asked.listing, query, wanted)
            fetched = connection.execute(statement).mappings().all()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "57014":
            raise
        sentence = _("This chart takes too long. Narrow the dates, or filter for fewer studies.")
        raise HTTPException(503, sentence) from error
    return draw(asked.listing, chart, asked.query, asked.options, [dict(row) for row in fetched])


@router.get("/studies/{name}/charts")
def show_charts(request: Request, session: Viewer, here: Here, name: Name) -> Response:
    """The charts of a list."""
    asked = asked_of(request, session, here, name)
    every = CHARTS[asked.listing.name]
    keys = [key for key in every if key in asked.options.chart] or [
        one.key for one in every.values() if one.shown
    ]
    values = _page(asked) | {
        "charts": [(every[key], wording.title(asked.listing, every[key])) for key in keys],
        "groups": _groups(asked.listing, frozenset(keys)),
        "splits": _splits(asked.listing),
    }
    status = 400 if asked.errors else 200
    return here.pages.render(request, "pages/charts/charts.html", values, status_code=status)


@router.post("/studies/{name}/charts/options")
def choose(session: ViewerWrites, here: Here, name: Name, sent: Sent) -> Response:
    """Keep how charts are drawn, and draw them so."""
    listing = listing_called(name)
    given, filters = chosen.parted(item for item in sent if item[0] != "csrf_token")
    made = Options().changed(item for item in given if item[0] != "chart" or item[1] in CHARTS[listing.name])
    with here.database.transaction() as tx:
        kept.choose(tx, session.account.id, f"charts.{listing.name}", made.stored())
    return here.pages.redirect(f"/studies/{listing.name}/charts", [*filters, *made.items()])


@router.get("/studies/{name}/charts/{key}.json")
def send_chart(request: Request, session: Viewer, here: Here, name: Name, key: Key) -> Response:
    """A chart for the script that draws it."""
    asked = asked_of(request, session, here, name)
    chart = chart_called(asked.listing, key)
    try:
        drawn = drawn_chart(here, asked, chart)
    except HTTPException as error:
        return JSONResponse({"error": error.detail}, error.status_code)
    url = here.pages.url
    addresses = {"address": url(asked.address), "rows": url(f"{asked.address}/rows")}
    return JSONResponse(answer(asked.listing, drawn, asked.options, addresses, list(asked.items)))


@router.get("/studies/{name}/charts/{key}.csv")
def send_numbers(request: Request, session: Viewer, here: Here, name: Name, key: Key) -> Response:
    """What is drawn, as CSV."""
    asked = asked_of(request, session, here, name)
    chart = chart_called(asked.listing, key)
    drawn = drawn_chart(here, asked, chart)
    body = table.as_csv(columns(asked.listing, chart, asked.options), drawn.rows)
    headers = {"content-disposition": attachment(f"{asked.listing.name}-{key}.csv")}
    return Response(body.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/studies/{name}/charts/{key}")
def show_chart(request: Request, session: Viewer, here: Here, name: Name, key: Key) -> Response:
    """One chart with its numbers as a table, which needs no script."""
    asked = asked_of(request, session, here, name)
    chart = chart_called(asked.listing, key)
    drawn = drawn_chart(here, asked, chart)
    made = columns(asked.listing, chart, asked.options)
    rows = [([one.show(row.get(one.key)) for one in made], row["narrow"]) for row in drawn.rows]
    values = _page(asked) | {
        "chart": chart,
        "title": wording.title(asked.listing, chart),
        "columns": made,
        "rows": rows,
        "note": note(asked.listing, drawn),
        "merged": _merged,
    }
    return here.pages.render(request, "pages/charts/chart.html", values)


def _merged(items: Sequence[tuple[str, str]], narrow: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The filters with those of a row, which count over them."""
    own = {name for name, _value in narrow}
    return [*(item for item in items if item[0] not in own), *narrow]


def _page(asked: Asked) -> dict[str, Any]:
    labels = {one.key: one.label for one in asked.listing.filters}
    return {
        "asked": asked,
        "listing": asked.listing,
        "options": asked.options,
        "choices": chosen,
        "chips": [(labels.get(name, name), value, _without(asked, name)) for name, value in asked.items],
    }


def _without(asked: Asked, name: str) -> list[tuple[str, str]]:
    return [item for item in asked.full if item[0] != name]


def _groups(listing: Listing, shown: frozenset[str]) -> dict[str, list[tuple[Chart, str, bool]]]:
    """The charts that are offered, under their headings."""
    found: dict[str, list[tuple[Chart, str, bool]]] = {}
    for chart in CHARTS[listing.name].values():
        row = (chart, wording.title(listing, chart), chart.key in shown)
        found.setdefault(wording.group_of(chart), []).append(row)
    return found


def _splits(listing: Listing) -> list[tuple[str, str]]:
    offered = {key for chart in CHARTS[listing.name].values() for key in chart.splits}
    return [(key, label) for key, label in chosen.SPLITS if key == "" or key in offered]
