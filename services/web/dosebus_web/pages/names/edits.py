"""What people do to standard names, each as the steps it takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from dosebus_web.pages.names.mapping import (
    NameStep,
    Raw,
    RawKey,
    RawStep,
    RefusedError,
    RejectionStep,
    State,
    Step,
)

FreshId = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Wish:
    """A raw name that shall get a standard name, which is made where there is none."""

    key: RawKey
    raw_name: str
    name: str


def assign(
    state: State, wishes: Iterable[Wish], fresh_id: FreshId, *, replace: bool = False
) -> tuple[Step, ...]:
    """Map raw names. One that is mapped to the same name already is left alone.

    Raises RefusedError for one that is mapped to another name, unless `replace`.
    """
    made: dict[str, NameStep] = {}
    found: dict[RawKey, Step] = {}
    for wish in wishes:
        name_id = state.id_of(wish.name)
        if name_id is None:
            name = wish.name.strip()
            step = made.get(name.lower()) or NameStep(fresh_id(), None, name)
            made[name.lower()] = step
            name_id = step.name_id
        mapped = state.raws.get(wish.key)
        if mapped is not None and mapped.name_id == name_id:
            continue
        if mapped is not None and not replace:
            raise RefusedError("mapped", wish.raw_name, state.names[mapped.name_id])
        found[wish.key] = RawStep(wish.key, mapped, Raw(wish.raw_name, name_id))
    return (*made.values(), *found.values())


def take_over(state: State, wishes: Iterable[Wish], fresh_id: FreshId, *, replace: bool) -> tuple[Step, ...]:
    """Map what a file says; what is mapped otherwise stays so unless `replace`. The last line of a raw name counts."""
    wanted = [one for one in wishes if replace or one.key not in state.raws]
    return assign(state, wanted, fresh_id, replace=True)


def unmap(state: State, keys: Iterable[RawKey]) -> tuple[Step, ...]:
    """Take raw names off their standard names."""
    return tuple(RawStep(key, state.raws[key], None) for key in dict.fromkeys(keys) if key in state.raws)


def create(state: State, name: str, fresh_id: FreshId) -> tuple[Step, ...]:
    """A new standard name. Raises RefusedError when there is one of that name."""
    if state.id_of(name) is not None:
        raise RefusedError("taken", name.strip())
    return (NameStep(fresh_id(), None, name.strip()),)


def rename(state: State, name_id: int, name: str) -> tuple[Step, ...]:
    """Call a standard name otherwise. Raises RefusedError for one that is gone, or a name that is taken."""
    before, other = _name(state, name_id), state.id_of(name)
    if other not in (None, name_id):
        raise RefusedError("taken", name.strip())
    return () if before == name.strip() else (NameStep(name_id, before, name.strip()),)


def merge(state: State, name_id: int, into: int) -> tuple[Step, ...]:
    """Give all raw names of one standard name to another, and end the one. Raises RefusedError."""
    before, _ = _name(state, name_id), _name(state, into)
    if name_id == into:
        return ()
    moved = (RawStep(k, raw, Raw(raw.raw_name, into)) for k, raw in state.raws_of(name_id).items())
    return (*moved, NameStep(name_id, before, None))


def split(
    state: State, name_id: int, keys: Iterable[RawKey], name: str, fresh_id: FreshId
) -> tuple[Step, ...]:
    """Give some raw names of a standard name to another, new or not. Raises RefusedError."""
    _name(state, name_id)
    own = state.raws_of(name_id)
    wishes = [Wish(key, own[key].raw_name, name) for key in dict.fromkeys(keys) if key in own]
    return assign(state, wishes, fresh_id, replace=True)


def delete(state: State, name_id: int) -> tuple[Step, ...]:
    """End a standard name; its raw names are unmapped. Raises RefusedError for one that is gone."""
    name = _name(state, name_id)
    return (*unmap(state, state.raws_of(name_id)), NameStep(name_id, name, None))


def reject(state: State, pairs: Mapping[RawKey, str]) -> tuple[Step, ...]:
    """Turn suggested names down for raw names."""
    wanted = {(*key, name_id) for key, name in pairs.items() if (name_id := state.id_of(name)) is not None}
    return tuple(RejectionStep(one, before=False, after=True) for one in sorted(wanted - state.rejected))


def _name(state: State, name_id: int) -> str:
    if name_id not in state.names:
        raise RefusedError("unknown")
    return state.names[name_id]
