"""Errors of the API: RFC 9457 problem documents that name the parameter and the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel, Field

from dosebus.catalogue.query import QueryError

MEDIA_TYPE = "application/problem+json"


class WrongParameter(BaseModel):
    """One parameter and what is wrong with it."""

    parameter: str = Field(examples=["date_from"])
    reason: str = Field(examples=["is not a date like 2026-01-31"])


class Problem(BaseModel):
    """Why a request was not answered. `errors` names parameters, where it is about parameters."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    status: int = Field(examples=[400])
    title: str = Field(examples=["That cannot be done"])
    detail: str = Field(examples=["date_from is not a date like 2026-01-31"])
    errors: list[WrongParameter] = Field(default_factory=list)


NAME = re.compile(r"[\w.!-]{1,100}", re.ASCII)
UNNAMED = "?"
"""Stands for a name that cannot be one of ours: somebody may have sent a value in its place."""


def named(name: str) -> str:
    """The name of a parameter as it may be told."""
    return name if NAME.fullmatch(name) else UNNAMED


class ParameterError(HTTPException):
    """Parameters that cannot be answered, with the reason for each."""

    def __init__(self, errors: Mapping[str, str], status_code: int = 400) -> None:
        self.errors = {named(name): reason for name, reason in errors.items()}
        told = "; ".join(f"{name} {reason}" for name, reason in self.errors.items())
        super().__init__(status_code, told[:1000])


def of_query(error: QueryError) -> ParameterError:
    """What a list says of its query string."""
    return ParameterError(error.errors)


def document(status: int, title: str, detail: str, errors: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The body of a problem."""
    wrong = [WrongParameter(parameter=name, reason=reason) for name, reason in (errors or {}).items()]
    return Problem(status=status, title=title, detail=detail, errors=wrong).model_dump()


REASONS = {
    400: "A parameter is unknown or has a value that cannot be answered.",
    401: "There is no token, or it counts no more.",
    403: "The token lacks the scope, or what is asked for is somebody else's.",
    404: "There is no such thing.",
    409: "It is not in a state for this.",
    413: "The request is longer than this address takes.",
    422: "A parameter or the body cannot be read.",
    429: "Too many wrong tokens came from this address.",
    503: "The answer takes too long; ask for less.",
}


ALWAYS = (400, 401, 403, 422, 429)
"""What every operation may answer."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation answers besides its result, for OpenAPI: what every one does, and these."""
    return answers(*ALWAYS, *statuses)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Errors for OpenAPI."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": REASONS[status], "content": {MEDIA_TYPE: schema}} for status in statuses}
