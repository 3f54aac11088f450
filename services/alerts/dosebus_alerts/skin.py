"""Peak skin doses as extract maps and sums them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from dosebus.store.tables.dose import skin_map, skin_sum
from dosebus.store.transaction import Transaction

PEAK = "peak_skin_dose_gy"


def peaks(tx: Transaction, study_ids: Collection[int]) -> dict[int, dict[str, float]]:
    """The peak skin dose of studies by their number, as a dose of the ledger.

    Where the map covers only a part of the exposures, the bound counts if it is higher: a warning too many is better
    than one too few. A study without a map, but with a bound, counts with that.
    """
    m = skin_map.c
    whole = m.outcome == "computed"
    value = sa.case(
        (whole, m.peak_skin_dose_gy), else_=sa.func.greatest(m.peak_skin_dose_gy, m.peak_bound_gy)
    )
    rows = tx.execute(sa.select(m.study_id, value.label("peak")).where(m.study_id.in_(study_ids)))
    return {row.study_id: {PEAK: float(row.peak)} for row in rows if row.peak is not None}


def joint_peaks(tx: Transaction, study_ids: Collection[int]) -> dict[int, dict[int, float]]:
    """The peak of the summed maps up to each study, by the study's number and the weeks.

    Where maps of the window are missing, the bound counts if it is higher.
    """
    s = skin_sum.c
    whole = sa.func.cardinality(s.unmapped_ids) == 0
    value = sa.case(
        (whole, s.peak_skin_dose_gy), else_=sa.func.greatest(s.peak_skin_dose_gy, s.peak_bound_gy)
    )
    found: dict[int, dict[int, float]] = {}
    for row in tx.execute(
        sa.select(s.study_id, s.weeks, value.label("peak")).where(s.study_id.in_(study_ids))
    ):
        if row.peak is not None:
            found.setdefault(row.study_id, {})[row.weeks] = float(row.peak)
    return found
