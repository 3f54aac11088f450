"""Close one object's reading: identity, findings and what was not read, beside the partial study."""

from __future__ import annotations

from datetime import datetime, time

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study
from dosebus_extract.sr.concepts import Reading
from dosebus_extract.sr.header import Header
from dosebus_extract.study_header import (
    CONTENT_DATE,
    CONTENT_TIME,
    SERIES_INSTANCE,
    SOP_CLASS,
    SOP_INSTANCE,
    STUDY_INSTANCE,
)


def contribution_of(
    header: Header, kind: str, study: Study, reading: Reading, exposure_key: str | None = None
) -> Contribution:
    """The contribution of one object."""
    return Contribution(
        sop_instance_uid=header.first(SOP_INSTANCE) or "",
        sop_class_uid=header.first(SOP_CLASS) or "",
        kind=kind,
        study_instance_uid=header.first(STUDY_INSTANCE) or "",
        series_instance_uid=header.first(SERIES_INSTANCE),
        content_at=_content_at(header),
        exposure_key=exposure_key,
        study=study.model_copy(
            update={"findings": tuple(reading.findings.values()), "unread": reading.unread_concepts()}
        ),
    )


def _content_at(header: Header) -> datetime | None:
    day = header.date(CONTENT_DATE)
    return datetime.combine(day, header.time(CONTENT_TIME) or time()) if day else None
