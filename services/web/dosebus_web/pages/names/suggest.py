"""What is not mapped yet, the most frequent first, with the standard name that each could get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dosebus_web.pages.names.mapping import RawKey, State
from dosebus_web.pages.names.scorer import Match, Meaning, best, meaning, new_name
from dosebus_web.pages.names.volume import Seen

LEAST = 0.3
"""Below it a likeness is chance and nothing is suggested."""


@dataclass(frozen=True, slots=True)
class Open:
    """A text that is not mapped, in all sources in which it was met; `volume` is that of the source with most."""

    raw_name: str
    keys: tuple[RawKey, ...]
    volume: int
    last_seen_at: datetime | None

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it was met."""
        return tuple(source for source, _ in self.keys)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A raw name, and the standard name suggested for it; `is_new`: there is no such standard name yet."""

    raw: Open
    name: str
    confidence: float
    like: str = ""
    is_new: bool = False

    @property
    def percent(self) -> int:
        """The confidence as it is shown."""
        return round(100 * self.confidence)


@dataclass(frozen=True, slots=True)
class Known:
    """The standard names of a chapter, read once for all suggestions of a page."""

    names: Mapping[int, Meaning]
    examples: Mapping[int, Sequence[tuple[str, Meaning]]]
    elsewhere: Mapping[str, int]
    """Raw names that are mapped under some source, with their standard name."""

    @classmethod
    def of(cls, state: State) -> Known:
        """The names and raw names of a mapping."""
        examples: dict[int, dict[Meaning, str]] = {}
        for raw in state.raws.values():
            examples.setdefault(raw.name_id, {}).setdefault(meaning(raw.raw_name), raw.raw_name)
        return cls(
            names={name_id: meaning(name) for name_id, name in state.names.items()},
            examples={
                one: [(text, meant) for meant, text in found.items()] for one, found in examples.items()
            },
            elsewhere={key[1]: raw.name_id for key, raw in state.raws.items()},
        )


def suggest(state: State, found: Iterable[Open]) -> list[Suggestion]:
    """The best standard name for each raw name, that nobody turned down; a new one where none is alike."""
    known = Known.of(state)
    return [_one(state, known, raw) for raw in found]


def _one(state: State, known: Known, raw: Open) -> Suggestion:
    meant, chosen, match = meaning(raw.raw_name), None, Match(0.0)
    for name_id, name in known.names.items():
        if any((*key, name_id) in state.rejected for key in raw.keys):
            continue
        if known.elsewhere.get(raw.keys[0][1]) == name_id:
            chosen, match = name_id, Match(1.0, raw.raw_name)
            break
        fits = best(meant, name, known.examples.get(name_id, ()))
        if fits.confidence > match.confidence:
            chosen, match = name_id, fits
    if chosen is not None and match.confidence >= LEAST:
        return Suggestion(raw, state.names[chosen], match.confidence, match.like)
    return Suggestion(raw, new_name(meant), 0.0, is_new=True)


def unmapped(state: State, found: Iterable[Seen], text: str, source: str) -> list[Open]:
    """The raw names without a standard name, searched, the most frequent first; equal ones of all sources are one."""
    wanted, texts = text.strip().lower(), dict[str, list[Seen]]()
    for one in found:
        if one.key not in state.raws and wanted in one.key[1] and source in ("", one.key[0]):
            texts.setdefault(one.key[1], []).append(one)
    rest = [
        Open(
            raw_name=group[0].raw_name,
            keys=tuple(one.key for one in group),
            volume=max(one.volume for one in group),
            last_seen_at=max((one.last_seen_at for one in group if one.last_seen_at), default=None),
        )
        for group in texts.values()
    ]
    return sorted(rest, key=lambda one: (-one.volume, one.keys))
