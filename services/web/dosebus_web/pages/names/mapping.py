"""The mapping of raw names to standard names, and changes of it that can be turned round. Pure.

A change is a list of steps; each says what one row was and what it becomes. Applying a step to anything else than what
it was is refused, so two people never overwrite each other, and an undo restores exactly or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

RawKey = tuple[str, str]
"""Source and compared form of a raw name."""
Rejected = tuple[str, str, int]
"""Source and compared form of a raw name, and the standard name that was turned down for it."""


class RefusedError(Exception):
    """A change that does not fit what there is; the text says why, with the names."""

    def __init__(self, reason: Literal["changed", "taken", "mapped", "unknown"], *names: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.names = names


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw name as it was first written, and its standard name."""

    raw_name: str
    name_id: int


@dataclass(frozen=True, slots=True)
class State:
    """The standard names of one modality and kind, what they stand for, and what was turned down."""

    names: Mapping[int, str]
    raws: Mapping[RawKey, Raw]
    rejected: frozenset[Rejected] = frozenset()

    def id_of(self, name: str) -> int | None:
        """The id of a standard name, whatever its case."""
        wanted = name.strip().lower()
        return next((one for one, known in self.names.items() if known.lower() == wanted), None)

    def raws_of(self, name_id: int) -> dict[RawKey, Raw]:
        """The raw names of a standard name."""
        return {key: raw for key, raw in self.raws.items() if raw.name_id == name_id}


@dataclass(frozen=True, slots=True)
class NameStep:
    """A standard name that comes, goes or is called otherwise."""

    name_id: int
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RawStep:
    """A raw name that is mapped, mapped otherwise or no longer mapped."""

    key: RawKey
    before: Raw | None
    after: Raw | None


@dataclass(frozen=True, slots=True)
class RejectionStep:
    """A suggestion that is turned down, or may be made again."""

    key: Rejected
    before: bool
    after: bool


Step = NameStep | RawStep | RejectionStep


def inverse(steps: Sequence[Step]) -> tuple[Step, ...]:
    """What turns the steps round."""
    return tuple(_turned(one) for one in reversed(steps))


def _turned(step: Step) -> Step:
    if isinstance(step, NameStep):
        return NameStep(step.name_id, step.after, step.before)
    if isinstance(step, RawStep):
        return RawStep(step.key, step.after, step.before)
    return RejectionStep(step.key, step.after, step.before)


def applied(state: State, steps: Iterable[Step]) -> State:
    """The mapping after the steps. Raises RefusedError and changes nothing when one does not fit."""
    names, raws, rejected = dict(state.names), dict(state.raws), set(state.rejected)
    for step in steps:
        if isinstance(step, NameStep):
            _fit(names.get(step.name_id) == step.before, step.before or step.after)
            _put(names, step.name_id, step.after)
        elif isinstance(step, RawStep):
            _fit(raws.get(step.key) == step.before, (step.before or step.after or Raw("", 0)).raw_name)
            _put(raws, step.key, step.after)
        else:
            _fit((step.key in rejected) == step.before, step.key[1])
            (rejected.add if step.after else rejected.discard)(step.key)
    _check(names, raws)
    return State(names, raws, frozenset(rejected))


def _fit(fits: bool, name: str | None) -> None:
    if not fits:
        raise RefusedError("changed", name or "")


def _put(rows: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value


def _check(names: Mapping[int, str], raws: Mapping[RawKey, Raw]) -> None:
    seen: set[str] = set()
    for name in names.values():
        if name.lower() in seen:
            raise RefusedError("taken", name)
        seen.add(name.lower())
    for raw in raws.values():
        if raw.name_id not in names:
            raise RefusedError("changed", raw.raw_name)


def as_json(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps as the history keeps them."""
    return [_step_as_json(one) for one in steps]


def _step_as_json(step: Step) -> dict[str, Any]:
    if isinstance(step, NameStep):
        return {"of": "name", "key": [step.name_id], "before": step.before, "after": step.after}
    if isinstance(step, RawStep):
        both = [None if one is None else [one.raw_name, one.name_id] for one in (step.before, step.after)]
        return {"of": "raw", "key": list(step.key), "before": both[0], "after": both[1]}
    return {"of": "rejection", "key": list(step.key), "before": step.before, "after": step.after}


def from_json(steps: Iterable[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that the history keeps."""
    return tuple(_step_from_json(one) for one in steps)


def _step_from_json(step: Mapping[str, Any]) -> Step:
    key, before, after = step["key"], step["before"], step["after"]
    if step["of"] == "name":
        return NameStep(key[0], before, after)
    if step["of"] == "raw":
        return RawStep((key[0], key[1]), Raw(*before) if before else None, Raw(*after) if after else None)
    return RejectionStep((key[0], key[1], key[2]), before, after)
