"""Lists, filters, pages, study pages, private searches."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa

from dosebus.catalogue.compile import count_capped
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.resolve import resolve
from dosebus.store.tables import dose
from dosebus_web.pages.home.overview import overview
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
S = dose.study.c
NAMES = """
(SELECT DISTINCT acquisition_protocol FROM dose.ct_event LIMIT 3) UNION ALL
(SELECT DISTINCT acquisition_protocol FROM dose.projection_event LIMIT 6) UNION ALL
(SELECT DISTINCT study_description FROM dose.study LIMIT 3) UNION ALL (SELECT display_name FROM dose.device LIMIT 3)
"""


def keys(text: str) -> list[int]:
    """The ids of the rows of a list."""
    return [int(key) for key in re.findall(r'<tr data-key="(\d+)"', text)]


def link(text: str, rel: str) -> str:
    """The address of a pager link."""
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def ids(site: Site, predicate: str) -> list[int]:
    """The ids of a list in its usual order, straight from the database."""
    with site.web.database.reading() as connection:
        return list(
            connection.execute(
                sa.select(S.id)
                .where(sa.literal_column(predicate), S.not_patient_indicator.is_(None))
                .order_by(S.study_at.desc().nulls_last(), S.id.desc())
            ).scalars()
        )


@pytest.mark.parametrize(("name", "predicate"), dose.LISTED.items())
def test_a_list_shows_its_studies_newest_first(site: Site, name: str, predicate: str) -> None:
    answer = site.client("viewer").get(f"/studies/{name}")
    assert answer.status_code == 200
    assert keys(answer.text) == ids(site, predicate)


def test_pages_follow_one_another_without_gap_or_repetition(site: Site) -> None:
    client, expected = site.client("viewer"), ids(site, dose.CT)
    first = client.get("/studies/ct?limit=10").text
    second = client.get(link(first, "next")).text
    assert keys(first) + keys(second) == expected[:20]
    assert keys(client.get(link(second, "prev")).text) == expected[:10]


ASKED = ("protocol", "acquisition_protocol_is", "study_description", "study_description_is", "display_name")


@pytest.mark.parametrize("name", LISTINGS)
def test_looking_names_up_changes_no_count(site: Site, name: str) -> None:
    listing = LISTINGS[name]
    with site.web.database.reading() as connection:
        names = [one for (one,) in connection.execute(sa.text(NAMES)) if one]
        for key in (one for one in ASKED if one in listing.filters_by_key):
            for text in (*names, "a", "no such name"):
                query = ListQuery.parse(listing, [(key, text)])
                counts = [
                    connection.execute(count_capped(listing, asked, 7)).scalar_one()
                    for asked in (query, resolve(connection, listing, query))
                ]
                assert counts[0] == counts[1], (key, text)


def test_the_home_page_counts_every_study(site: Site) -> None:
    with site.web.database.reading(snapshot=True) as connection:
        view = overview(connection)
        for work in view.modalities:
            predicate: sa.ColumnElement[bool] = sa.literal_column(work.listing.predicate, sa.Boolean())
            listed = (predicate, S.not_patient_indicator.is_(None))
            latest = sa.func.max(S.study_at)
            by_device = sa.select(S.device_id, sa.func.count(), latest).where(*listed).group_by(S.device_id)
            expected = {tuple(row) for row in connection.execute(by_device)}
            assert {(one.device_id, one.studies, one.latest_at) for one in work.devices} == expected
    assert {work.listing.name for work in view.modalities} == set(LISTINGS)


def test_a_list_sorts_by_a_heading(site: Site) -> None:
    text = site.client("viewer").get("/studies/ct?sort=-total_dlp_mgycm").text
    with site.web.database.reading() as connection:
        doses = dict(connection.execute(sa.select(S.id, S.total_dlp_mgycm)).all())
    shown = [doses[key] or 0 for key in keys(text)]
    assert shown == sorted(shown, reverse=True)
    assert 'aria-sort="descending"' in text


def test_a_filter_narrows_and_stays_in_the_form(site: Site) -> None:
    text = site.client("viewer").get("/studies/ct?study_description=head").text
    with site.web.database.reading() as connection:
        wanted = set(
            connection.execute(
                sa.select(S.id).where(S.study_description.ilike("%head%"), sa.literal_column(dose.CT))
            ).scalars()
        )
    assert set(keys(text)) == wanted
    assert 'value="head"' in text


def test_a_filter_that_finds_nothing_helps(site: Site) -> None:
    text = site.client("viewer").get("/studies/ct?study_description=nowhere%25").text
    assert "No study fits this filter" in text


@pytest.mark.parametrize(
    "query",
    ["date_from=yesterday", "sort=patient_name", "limit=7", "nonsense=1", "accession=A1", "spiral=many"],
)
def test_a_query_that_cannot_be_answered_says_so(site: Site, query: str) -> None:
    assert site.client("viewer").get(f"/studies/ct?{query}").status_code == 400


def test_an_accession_number_is_found_without_standing_in_an_address(site: Site) -> None:
    with site.web.database.reading() as connection:
        study_id, accession = connection.execute(
            sa.select(S.id, S.accession_number)
            .where(S.accession_number.is_not(None), sa.literal_column(dose.CT))
            .limit(1)
        ).one()
    client = site.client("viewer")
    answer = client.post("/studies/ct/find", data={"csrf_token": csrf(client), "accession": accession})
    place = answer.headers["location"]
    assert accession not in place
    page = client.get(place).text
    assert keys(page) == [study_id]
    assert all(accession not in href for href in re.findall(r'(?:href|data-fragment)="([^"]+)"', page))
    other = site.client("exporter").get(place).text
    assert keys(other) != [study_id]


def test_a_study_page_shows_totals_events_and_device(site: Site) -> None:
    text = site.client("viewer").get(f"/studies/rf/{site.alert_study}").text
    for word in ("Dose at RP", "Totals as reported", "Events", "Software version", "Objects", "level 2 Gy"):
        assert word in text


def test_every_recorded_study_has_a_page(site: Site) -> None:
    client = site.client("insider")
    for name, predicate in dose.LISTED.items():
        for study_id in ids(site, predicate)[:3]:
            assert client.get(f"/studies/{name}/{study_id}").status_code == 200
            assert client.get(f"/studies/{name}/{study_id}/record").status_code == 200


@pytest.mark.parametrize("place", ["/studies/ct/999999999", "/studies/xx", "/studies/ct/0", "/study/1.2.3.4"])
def test_what_is_not_there_is_not_found(site: Site, place: str) -> None:
    assert site.client("viewer").get(place).status_code in (404, 422)


def test_a_study_of_another_list_is_not_found_there(site: Site) -> None:
    assert site.client("viewer").get(f"/studies/ct/{site.alert_study}").status_code == 404


def test_a_link_by_uid_leads_to_the_page(site: Site) -> None:
    with site.web.database.reading() as connection:
        uid = connection.execute(sa.select(S.study_instance_uid).where(S.id == site.alert_study)).scalar_one()
    answer = site.client("viewer").get(f"/study/{uid}")
    assert answer.headers["location"] == f"/studies/rf/{site.alert_study}"


def test_the_fragment_of_a_list_is_the_same_rows(site: Site) -> None:
    client = site.client("viewer")
    page = client.get("/studies/ct?limit=10&study_description=ct").text
    fragment = re.search(r'data-fragment="([^"]+)"', page)
    assert fragment is not None
    place = fragment[1].replace("&amp;", "&")
    assert dict(parse_qsl(urlsplit(place).query))["study_description"] == "ct"
    assert keys(client.get(place).text) == keys(page)


def test_combined_conditions_go_from_the_form_into_the_address_and_back(site: Site) -> None:
    client = site.client("viewer")
    all_of_it = keys(client.get("/studies/ct?limit=400").text)
    form = [
        ("sort", "-study_at"), ("limit", "400"), ("g1", "any"), ("f1", "dlp_min"), ("i1", "is"), ("v1", "600"),
        ("f1", "dlp_min"), ("i1", "not"), ("v1", "300"), ("f1", ""), ("i1", "is"), ("v1", ""),
    ]  # fmt: skip
    answer = client.get("/studies/ct/combined", params=form)
    assert answer.status_code == 303
    assert "g1.dlp_min=600&g1.%21dlp_min=300" in answer.headers["location"]
    page = client.get(answer.headers["location"]).text
    with site.web.database.reading() as connection:
        doses = dict(connection.execute(sa.select(S.id, S.total_dlp_mgycm)).all())
    expected = [one for one in all_of_it if doses[one] is None or not 300 <= doses[one] < 600]
    assert 0 < len(expected) < len(all_of_it)
    assert keys(page) == expected
    assert "At least one of these holds" in page
    again = client.get(answer.headers["location"].replace("/ct?", "/ct/combine?"))
    assert again.text.count('value="600"') == again.text.count('value="300"') == 1


def test_a_combined_condition_that_cannot_be_read_is_marked_at_its_row(site: Site) -> None:
    answer = site.client("viewer").get("/studies/ct/combined?g1=any&f1=dlp_min&i1=is&v1=much")
    assert answer.status_code == 400
    assert 'value="much" aria-label="Text or number" aria-invalid="true"' in answer.text
    assert "is not a number" in answer.text


def test_what_names_a_patient_cannot_be_combined_in_an_address(site: Site) -> None:
    client = site.client("boss")
    assert client.get("/studies/ct?g1.accession=A1").status_code == 400
    assert client.get("/studies/ct?g1.!patient_id=4711").status_code == 400
    assert "accession" not in client.get("/studies/ct/combine").text


def test_columns_are_chosen_for_once_or_for_always(site: Site) -> None:
    client = site.client("querier")
    once = client.get("/studies/ct?columns=study_at&columns=operator").text
    assert re.findall(r'<th scope="col"[^>]*>\s*(?:<a[^>]*>)?([A-Za-z ]+)', once) == ["Study ", "Operator"]
    data = {"csrf_token": csrf(client), "columns": ["study_at", "total_dlp_mgycm", "patient_name"]}
    assert client.post("/studies/ct/columns", data=data).status_code == 303
    always = client.get("/studies/ct").text
    headings = re.findall(r'<th scope="col"[^>]*>\s*(?:<a[^>]*>)?([A-Za-z ]+)', always)
    assert [one.strip() for one in headings] == ["Study", "Total DLP"], "patient data needs its group"
    assert client.post("/studies/ct/columns", data={"csrf_token": csrf(client)}).status_code == 303
    assert "Operator</th>" not in client.get("/studies/ct").text
    assert client.get("/studies/ct").text.count('<th scope="col"') > 3


def test_events_fold_by_what_they_have_in_common(site: Site) -> None:
    client = site.client("viewer")
    whole = client.get(f"/studies/rf/{site.alert_study}").text
    choices = re.findall(r'<option value="(\w+)"', whole[whole.index('name="fold"') :])
    assert "event_type" in choices
    folded = client.get(f"/studies/rf/{site.alert_study}?fold=event_type").text
    numbers = re.findall(r'<tr><td class="n muted">(\d+)</td>', folded)
    assert folded.count('<details class="event-fold">') > 1
    assert sorted(map(int, numbers)) == sorted(
        map(int, re.findall(r'<tr><td class="n muted">(\d+)</td>', whole))
    )
    assert client.get(f"/studies/rf/{site.alert_study}?fold=no_such").status_code == 200
