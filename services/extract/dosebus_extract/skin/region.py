"""Where along the body a procedure's words say the isocentre was, for studies without table positions."""

from __future__ import annotations

from typing import Final

from dosebus.domain.projection import ProjectionEvent

# Fraction of body height from the crown; engineering estimates from the proportions of an adult.
_LEVELS: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    (("neuro", "cerebr", "carotid", "head", "brain", "skull"), 0.07),
    (("neck", "cervical"), 0.16),
    (("coron", "cardi", "heart", "ventric", "chest", "thora", "lung"), 0.27),
    (("liver", "hepat", "biliar", "renal", "kidney", "abdom", "gastro", "stomach"), 0.36),
    (("pelvi", "iliac", "uter", "prostat", "hip"), 0.47),
)


def isocentre_level_cm(event: ProjectionEvent, height_cm: float) -> float | None:
    """Distance (cm) of the isocentre from the crown by region or protocol name; None when neither names a region."""
    codes = (event.target_region, event.anatomical_structure)
    words = " ".join(
        [*(code.code_meaning or "" for code in codes if code is not None), event.acquisition_protocol or ""]
    ).lower()
    for names, fraction in _LEVELS:
        if any(name in words for name in names):
            return fraction * height_cm
    return None
