"""How alike two names of an examination are: a number between 0 and 1 with its reason. Pure.

Both names become a set of words in one spelling, and three properties: contrast, side, child. The score is the
weighted share of words that both have (Dice); words for places of the body count double, numbers little. Then it is
lowered where the properties differ: another side or a child against an adult is never the same examination.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from dosebus_web.pages.names.vocabulary import CONTRAST, IDLE, PHRASES, SAME, SIDES, STRONG

PLACE_WEIGHT, WORD_WEIGHT, NUMBER_WEIGHT = 2.0, 1.0, 0.3
BEGINNING = 0.8
"""What a word counts that is the beginning of the other (`abdominopel` of `abdominopelvic`)."""
LEAST_BEGINNING = 4
ONE_TELLS_CONTRAST, OTHER_CONTRAST = 0.85, 0.4
ONE_TELLS_SIDE = 0.7
OTHER_PLACES = 0.75
"""One of them names a place of the body that the other does not."""
SAID_SIDE = {"left": "left", "right": "right", "both": "both sides"}
SAID_CONTRAST = {"with": "with contrast", "without": "without contrast", "both": "with and without contrast"}
BY_EXAMPLE = 0.97
"""What likeness to a name that is mapped already counts: a little less than likeness to the standard name itself."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A name as it is compared. `contrast`: with, without, both or nothing; `side`: left, right, both or nothing."""

    words: frozenset[str]
    contrast: str = ""
    side: str = ""
    child: bool = False
    weight: float = 0.0
    """The weight of all words."""


@dataclass(frozen=True, slots=True)
class Match:
    """How alike, and why: `like` is the mapped name that it resembles, empty for the standard name itself."""

    confidence: float
    like: str = ""


def meaning(name: str) -> Meaning:
    """A raw or standard name as it is compared."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", plain).lower()
    for pattern, meant in PHRASES:
        text = pattern.sub(meant, text)
    found = [SAME.get(word, word) for word in re.findall(r"[a-z]+|\d+(?:[.,]\d+)?", text)]
    told = {word for word in found if word in ("with", "without")}
    if not told and CONTRAST & set(found):
        told = {"with"}
    sides = {SIDES[word] for word in found if word in SIDES}
    words = set(found) - CONTRAST - IDLE - SIDES.keys() - {"with", "without"}
    telling = frozenset(words - {"child"})
    return Meaning(
        words=telling,
        contrast="both" if len(told) == 2 else next(iter(told), ""),
        side="both" if len(sides) > 1 else next(iter(sides), ""),
        child="child" in words,
        weight=sum(_weight(word) for word in telling),
    )


def likeness(one: Meaning, other: Meaning) -> float:
    """How alike two names are: 1 for the same words and properties, 0 for nothing in common."""
    if (one.side and other.side and one.side != other.side) or one.child != other.child:
        return 0.0
    whole = one.weight + other.weight
    if not whole:
        return 0.0
    score = 2 * _shared(one.words, other.words) / whole
    if (one.words ^ other.words) & STRONG:
        score *= OTHER_PLACES
    if one.contrast != other.contrast:
        score *= OTHER_CONTRAST if one.contrast and other.contrast else ONE_TELLS_CONTRAST
    if one.side != other.side:
        score *= ONE_TELLS_SIDE
    return score


def best(raw: Meaning, name: Meaning, examples: Iterable[tuple[str, Meaning]]) -> Match:
    """How well a raw name fits a standard name, by the name itself or by the most alike of its raw names."""
    found = Match(likeness(raw, name))
    for text, example in examples:
        score = likeness(raw, example) * BY_EXAMPLE
        if score > found.confidence:
            found = Match(score, text)
    return found


def new_name(raw: Meaning) -> str:
    """A standard name that a raw name could give: its words in order of weight, then side, child and contrast.

    In the words of the vocabulary, whoever looks: a name is shared by all, and is of one language.
    """
    words = sorted(raw.words, key=lambda word: (-_weight(word), word))
    parts = [
        " ".join(words),
        SAID_SIDE.get(raw.side, ""),
        "child" if raw.child else "",
        SAID_CONTRAST.get(raw.contrast, ""),
    ]
    text = " ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]


def _weight(word: str) -> float:
    if word[0].isdigit():
        return NUMBER_WEIGHT
    return PLACE_WEIGHT if word in STRONG else WORD_WEIGHT


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    equal = one & other
    total = sum(map(_weight, equal))
    rest = [word for word in other - equal if len(word) >= LEAST_BEGINNING]
    for word in one - equal:
        if len(word) < LEAST_BEGINNING:
            continue
        for candidate in rest:
            if candidate.startswith(word) or word.startswith(candidate):
                total += BEGINNING * min(_weight(word), _weight(candidate))
                rest.remove(candidate)
                break
    return total
