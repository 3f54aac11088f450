"""Charts: every declared one as JSON, CSV and table, with filters, options that stay, and a click in a real browser."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from dosebus.catalogue.charts import CHARTS
from dosebus.catalogue.listings import LISTINGS
from dosebus.store.tables import dose
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("statistic", ["both", "box", "histogram"])
def test_every_chart_answers_and_its_parts_add_up(site: Site, name: str, statistic: str) -> None:
    client = site.client("viewer")
    assert client.get(f"/studies/{name}/charts").status_code == 200
    for key in CHARTS[name]:
        answer = client.get(
            f"/studies/{name}/charts/{key}.json?statistic={statistic}&split=display_name&top=200"
        )
        assert answer.status_code == 200, answer.text
        rows = answer.json()["rows"]
        lines = list(csv.reader(io.StringIO(client.get(f"/studies/{name}/charts/{key}.csv").text)))
        assert len(lines) > 1 or not rows
    workload = client.get(f"/studies/{name}/charts/workload.json").json()["rows"]
    frequency = client.get(f"/studies/{name}/charts/study_description_frequency.json?top=200").json()["rows"]
    assert sum(row["frequency"] for row in workload) == sum(row["frequency"] for row in frequency) > 0


def _listed(site: Site, name: str, query: list[list[str]]) -> int:
    client = site.client("viewer")
    text = client.get(f"/studies/{name}?{urlencode([*map(tuple, query), ('limit', '400')])}").text
    return text.count("<tr data-key=")


def test_a_bar_leads_to_exactly_its_studies(site: Site) -> None:
    client = site.client("viewer")
    for row in client.get("/studies/ct/charts/study_description_frequency.json?split=display_name").json()[
        "rows"
    ]:
        assert _listed(site, "ct", row["narrow"]) == row["frequency"], row
    for row in client.get("/studies/ct/charts/workload.json").json()["rows"]:
        assert _listed(site, "ct", row["narrow"]) == row["frequency"], row


def test_a_bin_and_a_month_lead_to_their_studies(site: Site) -> None:
    client = site.client("viewer")
    address = "/studies/ct/charts/total_dlp_mgycm_by_study_description.json?statistic=histogram&bins=5"
    for row in client.get(address).json()["rows"]:
        assert _listed(site, "ct", row["narrow"]) == row["frequency"], row
    for row in client.get("/studies/ct/charts/total_dlp_mgycm_of_study_description_over_time.json").json()[
        "rows"
    ]:
        assert _listed(site, "ct", row["narrow"]) == row["frequency"], row


def test_medians_are_those_of_the_numbers(site: Site) -> None:
    with site.web.database.reading() as connection:
        S = dose.study.c  # noqa: N806
        wanted = sa.select(S.study_description, S.total_dlp_mgycm).where(
            sa.literal_column(f"dose.study.{dose.CT}")
        )
        numbers: dict[str, list[float]] = {}
        for name, value in connection.execute(wanted):
            numbers.setdefault(name, []).append(value)
    rows = (
        site.client("viewer")
        .get("/studies/ct/charts/total_dlp_mgycm_by_study_description.json")
        .json()["rows"]
    )
    assert len(rows) == len(numbers)
    for row in rows:
        ordered = sorted(numbers[row["series"]])
        middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        assert row["median"] == pytest.approx(middle)
        assert row["mean"] == pytest.approx(sum(ordered) / len(ordered))


def test_every_study_is_in_one_cell_of_a_density(site: Site) -> None:
    with site.web.database.reading() as connection:
        S = dose.study.c  # noqa: N806
        both = sa.and_(S.patient_weight_kg.is_not(None), S.total_dap_gym2.is_not(None))
        wanted = sa.select(sa.func.count()).where(sa.literal_column(f"dose.study.{dose.RADIOGRAPHY}"), both)
        known = connection.execute(wanted).scalar_one()
    address = "/studies/dx/charts/total_dap_gym2_against_patient_weight_kg_of_study_description.json"
    rows = site.client("viewer").get(address).json()["rows"]
    drawn = {row["series"] for row in rows}
    assert 0 < sum(row["frequency"] for row in rows) <= known
    assert len(drawn) <= 6
    assert all(_listed(site, "dx", row["narrow"]) == row["frequency"] for row in rows)


def test_filters_of_the_list_hold_for_charts_and_bad_ones_are_told(site: Site) -> None:
    client = site.client("viewer")
    every = client.get("/studies/ct/charts/study_description_frequency.json").json()["rows"]
    one = every[0]["series"]
    answer = client.get(
        f"/studies/ct/charts/study_description_frequency.json?{urlencode({'study_description_is': one})}"
    )
    assert [row["series"] for row in answer.json()["rows"]] == [one]
    assert client.get("/studies/ct/charts/workload.json?dlp_min=much").status_code == 400
    page = client.get("/studies/ct/charts?dlp_min=much")
    assert page.status_code == 400
    assert "dlp_min" in page.text
    assert client.get("/studies/ct/charts/workload.json?patient_id=P1").status_code == 400
    assert client.get("/studies/ct/charts/no_such_chart.json").status_code == 404


def test_options_stay_with_the_account_and_the_address_counts_first(site: Site) -> None:
    client = site.client("insider")
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "statistic": "box", "bins": "99", "chart": ["workload", "nonsense"]}
    answer = boss.post("/studies/ct/charts/options", data=form | {"dlp_min": "10"})
    assert answer.status_code == 303
    assert "dlp_min=10" in answer.headers["location"]
    assert "bins=40" in answer.headers["location"]
    page = boss.get("/studies/ct/charts").text
    assert page.count("data-chart ") == 1
    assert boss.get("/studies/ct/charts/study_description_frequency.json").json()["statistic"] == "box"
    mean = boss.get("/studies/ct/charts/study_description_frequency.json?statistic=mean").json()
    assert mean["statistic"] == "mean"
    assert client.get("/studies/ct/charts").status_code in (200, 403)
    assert boss.post("/studies/ct/charts/options", data={"statistic": "mean"}).status_code == 403


def test_a_chart_has_its_numbers_on_a_page_without_script(site: Site) -> None:
    text = site.client("viewer").get("/studies/ct/charts/total_dlp_mgycm_by_study_description").text
    assert "<script" not in text.split("<main")[1]
    assert text.count("<tr><td>") == len(
        site.client("viewer")
        .get("/studies/ct/charts/total_dlp_mgycm_by_study_description.json")
        .json()["rows"]
    )


def test_names_are_no_formulas_to_a_spreadsheet(site: Site) -> None:
    from dosebus_web.pages.charts.table import Column, as_csv

    text = as_csv(
        [Column("series", "Name"), Column("mean", "Mean", numeric=True)], [{"series": "=1+1", "mean": -2.5}]
    )
    assert text.splitlines()[1] == "'=1+1,-2.5"
