"""Carries the lines of a size table into the record, a study a transaction, and says of each what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from dosebus.bus.fault import describe, is_outage
from dosebus.sizes.rows import KeyKind, RowCode, SizeRow, code_of
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.transaction import Transaction
from dosebus_extract.people import pseudonym
from dosebus_extract.store_sizes import apply_row

S = dose.study.c
AT_A_TIME = 200
"""Lines whose studies are looked up at once."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a table is imported. `pseudonym_key` finds accession numbers that are kept as pseudonyms."""

    key_kind: KeyKind
    imported_by: str
    pseudonym_key: bytes
    overwrite: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a line in one study. `key` is what the file says and may be an accession number."""

    line: int
    key: str
    study_instance_uid: str | None
    code: RowCode
    reason: str


@dataclass(frozen=True, slots=True)
class Match:
    """A study that a key means."""

    study_id: int
    study_instance_uid: str


Enters = Callable[[Transaction, RowOutcome], None]
"""Writes an outcome down in the transaction of the size itself, so that both stand or neither."""


def import_rows(
    database: Database, rows: Iterable[SizeRow], options: ImportOptions, enter: Enters | None = None
) -> Iterator[RowOutcome]:
    """Import lines one by one: what was told is committed, so stopping anywhere leaves nothing half done."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, AT_A_TIME)):
        yield from import_chunk(database, chunk, options, enter)


def import_chunk(
    database: Database,
    chunk: Sequence[SizeRow],
    options: ImportOptions,
    enter: Enters | None = None,
    done: frozenset[tuple[int, str]] = frozenset(),
) -> Iterator[RowOutcome]:
    """Import a few lines; pairs of line and Study Instance UID in `done` are left out."""
    matches = find_studies(database, [row.key for row in chunk if row.sizes], options)
    for row in chunk:
        if not row.sizes:
            code = code_of(row, ())
            yield RowOutcome(row.line, row.key, None, code, "; ".join(row.problems) or "no size given")
        elif row.key not in matches:
            yield RowOutcome(row.line, row.key, None, "unmatched", "no study has this key")
        else:
            for match in matches[row.key]:
                if (row.line, match.study_instance_uid) not in done:
                    yield _import_row(database, row, match, options, enter)


def find_studies(database: Database, keys: Sequence[str], options: ImportOptions) -> dict[str, list[Match]]:
    """The studies that keys mean: by Study Instance UID, or by accession number in the form it is kept in."""
    forms = {key: key for key in keys}
    column: sa.ColumnElement[str] = S.study_instance_uid
    hashed: sa.ColumnElement[bool] = sa.false()
    if options.key_kind == "accession":
        column, hashed = S.accession_number, sa.func.coalesce(S.accession_number_is_hashed, sa.false())
        if options.pseudonym_key:
            forms |= {pseudonym(key, options.pseudonym_key): key for key in keys}
    select = sa.select(S.id, S.study_instance_uid, column.label("said"), hashed.label("hashed"))
    with database.reading() as connection:
        found = connection.execute(select.where(column.in_(list(forms))).order_by(S.id)).all()
    matches: defaultdict[str, list[Match]] = defaultdict(list)
    for row in found:
        key = forms[row.said]
        if row.hashed == (row.said != key):
            matches[key].append(Match(row.id, row.study_instance_uid))
    return dict(matches)


def _import_row(
    database: Database, row: SizeRow, match: Match, options: ImportOptions, enter: Enters | None
) -> RowOutcome:
    try:
        with database.transaction() as tx:
            decisions = apply_row(
                tx,
                match.study_id,
                row,
                overwrite=options.overwrite,
                imported_by=options.imported_by,
                dry_run=options.dry_run,
            )
            told = "; ".join([*(one.told() for one in decisions), *row.problems])
            outcome = RowOutcome(row.line, row.key, match.study_instance_uid, code_of(row, decisions), told)
            if enter is not None:
                enter(tx, outcome)
    except (SQLAlchemyError, LookupError) as error:
        if enter is not None and is_outage(error):
            raise
        structlog.get_logger("dosebus.extract").error(
            "size not imported", line=row.line, study_id=match.study_id, error=describe(error)
        )
        return RowOutcome(row.line, row.key, match.study_instance_uid, "failed", describe(error))
    return outcome
