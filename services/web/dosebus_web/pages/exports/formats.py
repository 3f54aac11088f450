"""What can be exported of which list."""

from __future__ import annotations

FORMATS: tuple[tuple[str, str], ...] = (("csv", "Export CSV"),)


def formats_of(listing: str) -> tuple[tuple[str, str], ...]:
    """Formats of a listing with the words on their buttons."""
    return FORMATS if listing else ()
