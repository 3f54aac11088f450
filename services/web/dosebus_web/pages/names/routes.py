"""The pages of standard names: what there is, what is not mapped, one name, and the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response, StreamingResponse

from dosebus_web.auth.gate import Viewer
from dosebus_web.http.download import attachment
from dosebus_web.language import marked
from dosebus_web.pages.names import exchange, overview, store, suggest, volume
from dosebus_web.pages.names.chapters import (
    KINDS,
    MODALITIES,
    PERIODS,
    SOURCES,
    Months,
    NameId,
    Of,
    path_of,
    since,
)
from dosebus_web.pages.names.store import Chapter
from dosebus_web.web import Here, Web

router = APIRouter()
PAGE = 50
DEFAULT_MONTHS = "12"
THRESHOLDS = (50, 60, 70, 80, 90, 95)
DEFAULT_THRESHOLD = 90
Text = Annotated[str, Query(max_length=100)]
PageNumber = Annotated[int, Query(ge=0, le=1000)]
ACTIONS = {
    "map": marked("mapped"), "unmap": marked("unmapped"), "create": marked("created"), "rename": marked("renamed"),
    "merge": marked("merged"), "split": marked("split"), "delete": marked("deleted"),
    "reject": marked("suggestion rejected"), "import": marked("imported"), "undo": marked("undone"),
}  # fmt: skip


def _common(chapter: Chapter, tab: str) -> dict[str, Any]:
    return {
        "chapter": chapter, "tab": tab, "modalities": MODALITIES, "kinds": KINDS, "sources": SOURCES,
        "periods": PERIODS, "path_of": path_of, "has_acquisitions": chapter.modality_type != "NM",
    }  # fmt: skip


@router.get("/names")
def show_first(session: Viewer, here: Here) -> Response:  # noqa: ARG001 - the gate
    """The standard names of CT studies."""
    return here.pages.redirect("/names/ct/study")


@router.get("/names/file")
def download_mapping(session: Viewer, here: Here) -> Response:  # noqa: ARG001
    """All standard names with their raw names, as CSV."""
    lines = list(_lines(here))
    headers = {"content-disposition": attachment("standard-names.csv")}
    return StreamingResponse(exchange.write(lines), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(here: Web) -> Iterator[exchange.Line]:
    raw = store.RAW.c
    wanted = sa.select(raw.modality_type, raw.kind, raw.name, raw.source, raw.raw_name).order_by(
        raw.modality_type, raw.kind.desc(), sa.func.lower(raw.name), raw.source, raw.raw_key
    )
    with here.database.reading() as connection:
        for row in connection.execute(wanted):
            yield exchange.Line(Chapter(row.modality_type, row.kind), row.name, row.source, row.raw_name)


@router.get("/names/{modality}/{kind}")
def show_names(
    *,
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    chapter: Of,
    text: Text = "",
    months: Months = "12",
    page: PageNumber = 0,
) -> Response:
    """The standard names of a chapter with their raw names and how often each was written."""
    with here.database.reading(snapshot=True) as connection:
        state = store.read(connection, chapter)
        found = list(volume.seen(connection, chapter, since(months)))
    rows = overview.rows(state, found, text)
    values = _common(chapter, "names") | {
        "rows": rows[page * PAGE : (page + 1) * PAGE], "further": len(rows) > (page + 1) * PAGE, "page": page,
        "text": text, "months": months, "total": len(rows), "shares": overview.share_mapped(state, found),
    }  # fmt: skip
    return here.pages.render(request, "pages/names/names.html", values)


@router.get("/names/{modality}/{kind}/unmapped")
def show_unmapped(
    *,
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    chapter: Of,
    text: Text = "",
    source: Text = "",
    months: Months = "12",
    threshold: Annotated[int, Query(ge=0, le=100)] = DEFAULT_THRESHOLD,
    page: PageNumber = 0,
) -> Response:
    """The raw names without a standard name, by volume, with what each could be called."""
    with here.database.reading(snapshot=True) as connection:
        state = store.read(connection, chapter)
        found = list(volume.seen(connection, chapter, since(months)))
    rest = suggest.unmapped(state, found, text, source)
    values = _common(chapter, "unmapped") | {
        "rows": suggest.suggest(state, rest[page * PAGE : (page + 1) * PAGE]),
        "further": len(rest) > (page + 1) * PAGE, "page": page, "total": len(rest), "text": text,
        "source": source, "months": months, "threshold": threshold, "thresholds": THRESHOLDS,
        "names": sorted(state.names.values(), key=str.lower), "shares": overview.share_mapped(state, found),
        "own_sources": [one.name for one in volume.sources_of(chapter)],
    }  # fmt: skip
    return here.pages.render(request, "pages/names/unmapped.html", values)


@router.get("/names/{modality}/{kind}/history")
def show_history(
    *,
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    chapter: Of,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """Who changed what, newest first."""
    with here.database.reading() as connection:
        rows = store.history(connection, chapter, before, PAGE + 1)
    values = _common(chapter, "history") | {
        "rows": rows[:PAGE],
        "further": len(rows) > PAGE,
        "actions": ACTIONS,
        "raw_names": store.raw_names,
    }
    return here.pages.render(request, "pages/names/history.html", values)


@router.get("/names/{modality}/{kind}/name/{name_id}")
def show_name(
    *,
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    chapter: Of,
    name_id: NameId,
    months: Months = "12",
) -> Response:
    """One standard name with its raw names. Raises HTTPException 404."""
    with here.database.reading(snapshot=True) as connection:
        state = store.read(connection, chapter)
        if name_id not in state.names:
            raise HTTPException(404)
        found = list(volume.seen(connection, chapter, since(months)))
    raws = overview.raws_of(state, found, name_id)
    others = sorted(((i, n) for i, n in state.names.items() if i != name_id), key=lambda one: one[1].lower())
    values = _common(chapter, "names") | {
        "name_id": name_id, "name": state.names[name_id], "raws": raws, "others": others, "months": months,
        "listing": volume.listing_of(chapter),
    }  # fmt: skip
    return here.pages.render(request, "pages/names/name.html", values)
