"""What is not mapped yet, the most frequent first, with the standard name that each could get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dosebus_web.pages.names.mapping import State
from dosebus_web.pages.names.scorer import Match, Meaning, best, meaning, new_name
from dosebus_web.pages.names.volume import Seen

LEAST = 0.3
"""Below it a likeness is chance and nothing is suggested."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A raw name, and the standard name suggested for it; `is_new`: there is no such standard name yet."""

    seen: Seen
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


def suggest(state: State, found: Iterable[Seen]) -> list[Suggestion]:
    """The best standard name for each raw name, that nobody turned down; a new one where none is alike."""
    known = Known.of(state)
    return [_one(state, known, seen) for seen in found]


def _one(state: State, known: Known, seen: Seen) -> Suggestion:
    raw, chosen, match = meaning(seen.raw_name), None, Match(0.0)
    for name_id, name in known.names.items():
        if (*seen.key, name_id) in state.rejected:
            continue
        if known.elsewhere.get(seen.key[1]) == name_id:
            chosen, match = name_id, Match(1.0, seen.raw_name)
            break
        fits = best(raw, name, known.examples.get(name_id, ()))
        if fits.confidence > match.confidence:
            chosen, match = name_id, fits
    if chosen is not None and match.confidence >= LEAST:
        return Suggestion(seen, state.names[chosen], match.confidence, match.like)
    return Suggestion(seen, new_name(raw), 0.0, is_new=True)


def unmapped(state: State, found: Iterable[Seen], text: str, source: str) -> list[Seen]:
    """The raw names without a standard name, searched, the most frequent first."""
    wanted = text.strip().lower()
    rest = [
        one
        for one in found
        if one.key not in state.raws and wanted in one.key[1] and source in ("", one.key[0])
    ]
    return sorted(rest, key=lambda one: (-one.volume, one.key))
