"""From where a request comes."""

from __future__ import annotations

from fastapi import Request

from dosebus_web.settings import WebSettings


def client_address(request: Request, settings: WebSettings) -> str:
    """The client's address; behind a trusted proxy the last one that it added to X-Forwarded-For."""
    forwarded = request.headers.get("x-forwarded-for", "")
    if settings.trust_forwarded_for and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()[:100]
    return request.client.host if request.client else "unknown"
