"""Standard names and the raw names that they stand for; imports of patient sizes."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException

from dosebus.store.tables import config
from dosebus.store.tables.dose_imports import size_import
from dosebus_web.api import given, problem
from dosebus_web.api.paging import page
from dosebus_web.api.shape import list_of, model_of, page_of
from dosebus_web.auth.gate import ApiReader, ApiSizer
from dosebus_web.web import Here

router = APIRouter(prefix="/api/v1")
N, R, I = config.standard_name.c, config.standard_name_raw.c, size_import.c  # noqa: E741 - the import
RAW = (R.source, R.raw_name)
IMPORT = tuple(column for column in I if column.key not in ("file_key", "log_key", "traceparent"))
RawName = model_of("RawName", "What devices and people call it.", RAW)
StandardName = model_of("StandardName", "One name for what is called differently.", N)
Mapped = model_of("StandardNameWithRaw", "A standard name and its raw names.", N, raw_names=list_of(RawName))
NamePage = page_of("StandardNamePage", StandardName, int)
SizeImport = model_of("SizeImport", "An import of patient sizes and what became of its lines.", IMPORT)
SizeImportPage = page_of("SizeImportPage", SizeImport, UUID)


@router.get(
    "/standard-names",
    response_model=NamePage,
    responses=problem.responses(404),
    tags=["names"],
    summary="Standard names",
)
def list_names(
    *,
    caller: ApiReader,  # noqa: ARG001 - the gate
    here: Here,
    modality_type: Literal["CT", "RF", "MG", "DX", "NM"] | None = None,
    kind: Literal["study", "acquisition"] | None = None,
    text: given.Words = "",
    limit: given.Limit = 50,
    after: given.AfterId = None,
) -> Any:
    """Standard names that hold `text`, the last made first."""
    wanted = sa.select(*N)
    if modality_type is not None:
        wanted = wanted.where(N.modality_type == modality_type)
    if kind is not None:
        wanted = wanted.where(N.kind == kind)
    if text.strip():
        wanted = wanted.where(N.name.icontains(text.strip(), autoescape=True))
    with here.database.reading() as connection:
        return page(connection, wanted, newest=N.id, key=N.id, after=after, limit=limit)


@router.get(
    "/standard-names/{name_id}",
    response_model=Mapped,
    responses=problem.responses(404),
    tags=["names"],
    summary="One standard name",
)
def show_name(caller: ApiReader, here: Here, name_id: given.Id) -> Any:  # noqa: ARG001
    """A standard name with all its raw names."""
    raw = sa.select(*RAW).where(R.standard_name_id == name_id).order_by(*RAW)
    with here.database.reading() as connection:
        row = connection.execute(sa.select(*N).where(N.id == name_id)).mappings().first()
        if row is None:
            raise HTTPException(404, "There is no such standard name.")
        return dict(row) | {"raw_names": [dict(one) for one in connection.execute(raw).mappings()]}


@router.get(
    "/size-imports",
    response_model=SizeImportPage,
    responses=problem.responses(404),
    tags=["sizes"],
    summary="Imports of sizes",
)
def list_imports(caller: ApiSizer, here: Here, limit: given.Limit = 50, after: given.AfterUuid = None) -> Any:  # noqa: ARG001
    """Imports of patient sizes, newest first."""
    with here.database.reading() as connection:
        return page(
            connection, sa.select(*IMPORT), newest=I.requested_at, key=I.import_id, after=after, limit=limit
        )


@router.get(
    "/size-imports/{import_id}",
    response_model=SizeImport,
    responses=problem.responses(404),
    tags=["sizes"],
    summary="One import of sizes",
)
def show_import(caller: ApiSizer, here: Here, import_id: UUID) -> Any:  # noqa: ARG001
    """How far an import is, and what became of its lines."""
    with here.database.reading() as connection:
        row = connection.execute(sa.select(*IMPORT).where(I.import_id == import_id)).mappings().first()
    if row is None:
        raise HTTPException(404, "There is no such import.")
    return dict(row)
