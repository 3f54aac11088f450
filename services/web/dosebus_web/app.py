"""The web application, put together."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from dosebus.version import VERSION
from dosebus_web.api import routes as api
from dosebus_web.http import errors
from dosebus_web.http.headers import PathPrefix, SecureHeaders
from dosebus_web.http.limits import FormLimit, TrustedHosts
from dosebus_web.http.navigation import entries
from dosebus_web.http.origin import same_origin
from dosebus_web.http.pages import STATIC
from dosebus_web.language import Interpreter
from dosebus_web.pages.account import routes as account
from dosebus_web.pages.account import token_routes as account_tokens
from dosebus_web.pages.admin import alerts as admin_alerts
from dosebus_web.pages.admin import audit as admin_audit
from dosebus_web.pages.admin import (
    devices,
    nodes,
    people,
    reading,
    reading_objects,
    rederivation,
    skin,
    users,
    users_tokens,
)
from dosebus_web.pages.admin import home as admin_home
from dosebus_web.pages.admin import overview as admin
from dosebus_web.pages.alerts import routes as alerts
from dosebus_web.pages.charts import routes as charts
from dosebus_web.pages.exports import routes as exports
from dosebus_web.pages.home import routes as home
from dosebus_web.pages.names import change_routes as name_changes
from dosebus_web.pages.names import routes as names
from dosebus_web.pages.objects import routes as objects
from dosebus_web.pages.query import routes as query
from dosebus_web.pages.services import routes as services
from dosebus_web.pages.signin import oidc_routes as oidc
from dosebus_web.pages.signin import routes as signin
from dosebus_web.pages.sizes import preview_routes as size_preview
from dosebus_web.pages.sizes import routes as sizes
from dosebus_web.pages.skin import routes as skin_maps
from dosebus_web.pages.studies import combine_routes as combine
from dosebus_web.pages.studies import routes as studies
from dosebus_web.pages.studies import view_routes as views
from dosebus_web.pages.tasks import routes as tasks
from dosebus_web.settings import WebSettings
from dosebus_web.web import Web

PAGE_ROUTERS = (
    signin.router, oidc.router, account.router, account_tokens.router,
    home.router, combine.router, charts.router, skin_maps.router,
    studies.router, views.router, alerts.router, exports.router, query.router, objects.router, tasks.router,
    services.router, admin.router, admin_audit.router,
    admin_home.router, users.router, users_tokens.router, nodes.router,
    admin_alerts.router, devices.router, reading.router, reading_objects.router, sizes.router, size_preview.router,
    rederivation.router, people.router, skin.router,
    names.router, name_changes.router,
)  # fmt: skip


UPLOAD_WRAPPING = 10_000
"""Bytes that a form puts around an uploaded file."""


class CachedFiles(StaticFiles):
    """Static files under an address that changes with their content, so browsers may keep them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file with a long life in caches."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def middleware(settings: WebSettings) -> list[Middleware]:
    """What every request passes, outermost first."""
    return [
        Middleware(SecureHeaders, secure=settings.secure),
        Middleware(PathPrefix, prefix=settings.prefix),
        Middleware(Interpreter),
        Middleware(TrustedHosts, hosts=settings.trusted_hosts),
        Middleware(
            FormLimit,
            limit_bytes=settings.form_limit_bytes,
            larger={"/sizes": settings.size_upload_limit_bytes + UPLOAD_WRAPPING},
        ),
        Middleware(GZipMiddleware, minimum_size=1000, compresslevel=4),
    ]


def create_app(web: Web) -> FastAPI:
    """The application over its parts."""
    app = FastAPI(
        title="DoseBus",
        version="1",
        description="Radiation dose of studies, as recorded from DICOM objects.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=middleware(web.settings),
        dependencies=[Depends(same_origin)],
        generate_unique_id_function=operation_id,
        servers=[{"url": web.settings.prefix or "/"}],
        redirect_slashes=False,
    )
    app.state.web = web
    environment = web.pages.environment.globals
    environment["navigation"] = entries
    environment["product_version"] = VERSION
    for router in PAGE_ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.include_router(api.router)
    app.mount("/static", CachedFiles(directory=STATIC), name="static")
    errors.register(app)
    return app


def operation_id(route: APIRoute) -> str:
    """The endpoint's own name."""
    return route.name
