"""Whether what a browser sends was begun on a page of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from dosebus_web import web
from dosebus_web.language import gettext as _

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site that pages of ours and the person at the browser send."""


def same_origin(request: Request) -> None:
    """Refuse what another site sends, whatever cookie or token it bears. Raises HTTPException 403.

    Browsers say by Sec-Fetch-Site where a request was begun; those that do not, and all over plain HTTP, name the
    origin. Programs send neither. See the OWASP Cross-Site Request Forgery Prevention Cheat Sheet.
    """
    if request.method in READING:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        ours = site in OURS
    else:
        ours = origin is None or urlsplit(origin).netloc.lower() in _own_names(request)
    if not ours:
        raise HTTPException(403, _("This came from another site. Open the page here and send it again."))


def _own_names(request: Request) -> frozenset[str]:
    """Host and port as the browser knows us: what it asked for, and what a proxy shows."""
    shown = urlsplit(web.of(request).settings.public_url).netloc
    return frozenset({request.headers.get("host", "").lower(), shown.lower()} - {""})
