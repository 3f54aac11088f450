"""The skin dose of a study, or of a patient's studies in a window: page, arrays, picture and numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from dosebus_web.auth.gate import Viewer
from dosebus_web.http.download import attachment
from dosebus_web.pages.skin import found, sent, wording
from dosebus_web.pages.skin.body import laid_flat
from dosebus_web.pages.skin.found import DoseMap
from dosebus_web.pages.skin.picture import picture
from dosebus_web.pages.skin.view import SkinView, view
from dosebus_web.pages.studies.routes import StudyId
from dosebus_web.web import Here, Web

router = APIRouter()
Weeks = Annotated[int | None, Query(ge=1, le=10_000)]
PAGE = "/studies/rf/{study_id}/skin"


def _shown(here: Web, study_id: int, weeks: int | None) -> SkinView:
    with here.database.reading(snapshot=True) as connection:
        shown = view(connection, study_id, weeks)
    if shown is None:
        raise HTTPException(404)
    return shown


def _drawable(here: Web, study_id: int, weeks: int | None, *, replayed: bool) -> DoseMap:
    with here.database.reading() as connection:
        drawn = found.drawable(connection, study_id, weeks, replayed=replayed)
    if drawn is None:
        raise HTTPException(404)
    return drawn


def _values(shown: SkinView) -> dict[str, Any]:
    return {
        "view": shown,
        "address": f"/studies/rf/{shown.study.id}/skin",
        "query": {"weeks": shown.weeks},
        "words": wording,
    }


@router.get(PAGE)
def show_skin(
    request: Request,
    session: Viewer,  # noqa: ARG001 - the gate
    here: Here,
    study_id: StudyId,
    weeks: Weeks = None,
) -> Response:
    """The map of a study, or of the sum that ends with it, with all that must be said of it."""
    return here.pages.render(request, "pages/skin/skin.html", _values(_shown(here, study_id, weeks)))


@router.get(PAGE + "/told")
def show_told(
    request: Request,
    session: Viewer,  # noqa: ARG001
    here: Here,
    study_id: StudyId,
    weeks: Weeks = None,
) -> Response:
    """The figures alone, fetched again when a map is computed."""
    return here.pages.render(request, "pages/skin/told.html", _values(_shown(here, study_id, weeks)))


@router.get(PAGE + "/map.bin")
def send_arrays(session: Viewer, here: Here, study_id: StudyId, weeks: Weeks = None) -> Response:  # noqa: ARG001
    """The arrays for the script that draws them (see `sent`)."""
    drawn = _drawable(here, study_id, weeks, replayed=True)
    with here.database.reading() as connection:
        events = found.event_rows(connection, study_id) if weeks is None else ()
    body = sent.as_binary(drawn, events, here.pages.url("/studies/rf"))
    return Response(body, media_type="application/octet-stream")


@router.get(PAGE + "/map.csv")
def send_numbers(session: Viewer, here: Here, study_id: StudyId, weeks: Weeks = None) -> Response:  # noqa: ARG001
    """The map as CSV."""
    body = sent.as_csv(_drawable(here, study_id, weeks, replayed=False))
    name = f"skin-dose-{study_id}{f'-{weeks}-weeks' if weeks else ''}.csv"
    headers = {"content-disposition": attachment(name)}
    return Response(body.encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


@router.get(PAGE + "/map.png")
def send_picture(
    session: Viewer,  # noqa: ARG001
    here: Here,
    study_id: StudyId,
    weeks: Weeks = None,
    centre: Literal["front", "back"] = "back",
) -> Response:
    """The map as a picture, for readers without script."""
    drawn = _drawable(here, study_id, weeks, replayed=False)
    places = laid_flat(drawn.parts, drawn.rows, drawn.columns, centre)
    return Response(picture(places, drawn.dose_gy, drawn.peak), media_type="image/png")
