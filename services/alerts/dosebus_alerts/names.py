"""The standard names of studies, as the lists show them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from dosebus.catalogue.standard_names import RAW, STUDY_SOURCES
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction

RADIOGRAPHY = ("CR", "PX")
"""Modality types whose standard names are those of `DX`."""


def standard_names(tx: Transaction, study_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """The standard names of studies by their number; one with doses of several modalities can have several.

    The first source that is mapped gives the name, as in the lists.
    """
    s = dose.study.c
    of_modality = sa.or_(
        RAW.c.modality_type == sa.any_(s.modality_types),
        sa.and_(RAW.c.modality_type == "DX", s.modality_types.overlap(list(RADIOGRAPHY))),
    )
    parts = [
        sa.select(s.id, RAW.c.modality_type, sa.literal(place).label("place"), RAW.c.name)
        .select_from(dose.study)
        .join(RAW, sa.and_(RAW.c.source == source.name, RAW.c.raw_key == source.key, of_modality))
        .where(s.id.in_(study_ids))
        for place, source in enumerate(STUDY_SOURCES)
    ]
    found: dict[tuple[int, str], str] = {}
    for row in tx.execute(sa.union_all(*parts).order_by("place")):
        found.setdefault((row.id, row.modality_type), row.name)
    return {
        study_id: frozenset(name for (one, _), name in found.items() if one == study_id)
        for study_id in {study_id for study_id, _ in found}
    }
