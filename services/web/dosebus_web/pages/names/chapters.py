"""What the addresses of the pages of standard names mean."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Depends, HTTPException, Path, Query

from dosebus.catalogue.standard_names import ACQUISITION_TABLES, MODALITY_TYPES
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.names.mapping import RefusedError
from dosebus_web.pages.names.store import Chapter

MODALITIES = (
    ("CT", marked("CT")), ("RF", marked("Fluoroscopy")), ("MG", marked("Mammography")),
    ("DX", marked("Radiography")), ("NM", marked("Nuclear medicine")),
)  # fmt: skip
KINDS = (("study", marked("Studies")), ("acquisition", marked("Acquisitions")))
SOURCES = {
    "study_description": marked("Study description"),
    "requested_procedure": marked("Requested procedure"),
    "procedure": marked("Procedure"),
    "acquisition_protocol": marked("Acquisition protocol"),
}
PERIODS = (
    ("3", marked("3 months")),
    ("12", marked("12 months")),
    ("36", marked("3 years")),
    ("0", marked("All time")),
)
MONTH = timedelta(days=30.44)
REFUSALS = {
    "changed": marked(
        "“%(name)s” is no longer as it was: somebody changed it meanwhile. Look at the history."
    ),
    "taken": marked("There is a standard name “%(name)s” already."),
    "mapped": marked("“%(name)s” belongs to “%(other)s” already: somebody mapped it meanwhile."),
    "unknown": marked("This standard name is gone: somebody deleted or merged it meanwhile."),
}


def chapter_of(
    modality: Annotated[str, Path(max_length=2)], kind: Annotated[str, Path(max_length=12)]
) -> Chapter:
    """The chapter of an address. Raises HTTPException 404."""
    chapter = Chapter(modality.upper(), kind)
    known = MODALITY_TYPES if kind == "study" else tuple(ACQUISITION_TABLES)
    if kind not in dict(KINDS) or chapter.modality_type not in known:
        raise HTTPException(404)
    return chapter


def path_of(chapter: Chapter, further: str = "") -> str:
    """The address of a chapter, or of a page in it."""
    return f"/names/{chapter.modality_type.lower()}/{chapter.kind}{further}"


def refused(error: RefusedError) -> HTTPException:
    """A refusal as the page that tells of it."""
    names = dict(zip(("name", "other"), error.names, strict=False))
    return HTTPException(409, _(REFUSALS[error.reason], **names))


def since(months: str) -> date | None:
    """The first day of a period."""
    return None if months == "0" else date.today() - int(months) * MONTH  # noqa: DTZ011 - the day of the hospital


Of = Annotated[Chapter, Depends(chapter_of)]
Months = Annotated[Literal["3", "12", "36", "0"], Query()]
NameId = Annotated[int, Path(ge=1, lt=2**63)]
