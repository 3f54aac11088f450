"""Patient sizes out of the lines of a table, and what becomes of each: pure.

No problem quotes a cell: where a column was chosen wrongly the cell may hold anything, and problems go into logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Final, Literal

from dosebus.sizes.table import BadTable, Line, column_of

Quantity = Literal["patient_height_m", "patient_weight_kg"]
KeyKind = Literal["accession", "study-uid"]
HeightUnit = Literal["auto", "cm", "m"]
RowCode = Literal["changed", "partly", "kept", "same", "no_size", "invalid", "unmatched", "failed"]

HEIGHT: Final[Quantity] = "patient_height_m"
WEIGHT: Final[Quantity] = "patient_weight_kg"
NAMES: Final[Mapping[Quantity, tuple[str, str]]] = {HEIGHT: ("height", "m"), WEIGHT: ("weight", "kg")}
PLAUSIBLE: Final[Mapping[Quantity, tuple[float, float]]] = {HEIGHT: (0.2, 2.72), WEIGHT: (0.2, 650.0)}
"""From the smallest preterm infants to the tallest and heaviest people known."""
PLAUSIBLE_BMI: Final = (4.0, 150.0)
"""Body mass index in kg/m2; what lies outside are mostly swapped columns."""
CENTIMETRES_PER_METRE: Final = 100.0
SAME: Final = 1e-6
KNOWN_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "accession": ("accession", "acc no", "acc nr", "zugangsnummer", "auftragsnummer"),
    "study-uid": ("study instance uid", "studyinstanceuid", "study uid", "studyuid"),
    "height": ("height", "patient height", "patient size", "patientsize", "size", "groesse", "grösse"),
    "weight": ("weight", "patient weight", "patientweight", "gewicht"),
}
"""What headings begin with, case folded (which makes ss of a sharp s), `_` and `-` being blanks."""
_NUMBER: Final = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*([a-zA-Z\"']*)\.?$")
_HEADED_UNIT: Final = re.compile(
    r"(?:[\s(\[/_]|^)(kg|g|lbs?|pounds?|oz|st|cm|mm|m|inch(?:es)?|in|ft|feet)[)\]]?$"
)
_METRIC: Final = {HEIGHT: ("cm", "m"), WEIGHT: ("kg",)}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what, by place from 0."""

    key: int
    key_kind: KeyKind
    height: int | None
    weight: int | None
    height_unit: HeightUnit = "auto"


@dataclass(frozen=True, slots=True)
class SizeRow:
    """What one line tells: whose size, the values that can be used, and why others cannot."""

    line: int
    key: str
    sizes: Mapping[Quantity, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one value: written over nothing or over another, or not because one stands."""

    quantity: Quantity
    stands: float | None
    given: float
    writes: bool

    def told(self) -> str:
        """The decision in words."""
        name, unit = NAMES[self.quantity]
        if self.stands is None:
            return f"{name} set to {self.given:g} {unit}"
        if isclose(self.stands, self.given, abs_tol=SAME):
            return f"{name} is {self.given:g} {unit} already"
        if self.writes:
            return f"{name} changed from {self.stands:g} to {self.given:g} {unit}"
        return f"{name} of {self.stands:g} {unit} kept; the file says {self.given:g} {unit}"


def choose_columns(
    headings: Sequence[str],
    *,
    key: str | None,
    key_kind: KeyKind | None,
    height: str | None,
    weight: str | None,
    height_unit: HeightUnit = "auto",
) -> Columns:
    """The columns as they are named, those that are not by their known headings.

    Raises BadTable when there is none for the key or none for a size, when two are the same, and for units other
    than metres, centimetres and kilograms.
    """
    guessed = guess_columns(headings)
    key_place = column_of(headings, key) if key else None
    if key_kind is None:
        told_by_uid = "accession" not in guessed if key is None else guessed.get("study-uid") == key_place
        key_kind = "study-uid" if told_by_uid else "accession"
    key_place = guessed.get(key_kind) if key_place is None else key_place
    if key_place is None:
        raise BadTable(f"No column is known to hold the key. There are: {', '.join(headings)}.")
    # Whoever names one size alone wants only that one.
    guess = height is None and weight is None
    places = {
        HEIGHT: column_of(headings, height) if height else guessed.get("height") if guess else None,
        WEIGHT: column_of(headings, weight) if weight else guessed.get("weight") if guess else None,
    }
    return check_columns(headings, Columns(key_place, key_kind, places[HEIGHT], places[WEIGHT], height_unit))


def check_columns(headings: Sequence[str], columns: Columns) -> Columns:
    """The same columns. Raises BadTable for one that there is not, for none with a size, and as `choose_columns`."""
    sizes = {HEIGHT: columns.height, WEIGHT: columns.weight}
    chosen = [columns.key, *(place for place in sizes.values() if place is not None)]
    if not all(0 <= place < len(headings) for place in chosen):
        raise BadTable(f"The table has {len(headings)} columns.")
    if len(chosen) == 1:
        raise BadTable(f"No column is known to hold a size. There are: {', '.join(headings)}.")
    if len(set(chosen)) < len(chosen):
        raise BadTable("One column cannot hold two things.")
    for quantity, place in sizes.items():
        if place is not None:
            _check_headed_unit(headings[place], quantity)
    return columns


def guess_columns(headings: Sequence[str]) -> dict[str, int]:
    """The columns whose headings are known, by what they hold; of several the first."""
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        plain = re.sub(r"[_\-\s]+", " ", heading.casefold()).strip()
        for what, beginnings in KNOWN_HEADINGS.items():
            if plain.startswith(beginnings):
                found.setdefault(what, place)
    return found


def size_rows(lines: Iterable[Line], width: int, columns: Columns) -> Iterator[SizeRow]:
    """Every line of a table of `width` columns as far as it can be used."""
    for line in lines:
        yield size_row(line, width, columns)


def size_row(line: Line, width: int, columns: Columns) -> SizeRow:
    """One line: its values in metres and kilograms, and what is wrong with it."""
    cells = line.cells
    key = cells[columns.key].strip() if columns.key < len(cells) else ""
    if any(cell.strip() for cell in cells[width:]):
        return SizeRow(line.number, key, problems=(f"{len(cells)} cells under {width} headings",))
    if not key:
        return SizeRow(line.number, key, problems=(f"no key in column {columns.key + 1}",))
    sizes: dict[Quantity, float] = {}
    problems: list[str] = []
    for quantity, place in ((HEIGHT, columns.height), (WEIGHT, columns.weight)):
        cell = cells[place].strip() if place is not None and place < len(cells) else ""
        if place is None or not cell:
            continue
        try:
            sizes[quantity] = size_of(cell, quantity, columns.height_unit)
        except ValueError as error:
            problems.append(f"{NAMES[quantity][0]} in column {place + 1} not used: {error}")
    if len(sizes) == len(NAMES):
        index = sizes[WEIGHT] / sizes[HEIGHT] ** 2
        if not PLAUSIBLE_BMI[0] <= index <= PLAUSIBLE_BMI[1]:
            told = f"{sizes[HEIGHT]:g} m and {sizes[WEIGHT]:g} kg are of nobody; are the columns swapped?"
            return SizeRow(line.number, key, problems=(told,))
    return SizeRow(line.number, key, sizes, tuple(problems))


def size_of(cell: str, quantity: Quantity, height_unit: HeightUnit) -> float:
    """A cell in metres or kilograms; a unit in the cell wins over `height_unit`. Raises ValueError saying why not."""
    found = _NUMBER.match(cell.strip())
    if found is None:
        raise ValueError("it is no number")
    number, unit = float(found[1].replace(",", ".")), found[2].lower()
    if unit and unit not in _METRIC[quantity]:
        raise ValueError(f"its unit is not {' or '.join(_METRIC[quantity])}")
    least, most = PLAUSIBLE[quantity]
    if quantity == WEIGHT:
        return _within(number, least, most, "kg", "weight")
    said = unit or height_unit
    if said == "m" or (said == "auto" and number <= most):
        return _within(number, least, most, "m", "height")
    centimetres = _within(number, least * CENTIMETRES_PER_METRE, most * CENTIMETRES_PER_METRE, "cm", "height")
    return round(centimetres / CENTIMETRES_PER_METRE, 6)


def decide(
    row: SizeRow, standing: Mapping[Quantity, float | None], *, overwrite: bool
) -> tuple[Decision, ...]:
    """What becomes of a line's values beside those that a study has."""
    decisions = []
    for quantity, given in row.sizes.items():
        stands = standing.get(quantity)
        differs = stands is None or not isclose(stands, given, abs_tol=SAME)
        writes = differs and (stands is None or overwrite)
        decisions.append(Decision(quantity, stands, given, writes))
    return tuple(decisions)


def code_of(row: SizeRow, decisions: Sequence[Decision]) -> RowCode:
    """What happened to a line whose study is known, in a word."""
    if not row.sizes:
        return "invalid" if row.problems else "no_size"
    if row.problems:
        return "partly"
    if any(one.writes for one in decisions):
        return "changed"
    differing = any(
        one.stands is None or not isclose(one.stands, one.given, abs_tol=SAME) for one in decisions
    )
    return "kept" if differing else "same"


def _within(number: float, least: float, most: float, unit: str, name: str) -> float:
    if not least <= number <= most:
        raise ValueError(f"it is no {name} of a person ({least:g} to {most:g} {unit})")
    return number


def _check_headed_unit(heading: str, quantity: Quantity) -> None:
    found = _HEADED_UNIT.search(heading.strip().casefold())
    if found and found[1] not in _METRIC[quantity]:
        name = NAMES[quantity][0]
        raise BadTable(
            f"The column {heading!r} is in {found[1]}; a {name} is read in {_METRIC[quantity][0]}."
        )
