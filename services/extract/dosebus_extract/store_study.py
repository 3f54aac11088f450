"""Writes a combined study into the published tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from dosebus.domain.study import Study
from dosebus.store.packed import pack
from dosebus.store.prepared import Prepared
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.record_rows import ENTRY_TABLES, Rows, entries, study_values
from dosebus_extract.skin_requests import ask_for_sums_without

S = dose.study.c
STUDY_LOCK = 0x73747564
"""Seed of the advisory locks that let one object of a study be recorded at a time."""
ALL_STUDIES = 0x616C6C
"""The advisory lock that recording shares, and that a re-derivation of many studies takes alone."""
LOCK = Prepared(
    sa.select(
        # In this order: who waits for a study must hold the shared lock already, or a re-derivation could wait for it.
        sa.func.pg_advisory_xact_lock_shared(sa.literal_column(str(ALL_STUDIES))),
        sa.func.pg_advisory_xact_lock(
            sa.func.hashtextextended(sa.bindparam("uid", type_=sa.Text), sa.literal_column(str(STUDY_LOCK)))
        ),
    )
)
LOCK_MANY = Prepared(
    sa.select(
        sa.func.pg_advisory_xact_lock_shared(sa.literal_column(str(ALL_STUDIES))),
        sa.func.pg_advisory_xact_lock(
            sa.func.hashtextextended(sa.column("uid"), sa.literal_column(str(STUDY_LOCK)))
        ),
    ).select_from(
        sa.func.unnest(sa.bindparam("uids", type_=sa.ARRAY(sa.Text))).table_valued("uid").render_derived()
    )
)
NEW_IDS = Prepared(
    sa.select(sa.func.nextval(sa.literal_column("'dose.study_id_seq'"))).select_from(
        sa.func.generate_series(sa.literal_column("1"), sa.bindparam("number", type_=sa.Integer))
    )
)
STANDING = Prepared(
    sa.select(S.id, S.revision, S.modality_types).where(S.study_instance_uid == sa.bindparam("uid"))
)
COLUMNS = tuple(name for name in S.keys() if name != "id")  # noqa: SIM118 - columns, not a dictionary
ADD = Prepared(sa.insert(dose.study).returning(S.id), columns=COLUMNS)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands of a study: its row's id, and the revision and modalities of its record."""

    id: int
    revision: int
    modality_types: tuple[str, ...]


def lock_study(tx: Transaction, study_instance_uid: str) -> None:
    """Wait until no other transaction records this study, or all studies; held until this one ends."""
    tx.run(LOCK, uid=study_instance_uid)


def lock_studies(tx: Transaction, study_instance_uids: Iterable[str]) -> None:
    """As `lock_study`, for several: in one order everywhere, so that two who do so never wait for each other."""
    tx.run(LOCK_MANY, uids=sorted(set(study_instance_uids)))


def lock_all_studies(tx: Transaction) -> None:
    """Wait until no other transaction records anything; held until this one ends."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(ALL_STUDIES)))


def standing(tx: Transaction, study_instance_uid: str) -> Standing | None:
    """What stands of a study, or None."""
    rows = tx.run(STANDING, uid=study_instance_uid)
    return standing_of(*rows[0]) if rows else None


def standing_of(study_id: int, revision: int, modality_types: Sequence[str]) -> Standing:
    """What a study's row tells."""
    return Standing(study_id, revision, tuple(modality_types))


def write_study(
    tx: Transaction,
    study: Study,
    before: Standing | None,
    *,
    device_id: int | None,
    extractor_version: str,
    received_at: datetime,
    with_entries: bool = True,
) -> int:
    """Write a study over what stands of it; gives its id. Without `with_entries` its events stay as they are."""
    values = columns_of(study, device_id, extractor_version)
    if before is None:
        values |= {"first_received_at": received_at, "revision": 1}
        study_id = int(tx.run(ADD, **{name: untyped(value) for name, value in values.items()})[0][0])
    else:
        study_id = before.id
        values |= {
            "first_received_at": sa.func.least(S.first_received_at, received_at),
            "revision": before.revision + 1,
        }
        tx.execute(sa.update(dose.study).where(S.id == study_id).values(values))
        if with_entries:
            clear_entries(tx, study_id)
    if with_entries:
        for rows in entries(study, device_id):
            copy_rows(tx, study_id, rows)
    return study_id


def columns_of(study: Study, device_id: int | None, extractor_version: str) -> dict[str, Any]:
    """The study's columns, but for those that only the first of its objects decides."""
    return study_values(study) | {
        "device_id": device_id,
        "record": pack(study),
        "extractor_version": extractor_version,
        "recorded_at": datetime.now(UTC),
    }


@dataclass(frozen=True, slots=True)
class NewStudy:
    """A study of which nothing stands, as it is to be written."""

    study: Study
    device_id: int | None
    received_at: datetime


def new_ids(tx: Transaction, number: int) -> list[int]:
    """Ids for studies that are to be added."""
    return [study_id for (study_id,) in tx.run(NEW_IDS, number=number)]


def add_studies(tx: Transaction, studies: Mapping[int, NewStudy], extractor_version: str) -> None:
    """Write new studies by their ids: one COPY a table, however many there are."""
    rows: list[Sequence[Any]] = []
    listed: dict[sa.Table, tuple[tuple[str, ...], list[Sequence[Any]]]] = {}
    for study_id, new in studies.items():
        values = columns_of(new.study, new.device_id, extractor_version)
        values |= {"first_received_at": new.received_at, "revision": 1}
        rows.append([study_id, *(values[name] for name in COLUMNS)])
        for of_table in entries(new.study, new.device_id):
            _, gathered = listed.setdefault(of_table.table, (of_table.columns, []))
            gathered += ([study_id, *row] for row in of_table.rows)
    copy(tx, copy_statement(dose.study, ("id", *COLUMNS)), rows)
    for table in ENTRY_TABLES:
        if table in listed:
            columns, gathered = listed[table]
            copy(tx, copy_statement(table, ("study_id", *columns)), gathered)


def untyped(value: Any) -> Any:
    """A value as text, whose type the column tells.

    The driver prepares a statement anew for each pattern of types, and what is empty has none.
    """
    return value if value is None or isinstance(value, str | bytes | list) else str(value)


def clear_entries(tx: Transaction, study_id: int) -> None:
    """Remove what the reports of a study list."""
    for table in ENTRY_TABLES:
        tx.execute(sa.delete(table).where(table.c.study_id == study_id))


def copy_rows(tx: Transaction, study_id: int, rows: Rows) -> None:
    """Write rows of one study by COPY."""
    statement = copy_statement(rows.table, ("study_id", *rows.columns))
    copy(tx, statement, ([study_id, *row] for row in rows.rows))


def copy(tx: Transaction, statement: bytes, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows by COPY, which the server need not plan, however many columns are empty."""
    with tx.psycopg.cursor() as cursor, cursor.copy(statement) as writer:
        for row in rows:
            writer.write_row(row)


def copy_statement(table: sa.Table, columns: Sequence[str]) -> bytes:
    """`COPY table (columns) FROM STDIN`; the names are those of the declared tables."""
    return f"COPY {table.fullname} ({', '.join(columns)}) FROM STDIN".encode()


def remove_study(tx: Transaction, study_id: int) -> None:
    """Remove a study with everything its reports list; its objects stay known, without a contribution."""
    ask_for_sums_without(tx, study_id)
    o = dose.dicom_object.c
    tx.execute(
        sa.update(dose.dicom_object)
        .where(o.study_id == study_id)
        .values(
            outcome="ignored",
            reason_code="study_removed",
            reason="The study was removed.",
            contribution=None,
            study_id=None,
        )
    )
    tx.execute(sa.delete(dose.study).where(S.id == study_id))
