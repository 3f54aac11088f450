"""The standard names of a chapter with how often they were met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dosebus_web.pages.names.mapping import RawKey, State
from dosebus_web.pages.names.volume import Seen


@dataclass(frozen=True, slots=True)
class NameRow:
    """A standard name with its raw names.

    `volume` is that of the source with most: a study whose description and request are both mapped counts once.
    """

    id: int
    name: str
    raws: tuple[str, ...]
    volume: int
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class RawRow:
    """A raw name of a standard name; `volume` is 0 where nothing of the period bears it."""

    key: RawKey
    raw_name: str
    volume: int
    last_seen_at: datetime | None


def rows(state: State, found: Iterable[Seen], text: str) -> list[NameRow]:
    """The standard names that a text finds, by name or raw name, the most frequent first."""
    seen, wanted = {one.key: one for one in found}, text.strip().lower()
    rows = []
    for name_id, name in state.names.items():
        own = state.raws_of(name_id)
        if wanted not in name.lower() and not any(wanted in key[1] for key in own):
            continue
        known = [seen[key] for key in own if key in seen]
        rows.append(
            NameRow(
                id=name_id,
                name=name,
                raws=tuple({key[1]: raw.raw_name for key, raw in own.items()}.values()),
                volume=_most(known),
                last_seen_at=max((one.last_seen_at for one in known if one.last_seen_at), default=None),
            )
        )
    return sorted(rows, key=lambda one: (-one.volume, one.name.lower()))


def _most(known: Iterable[Seen]) -> int:
    totals: Counter[str] = Counter()
    for one in known:
        totals[one.key[0]] += one.volume
    return max(totals.values(), default=0)


def raws_of(state: State, found: Iterable[Seen], name_id: int) -> list[RawRow]:
    """The raw names of a standard name, the most frequent first."""
    seen = {one.key: one for one in found}
    rows = []
    for key, raw in state.raws_of(name_id).items():
        known = seen.get(key)
        rows.append(
            RawRow(key, raw.raw_name, known.volume if known else 0, known.last_seen_at if known else None)
        )
    return sorted(rows, key=lambda one: (-one.volume, one.key))


def share_mapped(state: State, found: Iterable[Seen]) -> Mapping[str, tuple[int, int]]:
    """By source: how many studies or acquisitions bear a mapped raw name, and how many any."""
    totals: dict[str, tuple[int, int]] = {}
    for one in found:
        done, whole = totals.get(one.key[0], (0, 0))
        totals[one.key[0]] = (done + one.volume * (one.key in state.raws), whole + one.volume)
    return totals
