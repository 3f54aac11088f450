"""Statements of the hot path: compiled once, prepared by the server, run by the driver itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import psycopg
from psycopg import RawCursor
from sqlalchemy import ARRAY, Connection, Executable, Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler

Rows = list[tuple[Any, ...]]


def cursor_of(connection: Connection) -> RawCursor[Any]:
    """A cursor of the driver in the same transaction."""
    return RawCursor(cast("psycopg.Connection[Any]", connection.connection.driver_connection))


def insert_many(table: Table, names: Sequence[str]) -> Insert:
    """An INSERT of many rows in their order: its parameters are named as the columns, each a list of values."""
    lists = (bindparam(name, type_=ARRAY(table.c[name].type)) for name in names)
    given = func.unnest(*lists).table_valued(*names, with_ordinality="place").render_derived(name="given")
    return insert(table).from_select(
        names, select(*(given.c[name] for name in names)).order_by(given.c.place)
    )


class Prepared:
    """A Core statement with named parameters that never changes.

    Building a Core statement for each use and going through SQLAlchemy costs two to four times what the driver
    takes to run it. `columns` names the parameters of an INSERT without VALUES. `literal` writes all values into
    the text: a statement without parameters is planned once, and planning takes longer than to find little in an index.
    """

    def __init__(
        self, statement: Executable, *, columns: Sequence[str] | None = None, literal: bool = False
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._literal = literal

    @cached_property
    def _compiled(self) -> tuple[bytes, tuple[str, ...], dict[str, Any]]:
        dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        keys = list(self._columns) if self._columns else None
        how = {"literal_binds": self._literal}
        compiled: SQLCompiler = self._statement.compile(  # type: ignore[attr-defined]
            dialect=dialect, column_keys=keys, compile_kwargs=how
        )
        return compiled.string.encode(), tuple(compiled.positiontup or ()), dict(compiled.params)

    def run(self, cursor: RawCursor[Any], values: Mapping[str, Any]) -> Rows:
        """Run it; gives its rows, none for a statement that returns none. Raises psycopg.Error."""
        text, names, fixed = self._compiled
        cursor.execute(
            text, [values[name] if name in values else fixed[name] for name in names], prepare=True
        )
        return cursor.fetchall() if cursor.description else []
