"""The page on which conditions are combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dosebus.catalogue.query import QueryError
from dosebus_web.auth.gate import Viewer
from dosebus_web.pages.studies import combine, listview
from dosebus_web.pages.studies.routes import Name, listing_called
from dosebus_web.web import Here

router = APIRouter()


@router.get("/studies/{name}/combine")
def show_groups(request: Request, session: Viewer, here: Here, name: Name) -> Response:  # noqa: ARG001 - the gate
    """The groups of the address as a form."""
    items = request.query_params.multi_items()
    return here.pages.render(request, "pages/studies/combine.html", _values(name, items, {}))


@router.get("/studies/{name}/combined")
def use_groups(request: Request, session: Viewer, here: Here, name: Name) -> Response:  # noqa: ARG001 - the gate
    """From the filled form to the list, or back to the form with more rows or with what is wrong."""
    listing = listing_called(name)
    items = [item for item in combine.canonical(request.query_params) if item[0] != "more"]
    try:
        query = listview.Asked(listing, items, (), "", allow_pid=False).parse()
    except QueryError as error:
        values = _values(name, items, error.errors)
        return here.pages.render(request, "pages/studies/combine.html", values, status_code=400)
    place = "/combine" if request.query_params.get("more") else ""
    return here.pages.redirect(f"/studies/{listing.name}{place}", query.items(page=False))


def _values(name: str, items: combine.Items, errors: Mapping[str, str]) -> dict[str, Any]:
    listing = listing_called(name)
    blocks = combine.blocks(items, errors)
    placed = {f"g{match}" for match in range(1, 10)}
    at_rows = {one.error for block in blocks for one in block.rows if one.error}
    return {
        "listing": listing,
        "blocks": blocks,
        "modes": combine.MODES,
        "choices": combine.choices_of(listing),
        "hidden": combine.rest(items),
        "own_items": [item for item in items if item[0] not in ("after", "before")],
        "one_is_enough": ("groups", "any") in items,
        "errors": {key: reason for key, reason in errors.items() if reason not in at_rows or key in placed},
    }
