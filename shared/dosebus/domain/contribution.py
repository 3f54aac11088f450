"""What one DICOM object adds to its study: kept per object, so that a study can be put together again at any time."""

from __future__ import annotations

from datetime import datetime

from dosebus.domain.base import Part
from dosebus.domain.study import Study


class Contribution(Part):
    """One object's part of a dose record. JSON round trip: `model_dump_json` and `model_validate_json`.

    `study` holds the header and at most one report; its totals, modality and findings are made when the
    contributions of a study are combined. `absorbed` names objects that add nothing beside this one.
    """

    sop_instance_uid: str
    sop_class_uid: str
    kind: str
    study_instance_uid: str
    series_instance_uid: str | None = None
    content_at: datetime | None = None
    exposure_key: str | None = None
    """Images of the same exposure (for processing, for presentation) bear the same key."""
    absorbed: tuple[str, ...] = ()
    study: Study
