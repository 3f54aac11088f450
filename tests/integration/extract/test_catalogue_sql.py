"""Every filter, sort, page and aggregate of every listing as SQL on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, product
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.filter import FilterKind
from dosebus.catalogue.gather import Aggregate
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.source import tables_of
from dosebus.domain.study import Study
from dosebus.store.engine import Database

pytestmark = pytest.mark.services
CT, RF = LISTINGS["ct"], LISTINGS["rf"]
ASKED = {
    FilterKind.CONTAINS: "a",
    FilterKind.EXACT: "x",
    FilterKind.DATE_FROM: "2026-01-02",
    FilterKind.DATE_TO: "2026-01-09",
    FilterKind.AT_LEAST: "1",
    FilterKind.AT_MOST: "1e3",
    FilterKind.COUNT: "1-3",
    FilterKind.NUMBER: "1",
    FilterKind.NAMED: " X ",
    FilterKind.TEST_DATA: "only",
}


@pytest.fixture(scope="module")
def filled(
    dose_database: Database, keep: Callable[[Study], int], study_of: dict[str, Callable[..., Study]]
) -> Database:
    for number in range(25):
        keep(study_of["ct"](number, dlp=50.0 + number, events=1 + number % 3))
        keep(study_of["rf"](number, dap=1e-4 * (number + 1)))
    keep(study_of["ct"](99, study_date=None, study_time=None, totals={}))
    keep(study_of["nm"](1))
    return dose_database


@pytest.fixture
def connection(filled: Database) -> Any:
    with filled.reading() as reading:
        yield reading


def _page(connection: sa.Connection, *items: tuple[str, str], pid: bool = False) -> list[dict[str, Any]]:
    query = ListQuery.parse(CT, items, allow_pid=pid)
    return [
        dict(row) for row in query.page_of(connection.execute(compiled.page(CT, query)).mappings().all()).rows
    ]


@pytest.mark.parametrize("name", LISTINGS)
def test_every_statement_runs(connection: sa.Connection, name: str) -> None:
    listing = LISTINGS[name]
    every = ListQuery.parse(listing, [])
    for known in listing.filters:
        query = ListQuery.parse(listing, [(known.key, ASKED[known.kind])], allow_pid=True)
        connection.execute(compiled.page(listing, query)).all()
    assert set(connection.execute(compiled.stream_studies(listing, every)).keys()) > {
        "id",
        "study_instance_uid",
    }
    assert set(connection.execute(compiled.stream_events(listing, every)).keys()) > {"id", "event_index"}
    connection.execute(compiled.events(listing, 1)).all()
    for wanted in _aggregates(listing):
        connection.execute(compiled.aggregate(listing, every, wanted)).all()


def _aggregates(listing: Listing) -> Iterator[Aggregate]:
    """Every number in bins and by month, every grouping in both for a number of each table that holds numbers."""
    numeric = {key: field for key, field in listing.fields.items() if field.numeric}
    one_of_each = {frozenset(tables_of([field.column])): key for key, field in numeric.items()}
    for key, by in zip(numeric, cycle(listing.groupings)):
        yield Aggregate(value=key, bins=7)
        yield Aggregate(value=key, by=by, over="month")
    for key, by in product(one_of_each.values(), listing.groupings):
        yield Aggregate(value=key, by=by, bins=7)
        yield Aggregate(value=key, by=by, over="month")


@pytest.mark.parametrize("sort", [sign + key for key in CT.sorts for sign in ("", "-")])
def test_pages_follow_each_other_without_gap_or_repeat_and_back_again(
    connection: sa.Connection, sort: str
) -> None:
    query = ListQuery.parse(CT, [("sort", sort), ("limit", "10")])
    pages = []
    while True:
        page = query.page_of(connection.execute(compiled.page(CT, query)).mappings().all())
        pages.append([row["id"] for row in page.rows])
        if page.after is None:
            break
        query = query.turned(after=page.after)
    assert [len(page) for page in pages] == [10, 10, 6]
    assert len({one for page in pages for one in page}) == 26
    back = query.turned(before=pages[1][0])
    assert [
        r["id"] for r in back.page_of(connection.execute(compiled.page(CT, back)).mappings().all()).rows
    ] == pages[0]


def test_absent_values_come_last_when_descending(connection: sa.Connection) -> None:
    assert _page(connection, ("sort", "-total_dlp_mgycm"))[-1]["study_instance_uid"] == "1.2.99"
    assert _page(connection, ("sort", "-study_at"))[-1]["study_at"] is None


def test_filters_find_what_they_say(connection: sa.Connection) -> None:
    assert {row["total_dlp_mgycm"] for row in _page(connection, ("dlp_min", "72"), ("dlp_max", "73"))} == {
        72.0,
        73.0,
    }
    assert len(_page(connection, ("date_from", "2026-01-02"), ("date_to", "2026-01-03"))) == 2
    assert len(_page(connection, ("date_to", "2026-12-31"))) == 25
    assert len(_page(connection, ("accession", "ACC7"))) == 1
    assert len(_page(connection, ("spiral", "2+"))) == 16
    assert len(_page(connection, ("hospital", "elsewhere"))) == 26
    assert len(_page(connection, ("protocol", "100%_x"))) == 17
    assert len(_page(connection, ("protocol", "100_%x"))) == 0
    assert len(_page(connection, ("age_min", "60"))) == 6
    assert [row["patient_id"] for row in _page(connection, ("patient_id", "P3"), pid=True)] == ["P3"]
    assert "patient_id" not in _page(connection, ("accession", "ACC7"))[0]


def test_test_data_is_left_out_unless_asked_for(
    connection: sa.Connection, keep: Callable[[Study], int], study_of: dict[str, Callable[..., Study]]
) -> None:
    before = len(_page(connection))
    keep(study_of["ct"](77, patient={"not_patient_indicator": "IDs: *qa* | Names: "}))
    assert len(_page(connection)) == before
    assert len(_page(connection, ("test", "include"))) == before + 1
    assert len(_page(connection, ("test", "only"))) == 1


def test_dap_filters_take_the_unit_that_is_shown(connection: sa.Connection) -> None:
    query = ListQuery.parse(RF, [("dap_min", "2400")])
    found = connection.execute(compiled.page(RF, query)).mappings().all()
    assert sorted(row["total_dap_gym2"] for row in found) == pytest.approx([2.4e-3, 2.5e-3])


def test_counts_stop_at_the_cap(connection: sa.Connection) -> None:
    query = ListQuery.parse(CT, [])
    assert connection.execute(compiled.count_capped(CT, query, 5)).scalar() == 6
    assert connection.execute(compiled.count_capped(CT, query)).scalar() == 26


def test_the_stream_gives_an_event_a_row_with_both_tubes(connection: sa.Connection) -> None:
    query = ListQuery.parse(CT, [("accession", "ACC2")])
    rows = connection.execute(compiled.stream_events(CT, query)).mappings().all()
    assert [(row["event_index"], row["s1_kvp"], row["s2_kvp"]) for row in rows] == [
        (index, 120.0, 140.0) for index in range(3)
    ]


@pytest.mark.parametrize("sort", [sign + key for key in CT.sorts for sign in ("", "-")])
def test_events_come_in_the_order_of_their_studies(connection: sa.Connection, sort: str) -> None:
    query = ListQuery.parse(CT, [("sort", sort)])
    studies = [row.id for row in connection.execute(compiled.stream_studies(CT, query))]
    events = [(row.id, row.event_index) for row in connection.execute(compiled.stream_events(CT, query))]
    assert len(events) > len(studies)
    assert events == sorted(events, key=lambda one: (studies.index(one[0]), one[1]))


def test_per_pulse_numbers_and_filters_are_condensed_for_lists(connection: sa.Connection) -> None:
    rows = connection.execute(compiled.stream_events(RF, ListQuery.parse(RF, []))).mappings().all()
    (study, *_others) = connection.execute(compiled.stream_studies(RF, ListQuery.parse(RF, []))).mappings()
    assert rows[0]["kvp_mean"] == 75.0
    assert rows[0]["exposure_mas"] == 4.0
    assert (rows[0]["filter_materials"], rows[0]["filter_thicknesses_mm"]) == ("Copper", "0.2")
    assert study["plane_a_total_fluoro_time_s"] == 61.0


def test_statistics_agree_with_the_numbers(connection: sa.Connection) -> None:
    wanted = Aggregate(value="total_dlp_mgycm", by="display_name")
    (row,) = connection.execute(compiled.aggregate(CT, ListQuery.parse(CT, []), wanted)).mappings()
    assert row["series"] == "St. Elsewhere CT1"
    assert (row["frequency"], row["n"], row["median"], row["mean"]) == (26, 25, 62.0, 62.0)
    assert (row["minimum"], row["q1"], row["q3"], row["maximum"]) == (50.0, 56.0, 68.0, 74.0)


def test_histograms_cover_all_values_once(connection: sa.Connection) -> None:
    wanted = Aggregate(value="total_dlp_mgycm", bins=4)
    rows = connection.execute(compiled.aggregate(CT, ListQuery.parse(CT, []), wanted)).mappings().all()
    assert sum(row["frequency"] for row in rows) == 25
    assert (rows[0]["lower"], rows[-1]["upper"]) == (50.0, 74.0)


def test_a_list_page_reads_its_index_and_sorts_nothing_but_the_page(connection: sa.Connection) -> None:
    connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    query = ListQuery.parse(CT, [("date_from", "2026-01-02"), ("limit", "10")])
    statement = compiled.page(CT, query).compile(connection, compile_kwargs={"literal_binds": True})
    plan = "\n".join(connection.execute(sa.text(f"EXPLAIN {statement}".replace(":", "\\:"))).scalars())
    assert "study_listed_ct" in plan
    assert "Sort" not in plan[plan.index("Limit") :]


def _row_holds(row: dict[str, Any], key: str, raw: str) -> bool:
    held = {
        "dlp_min": lambda: row["total_dlp_mgycm"] is not None and row["total_dlp_mgycm"] >= float(raw),
        "dlp_max": lambda: row["total_dlp_mgycm"] is not None and row["total_dlp_mgycm"] <= float(raw),
        "events": lambda: (row["number_of_events"] or 0) == int(raw),
    }
    return held[key]()


CONDITION = st.one_of(
    st.tuples(st.booleans(), st.sampled_from(["dlp_min", "dlp_max"]), st.integers(45, 80).map(str)),
    st.tuples(st.booleans(), st.just("events"), st.integers(0, 4).map(str)),
)
GROUP = st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(CONDITION, min_size=1, max_size=4))


@settings(max_examples=60)
@given(groups=st.lists(GROUP, min_size=1, max_size=3), enough=st.booleans())
def test_groups_find_what_their_logic_says(connection: sa.Connection, groups: Any, enough: bool) -> None:
    items = [("limit", "400"), ("groups", "any" if enough else "all")]
    for number, (mode, conditions) in enumerate(groups, 1):
        items.append((f"g{number}", mode))
        items.extend((f"g{number}.{'!' if negated else ''}{key}", raw) for negated, key, raw in conditions)

    def holds(row: dict[str, Any], mode: str, conditions: Any) -> bool:
        judged = [negated != _row_holds(row, key, raw) for negated, key, raw in conditions]
        return {"all": all(judged), "any": any(judged), "none": not any(judged)}[mode]

    combine = any if enough else all
    expected = {
        row["id"]
        for row in _page(connection, ("limit", "400"))
        if combine(holds(row, mode, conditions) for mode, conditions in groups)
    }
    assert {row["id"] for row in _page(connection, *items)} == expected


@pytest.mark.parametrize("name", LISTINGS)
def test_every_study_field_can_be_a_column(connection: sa.Connection, name: str) -> None:
    listing = LISTINGS[name]
    query = ListQuery.parse(listing, [("columns", ",".join(listing.choosable))], allow_pid=True)
    rows = connection.execute(compiled.page(listing, query)).mappings().all()
    assert all(set(listing.choosable) <= set(row) for row in rows)
