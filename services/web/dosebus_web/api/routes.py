"""`/api/v1`, put together."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from dosebus_web.api import (
    alerts,
    archives,
    boards,
    charts,
    devices,
    exports,
    given,
    lists,
    names,
    problem,
    shelves,
    skin,
    studies,
)
from dosebus_web.api.description import describe
from dosebus_web.auth.gate import ApiReader, public
from dosebus_web.web import Here, Web

router = APIRouter()
strict = APIRouter(dependencies=[Depends(given.only_known)])
about = APIRouter(prefix="/api/v1")


class Me(BaseModel):
    """Who calls, and what the token may."""

    username: str = Field(examples=["anna"])
    token: str | None = Field(description="The name of the token.", examples=["dose statistics"])
    scopes: list[str] = Field(examples=[["view"]])


@about.get("/me", response_model=Me, responses=problem.responses(), tags=["me"], summary="Who calls")
def show_me(caller: ApiReader) -> Any:
    """Who the token belongs to, and its scopes."""
    return Me(username=caller.username, token=caller.token, scopes=sorted(caller.may))


PARTS = (lists.router, charts.router, studies.router, skin.router, devices.router, alerts.router, exports.router,
         archives.router, names.router, shelves.router, boards.router, about)  # fmt: skip
for _part in PARTS:
    strict.include_router(_part)
router.include_router(strict)


def described(app: FastAPI, here: Web) -> dict[str, Any]:
    """The API's description, made once an application."""
    if app.openapi_schema is None:
        app.openapi_schema = describe(app, here)
    return app.openapi_schema


@router.get("/api/v1/openapi.json", dependencies=[public()], include_in_schema=False)
def show_openapi(request: Request, here: Here) -> Response:
    """The API as OpenAPI 3.1."""
    return JSONResponse(described(request.app, here))


@router.get("/api/v1/docs", dependencies=[public()], include_in_schema=False)
def show_docs(request: Request, here: Here) -> HTMLResponse:
    """The API for people."""
    document = described(request.app, here)
    return here.pages.render(request, "api/docs.html", {"paths": document["paths"]})
