"""Skin dose maps and their sums over weeks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from dosebus.skin.arrays import dose_of
from dosebus.store.tables import dose
from dosebus_web.api import given, problem
from dosebus_web.api.shape import model_of
from dosebus_web.api.studies import study_id_of
from dosebus_web.auth.gate import ApiReader
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1", tags=["skin dose"])
ARRAYS = frozenset({"dose_map", "contributions", "input_key"})
MAP = tuple(column for column in dose.skin_map.c if column.key not in ARRAYS)
SUM = tuple(column for column in dose.skin_sum.c if column.key not in ARRAYS)
SkinMap = model_of("SkinMap", "The skin dose of a study, or why there is none.", MAP)
SkinSum = model_of("SkinSum", "The sum of a patient's maps over the weeks up to a study.", SUM)


class SkinSums(BaseModel):
    """The sums that end with a study."""

    items: list[SkinSum]  # type: ignore[valid-type]


class SkinDose(BaseModel):
    """The cells of a map, row after row; row 0 is at the crown, columns run over front, left, back and right."""

    row_count: int
    column_count: int
    dose_gy: list[list[float]] = Field(
        description="Absorbed dose to the skin.", json_schema_extra={"x-unit": "Gy"}
    )


NONE = "This study has no skin dose map."
UID = "/studies/{study_instance_uid}"


@router.get(
    f"{UID}/skin-map",
    response_model=SkinMap,
    responses=problem.responses(404),
    summary="The skin dose of a study",
)
def show_map(caller: ApiReader, here: Here, study_instance_uid: given.StudyUid) -> Any:  # noqa: ARG001 - the gate
    """Peak, where it is, which events could not be computed, and how it was computed. Doses in Gy."""
    with here.database.reading() as connection:
        study_id = study_id_of(connection, study_instance_uid)
        row = (
            connection.execute(sa.select(*MAP).where(dose.skin_map.c.study_id == study_id)).mappings().first()
        )
    if row is None:
        raise HTTPException(404, NONE)
    return dict(row)


@router.get(
    f"{UID}/skin-dose",
    response_model=SkinDose,
    responses=problem.responses(404),
    summary="The cells of a skin dose map",
)
def show_dose(caller: ApiReader, here: Here, study_instance_uid: given.StudyUid) -> Any:  # noqa: ARG001
    """The dose of each cell in Gy; `geometry` of the map says where the cells lie."""
    m = dose.skin_map.c
    with here.database.reading() as connection:
        study_id = study_id_of(connection, study_instance_uid)
        wanted = sa.select(m.dose_map, m.row_count, m.column_count).where(m.study_id == study_id)
        row = connection.execute(wanted).first()
    if row is None or row.dose_map is None:
        raise HTTPException(404, NONE)
    cells = dose_of(row.dose_map, row.row_count, row.column_count)
    width = row.column_count
    rows = [list(cells[start : start + width]) for start in range(0, len(cells), width)]
    return {"row_count": row.row_count, "column_count": width, "dose_gy": rows}


@router.get(
    f"{UID}/skin-sums",
    response_model=SkinSums,
    responses=problem.responses(404),
    summary="Sums of skin dose over weeks",
)
def show_sums(caller: ApiReader, here: Here, study_instance_uid: given.StudyUid) -> Any:  # noqa: ARG001
    """One sum a number of weeks that some rule asks for, and over 12 weeks."""
    with here.database.reading() as connection:
        study_id = study_id_of(connection, study_instance_uid)
        wanted = sa.select(*SUM).where(dose.skin_sum.c.study_id == study_id).order_by(dose.skin_sum.c.weeks)
        return {"items": [dict(row) for row in connection.execute(wanted).mappings()]}
