"""Random bearer values, of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets


def new() -> str:
    """256 random bits for a cookie or token."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> str:
    """What is stored of a bearer value."""
    return hashlib.sha256(value.encode()).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compare without telling by time where two values differ."""
    return secrets.compare_digest(given.encode(), expected.encode())
