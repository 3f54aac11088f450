"""The mapping of standard names: any sequence of changes keeps its rules, and undo restores exactly."""

from __future__ import annotations

import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus_web.pages.names import edits, exchange
from dosebus_web.pages.names.mapping import (
    RefusedError,
    State,
    Step,
    applied,
    as_json,
    from_json,
    inverse,
)
from dosebus_web.pages.names.store import Chapter

EMPTY = State({}, {})
WORDS = st.sampled_from(["abd", "thx", "head", "knee"])
SOURCES = st.sampled_from(["study_description", "procedure"])
KEYS = st.tuples(SOURCES, WORDS)
NAMES = st.sampled_from(["Abdomen", "ABDOMEN", "Chest", "Head"])
IDS = st.integers(1, 4)
WISHES = st.lists(st.builds(lambda key, name: edits.Wish(key, key[1], name), KEYS, NAMES), max_size=4)
DEEDS = st.one_of(
    st.tuples(st.just("assign"), WISHES, st.booleans()),
    st.tuples(st.just("unmap"), st.lists(KEYS, max_size=3)),
    st.tuples(st.just("create"), NAMES),
    st.tuples(st.just("rename"), IDS, NAMES),
    st.tuples(st.just("merge"), IDS, IDS),
    st.tuples(st.just("split"), IDS, st.lists(KEYS, max_size=3), NAMES),
    st.tuples(st.just("delete"), IDS),
    st.tuples(st.just("reject"), st.dictionaries(KEYS, NAMES, max_size=2)),
    st.tuples(st.just("take_over"), WISHES, st.booleans()),
    st.tuples(st.just("undo"), st.integers(0, 20)),
)


def steps_of(state: State, deed: tuple, past: list[tuple[Step, ...]], ids: count) -> tuple[Step, ...]:  # type: ignore[type-arg]
    def fresh() -> int:
        return next(ids)

    kind, *given_ = deed
    if kind == "undo":
        return inverse(past[given_[0] % len(past)]) if past else ()
    if kind == "assign":
        return edits.assign(state, given_[0], fresh, replace=given_[1])
    if kind == "take_over":
        return edits.take_over(state, given_[0], fresh, replace=given_[1])
    if kind in ("create", "split"):
        return getattr(edits, kind)(state, *given_, fresh)  # type: ignore[no-any-return]
    return getattr(edits, kind)(state, *given_)  # type: ignore[no-any-return]


@settings(max_examples=300, deadline=None)
@given(st.lists(DEEDS, max_size=14))
def test_any_sequence_keeps_the_rules_and_each_undo_restores(deeds: list[tuple]) -> None:  # type: ignore[type-arg]
    state, ids = EMPTY, count(1)
    past: list[tuple[Step, ...]] = []
    for deed in deeds:
        try:
            steps = steps_of(state, deed, past, ids)
            after = applied(state, steps)
        except RefusedError:
            continue
        assert all(raw.name_id in after.names for raw in after.raws.values())
        assert len({name.lower() for name in after.names.values()}) == len(after.names)
        kept = from_json(json.loads(json.dumps(as_json(steps))))
        assert kept == steps
        assert applied(after, inverse(kept)) == state
        assert applied(applied(after, inverse(kept)), inverse(inverse(kept))) == after
        if steps:
            past.append(steps)
        state = after


def test_an_undo_is_refused_where_the_row_is_not_what_it_became() -> None:
    ids = count(1)
    first = edits.assign(EMPTY, [edits.Wish(("procedure", "abd"), "ABD", "Abdomen")], lambda: next(ids))
    state = applied(EMPTY, first)
    moved = edits.rename(state, 1, "Belly")
    with pytest.raises(RefusedError) as refused:
        applied(applied(state, moved), inverse(first))
    assert (refused.value.reason, refused.value.names) == ("changed", ("Abdomen",))


def test_one_new_name_serves_all_rows_that_ask_for_it() -> None:
    ids = count(1)
    wishes = [edits.Wish(("procedure", one), one, name) for one, name in (("a", "Chest"), ("b", "CHEST "))]
    state = applied(EMPTY, edits.assign(EMPTY, wishes, lambda: next(ids)))
    assert dict(state.names) == {1: "Chest"}
    assert {raw.name_id for raw in state.raws.values()} == {1}


LINES = st.builds(
    exchange.Line,
    st.just(Chapter("CT", "study")),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool),
    st.just("study_description"),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=6))
def test_a_file_gives_back_what_was_written(lines: list[exchange.Line]) -> None:
    assert exchange.read(b"".join(exchange.write(lines))) == lines


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2", "@x", "'=1"])
def test_no_cell_of_a_file_is_a_formula(name: str) -> None:
    line = exchange.Line(Chapter("CT", "study"), name, "procedure", name)
    told = b"".join(exchange.write([line])).decode("utf-8-sig").splitlines()[1]
    assert all(cell.startswith("'") for cell in told.split(",")[1::2])
    assert exchange.read(b"".join(exchange.write([line]))) == [line]
