"""Parameters that several operations take, and the check that none is unknown."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request
from fastapi.routing import APIRoute

from dosebus_web.api.problem import ParameterError

MOST = 400
LARGEST_ID = 2**63 - 1
WRITTEN = r"^[^\x00]*$"
"""PostgreSQL keeps no text with a NUL."""
AFTER = "Cursor: `after` of the page before."

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.", examples=[50])]
AfterId = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description=AFTER)]
AfterUuid = Annotated[UUID | None, Query(description=AFTER)]
Words = Annotated[str, Query(max_length=200, pattern=WRITTEN)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
StudyUid = Annotated[
    str,
    Path(max_length=64, pattern=r"^[0-9.]{1,64}$", description="Study Instance UID.", examples=["1.2.3.4"]),
]
OWN = "x-own-parameters"
"""Marks an operation that reads its query string by itself."""


def only_known(request: Request) -> None:
    """Refuse what an operation does not know: a filter with a wrong name must not be taken for none.

    Raises ParameterError.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or OWN in (route.openapi_extra or {}):
        return
    known = {one.alias for one in route.dependant.query_params}
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ParameterError(dict.fromkeys(unknown[:20], "is no parameter of this operation"))
