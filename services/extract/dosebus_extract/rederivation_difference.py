"""How a record that is derived again differs from the one that stands: place by place, and summed by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dosebus.domain.study import Study

PERSONAL = frozenset(
    {
        "accession_number", "patient_id", "patient_name", "patient_birth_date", "not_patient_indicator",
        "referring_physician", "physicians_of_record", "performing_physician", "reading_physician",
        "operator", "person_name", "study_id",
    }
)  # fmt: skip
"""Keys that may tell who somebody is: that they differ is told, their values are not."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of a record that is read otherwise. `before` or `after` is None where there is nothing."""

    place: str
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The place without its list positions: `ct_reports[].events[].dlp_mgycm`."""
        return field_of(self.place)

    @property
    def relative(self) -> float | None:
        """|after - before| / |before|; None where one of them is no number, or the former is zero."""
        if not (_is_number(self.before) and _is_number(self.after)) or self.before == 0:
            return None
        return float(abs(self.after - self.before) / abs(self.before))

    @property
    def hidden(self) -> bool:
        """Whether the values may tell who somebody is."""
        return self.place.rpartition(".")[2].partition("[")[0] in PERSONAL

    def told(self) -> dict[str, Any]:
        """The difference as JSON, without values that name people."""
        if self.hidden:
            return {"place": self.place, "hidden": True}
        return {
            "place": self.place,
            "before": self.before,
            "after": self.after,
            "relative": self.relative,
        }


@dataclass(frozen=True, slots=True)
class FieldSum:
    """A field of one study: in how many places it differs, and the largest relative difference among them."""

    field: str
    places: int
    largest_relative: float | None


def differences(before: Study, after: Study) -> Iterator[Difference]:
    """Every place where two records differ, in the order of the places."""
    old, new = dict(_leaves(before.model_dump(mode="json"))), dict(_leaves(after.model_dump(mode="json")))
    for place in sorted(old.keys() | new.keys()):
        if old.get(place) != new.get(place):
            yield Difference(place, old.get(place), new.get(place))


def by_field(found: Iterable[Difference]) -> list[FieldSum]:
    """The differences of one study summed by field."""
    sums: dict[str, FieldSum] = {}
    for one in found:
        known = sums.get(one.field, FieldSum(one.field, 0, None))
        relatives = [value for value in (known.largest_relative, one.relative) if value is not None]
        sums[one.field] = FieldSum(one.field, known.places + 1, max(relatives, default=None))
    return [sums[field] for field in sorted(sums)]


def field_of(place: str) -> str:
    """A place without its list positions: `ct_reports[0].events[3].dlp_mgycm` is `ct_reports[].events[].dlp_mgycm`."""
    parts = place.replace("[", "\0[\0").replace("]", "\0]").split("\0")
    return "".join("" if part.isdigit() else part for part in parts)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    else:
        yield place, value
