"""What people see when something goes wrong: a sentence and a reference, never data."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException as StarletteHTTPException

from dosebus_web import web
from dosebus_web.api import problem
from dosebus_web.auth.gate import SignInNeededError, current_session
from dosebus_web.language import gettext as _
from dosebus_web.language import marked

TITLES: Mapping[int, str] = {
    400: marked("That cannot be done"),
    401: marked("Not signed in"),
    403: marked("Not permitted"),
    404: marked("Not found"),
    405: marked("Not permitted"),
    409: marked("Somebody was faster"),
    413: marked("Too large"),
    422: marked("That cannot be read"),
    429: marked("Too many tries"),
    500: marked("Something went wrong"),
    503: marked("Not available at the moment"),
}
ERROR = marked("Error")
TEXTS: Mapping[int, str] = {
    400: marked("The request is not one that this site can answer."),
    404: marked("There is nothing at this address. It may have been removed."),
    405: marked("This address does not take such a request."),
    413: marked("What was sent is longer than this address takes."),
    422: marked("The form or address holds something that cannot be read."),
    500: marked("The error has been logged. Nothing was changed."),
}


def is_api(request: Request) -> bool:
    """Whether a program asks, and not a person."""
    path: str = request.scope["path"]
    return path == "/api" or path.startswith("/api/")


def answer(
    request: Request,
    status: int,
    text: str | None = None,
    reference: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    """The error as a problem document for the API, as a page for people."""
    title, said = _(TITLES.get(status, ERROR)), _(text or TEXTS.get(status, ""))
    if is_api(request):
        return JSONResponse(
            problem.document(status, title, said, errors), status, media_type=problem.MEDIA_TYPE
        )
    if status < 500 and not hasattr(request.state, "session"):
        # An address that no route has passed no gate: who is signed in shall keep the navigation all the same.
        current_session(request)
    # Without the path: it may be what somebody typed, and nothing of it shall come back.
    values = {"title": title, "text": said, "reference": reference, "path": ""}
    return web.of(request).pages.render(request, "components/error.html", values, status_code=status)


def on_http_error(request: Request, error: Exception) -> Response:
    """An error that an endpoint or the router raised on purpose."""
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - registered for this class only
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    # What the framework says of a status by itself is not in the reader's language, and ours says more.
    ours = isinstance(error, HTTPException) and error.detail != HTTPStatus(error.status_code).phrase
    text = error.detail if ours else None
    errors = error.errors if isinstance(error, problem.ParameterError) else None
    response = answer(request, error.status_code, text, errors=errors)
    response.headers.update(error.headers or {})
    return response


def on_invalid(request: Request, error: Exception) -> Response:
    """A parameter or form that cannot be read; the API says which, but not what it held."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # What pydantic says of a value never quotes it, except for choices, which are ours.
    wrong = {
        problem.named(".".join(str(part) for part in one["loc"][1:]) or "body"): str(one["msg"])
        for one in error.errors()
    }
    if not is_api(request):
        return answer(request, 422)
    told = "; ".join(f"{name}: {reason}" for name, reason in wrong.items())
    return answer(request, 422, told[:1000], errors=wrong)


def on_unholdable(request: Request, error: Exception) -> Response:
    """A value that no column holds, such as a number of thirty digits or a text with a NUL: the sender's mistake."""
    assert isinstance(error, DataError)  # noqa: S101
    route = getattr(request.scope.get("route"), "path", "")
    structlog.get_logger().warning("web.unholdable", route=route, error=type(error.orig).__name__)
    return answer(request, 422)


def on_sign_in_needed(request: Request, error: Exception) -> Response:
    """Ask to sign in, then go on to the page."""
    assert isinstance(error, SignInNeededError)  # noqa: S101
    pages = web.of(request).pages
    return RedirectResponse(pages.url("/sign-in", {"next": error.back}), 303)


def on_fault(request: Request, error: Exception) -> Response:
    """A fault of ours: logged with a reference, told without any content."""
    reference = uuid4().hex[:12]
    structlog.get_logger().error(
        "web.fault",
        reference=reference,
        route=getattr(request.scope.get("route"), "path", ""),
        error=type(error).__name__,
        exc_info=error,
    )
    return answer(request, 500, reference=reference)


def register(app: FastAPI) -> None:
    """Let the application answer errors so."""
    app.add_exception_handler(StarletteHTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(DataError, on_unholdable)
    app.add_exception_handler(SignInNeededError, on_sign_in_needed)
    app.add_exception_handler(Exception, on_fault)
