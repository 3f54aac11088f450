"""What a preview shows of an uploaded table: how it is read, its first rows, and what would be imported of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from dosebus.sizes.rows import (
    HEIGHT,
    WEIGHT,
    Columns,
    HeightUnit,
    KeyKind,
    SizeRow,
    check_columns,
    guess_columns,
    size_row,
)
from dosebus.sizes.table import BadTable, Form, Line, Opens, form_of, read_lines

PREVIEWED = 10
SEPARATORS: Mapping[str, str] = {"semicolon": ";", "comma": ",", "tab": "\t"}
SeparatorName = Literal["semicolon", "comma", "tab"]
Encoding = Literal["utf-8", "cp1252", "utf-16"]
Place = Annotated[int | None, Query(ge=-1, le=10_000)]
UNREAD = -1
"""A column that is chosen to be none."""


class Choice(BaseModel):
    """What a person decided about a table; None: find out. Columns are places from 0."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    encoding: Encoding | None = None
    separator: SeparatorName | None = None
    key_kind: KeyKind | None = None
    key: Place = None
    height: Place = None
    weight: Place = None
    height_unit: HeightUnit = "auto"


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the preview: its cells, and what would be read of it."""

    line: Line
    row: SizeRow | None

    @property
    def height(self) -> float | None:
        """In metres."""
        return self.row.sizes.get(HEIGHT) if self.row else None

    @property
    def weight(self) -> float | None:
        """In kilograms."""
        return self.row.sizes.get(WEIGHT) if self.row else None


@dataclass(frozen=True, slots=True)
class Preview:
    """A table as it would be read. Without `columns` it cannot be imported, and `problem` says why."""

    form: Form | None = None
    headings: tuple[str, ...] = ()
    places: Mapping[str, int | None] | None = None
    key_kind: KeyKind = "accession"
    columns: Columns | None = None
    rows: tuple[Shown, ...] = ()
    problem: str = ""

    @property
    def encoding(self) -> str:
        """The encoding as it is chosen: whether a file has a byte order mark is no choice."""
        return self.form.encoding.removesuffix("-sig") if self.form else ""

    @property
    def separator(self) -> str:
        """The name of the separator, empty for an unusual one."""
        found = self.form.separator if self.form else ""
        return next((name for name, one in SEPARATORS.items() if one == found), "")


def preview(opens: Opens, choice: Choice) -> Preview:
    """Look at the front of a table. Raises BlobMissingError when its file is gone."""
    separator = SEPARATORS[choice.separator] if choice.separator else None
    try:
        form = form_of(opens, separator=separator, encoding=choice.encoding)
        headings, lines = read_lines(opens, form)
        front = tuple(islice(lines, PREVIEWED))
    except BadTable as error:
        return Preview(problem=str(error))
    kind, places = _places(headings, choice)
    try:
        columns = _columns(headings, kind, places, choice.height_unit)
    except BadTable as error:
        return Preview(
            form, headings, places, kind, None, tuple(Shown(one, None) for one in front), str(error)
        )
    shown = tuple(Shown(one, size_row(one, len(headings), columns)) for one in front)
    return Preview(form, headings, places, kind, columns, shown)


def _columns(
    headings: Sequence[str], kind: KeyKind, places: Mapping[str, int | None], height_unit: HeightUnit
) -> Columns:
    key = places["key"]
    if key is None:
        raise BadTable("Choose the column of the key.")
    return check_columns(headings, Columns(key, kind, places["height"], places["weight"], height_unit))


def _places(headings: Sequence[str], choice: Choice) -> tuple[KeyKind, dict[str, int | None]]:
    """The columns as chosen, the others by their headings."""
    guessed = guess_columns(headings)
    by_uid = "study-uid" in guessed and "accession" not in guessed
    kind: KeyKind = choice.key_kind or ("study-uid" if by_uid else "accession")
    guesses = {"key": guessed.get(kind), "height": guessed.get("height"), "weight": guessed.get("weight")}
    chosen = {"key": choice.key, "height": choice.height, "weight": choice.weight}
    places: dict[str, int | None] = {}
    for name, place in chosen.items():
        if place == UNREAD:
            places[name] = None
        else:
            places[name] = place if place is not None and place < len(headings) else guesses[name]
    return kind, places
