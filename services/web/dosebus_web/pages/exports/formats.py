"""What can be exported of which list."""

from __future__ import annotations

from dosebus_web.language import marked

FORMATS: tuple[tuple[str, str], ...] = (("csv", marked("Export CSV")), ("xlsx", marked("Export XLSX")))
"""Names of formats as export knows them, with the words on their buttons."""


def formats_of(listing: str) -> tuple[tuple[str, str], ...]:
    """The formats of a listing."""
    return FORMATS if listing else ()
