"""Peak skin doses as extract maps and sums them."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from dosebus.store.tables.dose import skin_map, skin_sum
from dosebus.store.transaction import Transaction
from dosebus_alerts.cumulative import SkinPeak

PEAK = "peak_skin_dose_gy"
M, S = skin_map.c, skin_sum.c
UNWATCHED = ("not_listed", "disabled")
"""Why a study has no map where nobody asked for one: its bound is shown, and warns nobody."""
WATCHED = M.reason_code.is_(None) | M.reason_code.not_in(UNWATCHED)


def peaks(tx: Transaction, study_ids: Collection[int]) -> dict[int, SkinPeak]:
    """The peak skin dose of studies by their number."""
    select = sa.select(
        M.study_id, M.outcome, M.peak_skin_dose_gy, M.peak_bound_gy, WATCHED.label("watched")
    ).where(M.study_id.in_(study_ids))
    found = {}
    for row in tx.execute(select):
        bound = None if row.outcome == "computed" else row.peak_bound_gy
        found[row.study_id] = SkinPeak(row.peak_skin_dose_gy, bound, bound if row.watched else None)
    return found


def joint_peaks(tx: Transaction, study_ids: Collection[int]) -> dict[int, dict[int, SkinPeak]]:
    """The peak of the summed maps up to each study, by the study's number and the weeks."""
    unplaced = M.peak_bound_gy - sa.func.coalesce(M.peak_skin_dose_gy, 0.0)
    doubted = sa.and_(WATCHED, M.outcome != "computed")
    select = (
        sa.select(
            S.study_id,
            S.weeks,
            S.peak_skin_dose_gy,
            S.peak_bound_gy,
            sa.func.bool_or(M.outcome != "computed").label("partly"),
            sa.func.bool_or(doubted).label("doubted"),
            sa.func.bool_or(sa.and_(doubted, M.peak_bound_gy.is_(None))).label("boundless"),
            sa.func.sum(unplaced).filter(doubted).label("unplaced"),
        )
        .select_from(skin_sum.join(skin_map, M.study_id == sa.any_(S.member_ids)))
        .where(S.study_id.in_(study_ids))
        .group_by(S.study_id, S.weeks)
    )
    found: dict[int, dict[int, SkinPeak]] = {}
    for row in tx.execute(select):
        doubt = None
        if row.doubted and not row.boundless:
            doubt = (row.peak_skin_dose_gy or 0.0) + row.unplaced
        bound = row.peak_bound_gy if row.partly else None
        found.setdefault(row.study_id, {})[row.weeks] = SkinPeak(row.peak_skin_dose_gy, bound, doubt)
    return found
