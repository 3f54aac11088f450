"""Rendering: the one Jinja environment, and what every page knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dosebus_web import language
from dosebus_web.auth.sessions import Session
from dosebus_web.http import show

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"


def make_environment() -> Environment:
    """The Jinja environment: escapes everything, and an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext,
        language.for_number,
        newstyle=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(show.FILTERS)
    return environment


def static_version() -> str:
    """A digest of all static files."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


@dataclass(frozen=True)
class Pages:
    """Renders templates with links under `prefix`."""

    prefix: str = ""
    environment: Environment = field(default_factory=make_environment)
    version: str = field(default_factory=static_version)

    def url(self, path: str, query: Mapping[str, Any] | Iterable[tuple[str, str]] | None = None) -> str:
        """A link inside the site: path under the prefix, with a query string."""
        items = query.items() if isinstance(query, Mapping) else (query or ())
        wanted = [(key, value) for key, value in items if value not in (None, "")]
        return f"{self.prefix}{path}" + (f"?{urlencode(wanted)}" if wanted else "")

    def static(self, path: str) -> str:
        """A link to a static file that changes when any of them does."""
        return f"{self.prefix}/static/{path}?v={self.version}"

    def render(
        self, request: Request, template: str, values: Mapping[str, Any], *, status_code: int = 200
    ) -> HTMLResponse:
        """A page as an answer. `values` are the template's own names."""
        session: Session | None = getattr(request.state, "session", None)
        known = {
            "url": self.url,
            "static": self.static,
            "path": request.scope["path"],
            "account": session.account if session else None,
            "may": session.account.may if session else frozenset(),
            "csrf_token": session.csrf_token if session else "",
            "language": language.spoken().language,
            "news": getattr(request.state, "news", ""),
            "done": show.DONE.get(request.query_params.get("done", "")),
        }
        body = self.environment.get_template(template).render(known | dict(values))
        return HTMLResponse(body, status_code=status_code)

    def redirect(
        self, path: str, query: Mapping[str, Any] | Iterable[tuple[str, str]] | None = None
    ) -> RedirectResponse:
        """See another page after a POST."""
        return RedirectResponse(self.url(path, query), status_code=303)
