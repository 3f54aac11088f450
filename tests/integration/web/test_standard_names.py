"""Standard names from the page to lists, filters, details and exports; everything can be undone."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.store.tables import config, dose
from dosebus.store.tables import web as web_tables
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
CT = LISTINGS["ct"]
CT_PATH = "/names/ct/study"


@pytest.fixture(scope="module")
def boss(site: Site) -> TestClient:
    return site.client("boss")


@pytest.fixture
def described(site: Site) -> str:
    """The most frequent description of CT studies."""
    study = dose.study.c
    with site.web.database.reading() as connection:
        return str(
            connection.execute(
                sa.select(study.study_description)
                .where(
                    sa.literal_column(dose.CT),
                    study.study_description.is_not(None),
                    study.not_patient_indicator.is_(None),
                )
                .group_by(study.study_description)
                .order_by(sa.func.count().desc())
                .limit(1)
            ).scalar_one()
        )


@pytest.fixture(autouse=True)
def _clean(site: Site) -> None:
    with site.web.database.transaction() as tx:
        tx.execute(sa.update(web_tables.standard_name_change).values(undoes=None))
        for table in (
            web_tables.standard_name_change,
            web_tables.standard_name_rejection,
            config.standard_name_raw,
            config.standard_name,
        ):
            tx.execute(sa.delete(table))


def post(client: TestClient, path: str, **form: object) -> int:
    answer = client.post(path, data={"csrf_token": csrf(client), **form})
    assert answer.status_code in (303, 400, 404, 409), answer.text
    return answer.status_code


def assign(
    client: TestClient, raws: list[tuple[str, str]], path: str = CT_PATH, source: str = "study_description"
) -> int:
    form = {
        "raw": [f"{source}|{raw}" for raw, _ in raws],
        "name": [name for _, name in raws],
        "chosen": [str(number) for number in range(len(raws))],
    }
    return post(client, f"{path}/map", **form)


def mapped(site: Site) -> dict[tuple[str, str, str], str]:
    raw = config.standard_name_raw.c
    with site.web.database.reading() as connection:
        rows = connection.execute(sa.select(raw.modality_type, raw.source, raw.raw_key, raw.name))
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def rows_of(site: Site, *items: tuple[str, str], listing: str = "ct") -> list[sa.RowMapping]:
    query = ListQuery.parse(LISTINGS[listing], [*items, ("limit", "400")])
    with site.web.database.reading() as connection:
        return list(connection.execute(compiled.page(LISTINGS[listing], query)).mappings())


def last_change(site: Site) -> int:
    change = web_tables.standard_name_change.c
    with site.web.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.max(change.id))).scalar_one())


def test_a_name_is_seen_at_once_in_list_filter_detail_export_and_api(
    site: Site, boss: TestClient, described: str
) -> None:
    assert assign(boss, [(f"  {described.upper()} ", "Trunk of tests")]) == 303
    named = rows_of(site, ("standard_study_name", "trunk OF"))
    assert named
    assert {row["standard_study_name"] for row in named} == {"Trunk of tests"}
    assert {row["study_description"] for row in named} == {described}
    assert len(rows_of(site, ("standard_study_name_is", "Trunk of tests"))) == len(named)
    assert rows_of(site, ("standard_study_name_is", "trunk of tests")) == []
    others = rows_of(site, ("g1", "none"), ("g1.standard_study_name", "Trunk"))
    assert described not in {row["study_description"] for row in others}
    assert len(others) + len(named) == len(rows_of(site))
    by_name = rows_of(site, ("sort", "-standard_study_name"))
    assert by_name[0]["standard_study_name"] == "Trunk of tests"
    study_id = named[0]["id"]
    assert "Trunk of tests" in boss.get("/studies/ct?standard_study_name=trunk").text
    assert "Trunk of tests" in boss.get(f"/studies/ct/{study_id}").text
    listed = boss.get("/api/v1/studies?listing=ct&standard_study_name_is=Trunk+of+tests").json()
    assert {one["standard_study_name"] for one in listed["studies"]} == {"Trunk of tests"}
    query = ListQuery.parse(CT, [("standard_study_name", "trunk")])
    with site.web.database.reading() as connection:
        exported = list(connection.execute(compiled.stream_studies(CT, query)).mappings())
    assert {row["standard_study_name"] for row in exported} == {"Trunk of tests"}


def test_an_acquisition_bears_its_name_in_events_filters_and_exports(site: Site, boss: TestClient) -> None:
    event = dose.ct_event.c
    with site.web.database.reading() as connection:
        wanted = sa.select(event.study_id, event.acquisition_protocol).where(
            event.acquisition_protocol.is_not(None)
        )
        study_id, protocol = connection.execute(wanted.limit(1)).one()
    path = "/names/ct/acquisition"
    assert assign(boss, [(protocol, "Scan of tests")], path, "acquisition_protocol") == 303
    with site.web.database.reading() as connection:
        events = list(connection.execute(compiled.events(CT, study_id)).mappings())
    bearing = [one for one in events if one["standard_acquisition_name"] == "Scan of tests"]
    assert {one["acquisition_protocol"] for one in bearing} == {protocol}
    found = rows_of(site, ("standard_acquisition_name", "scan of"), ("test", "include"))
    assert study_id in {row["id"] for row in found}
    assert "Scan of tests" in boss.get(f"/studies/ct/{study_id}").text
    assert rows_of(site, ("standard_acquisition_name", "scan of"), listing="rf") == []


def test_the_description_comes_before_the_request_and_the_request_before_the_procedure(
    site: Site, boss: TestClient
) -> None:
    study = dose.study.c
    wanted = (
        sa.select(study.id, study.study_description, study.requested_procedure)
        .where(
            sa.literal_column(dose.CT),
            study.requested_procedure.is_not(None),
            study.study_description.is_not(None),
            study.not_patient_indicator.is_(None),
        )
        .limit(1)
    )
    with site.web.database.reading() as connection:
        one = connection.execute(wanted).one()

    def name() -> str:
        return str(next(row for row in rows_of(site) if row["id"] == one.id)["standard_study_name"])

    def asked(text: str) -> bool:
        return one.id in {row["id"] for row in rows_of(site, ("standard_study_name", text))}

    assert assign(boss, [(one.requested_procedure, "By request")], source="requested_procedure") == 303
    assert (name(), asked("request")) == ("By request", True)
    assert assign(boss, [(one.study_description, "By description")]) == 303
    assert (name(), asked("request"), asked("by descr")) == ("By description", False, True)


def test_a_raw_name_belongs_to_one_name_and_the_second_person_is_told(site: Site, boss: TestClient) -> None:
    assert assign(boss, [("CT ABD", "Abdomen")]) == 303
    token = csrf(boss)
    form = {"csrf_token": token, "raw": ["study_description|ct abd "], "name": ["Belly"], "only": "0"}
    answer = boss.post(f"{CT_PATH}/map", data=form)
    assert answer.status_code == 409
    assert "belongs to “Abdomen” already" in answer.text
    assert mapped(site) == {("CT", "study_description", "ct abd"): "Abdomen"}
    assert assign(boss, [("CT ABD", "abdomen")]) == 303
    assert assign(boss, [("CT ABD", "Of the request")], source="requested_procedure") == 303
    assert post(boss, f"{CT_PATH}/create", name="ABDOMEN") == 409


def test_of_many_who_map_a_raw_name_at_once_one_wins_and_the_others_are_told(
    site: Site,
) -> None:
    names = [f"Name {number}" for number in range(4)]
    browsers = [site.client("boss") for _ in names]
    forms = [
        {"csrf_token": csrf(browser), "raw": ["procedure|Contested"], "name": [name], "only": "0"}
        for browser, name in zip(browsers, names, strict=True)
    ]
    with ThreadPoolExecutor(len(names)) as pool:
        answers = list(
            pool.map(
                lambda one: one[0].post(f"{CT_PATH}/map", data=one[1]), zip(browsers, forms, strict=True)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    winner = next(name for name, answer in zip(names, answers, strict=True) if answer.status_code == 303)
    assert mapped(site) == {("CT", "procedure", "contested"): winner}
    with site.web.database.reading() as connection:
        assert connection.execute(sa.select(config.standard_name.c.name)).scalars().all() == [winner]


def test_bulk_accept_reject_and_what_is_left(site: Site, boss: TestClient, described: str) -> None:
    page = boss.get(f"{CT_PATH}/unmapped?months=0").text
    raws = re.findall(r'name="raw" value="([^"]*study_description[^"|]*\|[^"]+)"', page)
    assert described in {raw.partition("|")[2] for raw in raws}
    pairs = [(raw.partition("|")[2], "Everything") for raw in raws[:3]]
    assert assign(boss, pairs) == 303
    assert sorted(mapped(site).values()) == ["Everything"] * 3
    left = boss.get(f"{CT_PATH}/unmapped?months=0").text
    assert not any(
        re.search(rf'value="[^"]*study_description[^"]*\|{re.escape(raw)}"', left) for raw, _ in pairs
    )
    rest = re.findall(
        r'name="raw" value="([^"]+)"><input type="hidden" name="suggested" value="(Everything)"', left
    )
    for raw, suggested in rest[:1]:
        assert post(boss, f"{CT_PATH}/reject", raw=[raw], name=["x"], suggested=[suggested], only="0") == 303
        again = boss.get(f"{CT_PATH}/unmapped?months=0").text
        assert f'value="{raw}"><input type="hidden" name="suggested" value="Everything"' not in again


def test_a_suggestion_comes_with_its_confidence_and_its_reason(site: Site, boss: TestClient) -> None:
    with site.web.database.reading() as connection:
        raw = (
            connection.execute(
                sa.select(dose.study.c.study_description).where(
                    sa.literal_column(dose.CT), dose.study.c.study_description.icontains("thorax")
                )
            )
            .scalars()
            .first()
        )
    assert raw is not None
    assert post(boss, f"{CT_PATH}/create", name=raw) == 303
    page = boss.get(f"{CT_PATH}/unmapped", params={"months": "0", "text": raw}).text
    assert "100 %" in page
    assert "checked" in page
    assert "checked" not in site.client("viewer").get(f"{CT_PATH}/unmapped?months=0").text


def test_rename_merge_split_delete_and_undo_of_each_restore_exactly(site: Site, boss: TestClient) -> None:
    assert assign(boss, [("ct abd", "Abdomen"), ("ct belly", "Abdomen"), ("ct thx", "Chest")]) == 303
    before = mapped(site)
    ids = dict(re.findall(r'/name/(\d+)">([^<]+)<', boss.get(f"{CT_PATH}?months=0").text))
    abdomen, chest = (next(key for key, name in ids.items() if name == one) for one in ("Abdomen", "Chest"))
    changes = (
        ("rename", {"name": "Abdomen and more"}),
        ("merge", {"into": chest}),
        ("raws", {"deed": "split", "raw": ["study_description|CT Belly"], "name": "Belly"}),
        ("raws", {"deed": "unmap", "raw": ["study_description|ct belly"]}),
        ("delete", {}),
    )
    for action, form in changes:
        assert post(boss, f"{CT_PATH}/name/{abdomen}/{action}", **form) == 303
        changed, change_id = mapped(site), last_change(site)
        assert changed != before
        assert post(boss, f"{CT_PATH}/history/{change_id}/undo") == 303
        assert mapped(site) == before
        assert post(boss, f"{CT_PATH}/history/{last_change(site)}/undo") == 303
        assert mapped(site) == changed
        assert post(boss, f"{CT_PATH}/history/{last_change(site)}/undo") == 303
        assert mapped(site) == before
        assert post(boss, f"{CT_PATH}/history/{change_id}/undo") == 409
    assert "Undo" in boss.get(f"{CT_PATH}/history").text
    assert post(boss, f"{CT_PATH}/history/999999/undo") == 404


def test_an_undo_that_would_overwrite_a_later_change_is_refused(site: Site, boss: TestClient) -> None:
    assert assign(boss, [("ct abd", "Abdomen")]) == 303
    first = last_change(site)
    assert assign(boss, [("ct belly", "Abdomen")]) == 303
    assert post(boss, f"{CT_PATH}/history/{first}/undo") == 409
    assert len(mapped(site)) == 2


def test_a_mapping_goes_out_and_comes_in_as_csv(site: Site, boss: TestClient) -> None:
    assert assign(boss, [("=1+1", "-Abdomen"), ("ct thx; low", "Chest")]) == 303
    before = mapped(site)
    file = boss.get("/names/file").content
    assert b"'=1+1" in file
    assert b"'-Abdomen" in file
    for change_id in (last_change(site),):
        assert post(boss, f"{CT_PATH}/history/{change_id}/undo") == 303
    assert mapped(site) == {}

    def take(content: bytes, **form: str) -> int:
        data = {"csrf_token": csrf(boss), **form}
        return boss.post(
            "/names/import", data=data, files={"file": ("m.csv", content, "text/csv")}
        ).status_code

    assert take(file) == 303
    assert mapped(site) == before
    other = file.replace(b"Chest", b"Thorax")
    assert take(other) == 303
    assert mapped(site) == before
    assert take(other, replace="true") == 303
    assert "Thorax" in mapped(site).values()
    for broken in (b"a,b\n", b"modality,standard_name,source,raw_name\nCT,x,nowhere,y\n", b"\xff\xfe"):
        assert take(broken) == 400
    wrong = b"modality,standard_name,source,raw_name\nNM,x,acquisition_protocol,y\n"
    assert take(wrong) == 400


def test_looking_needs_view_changing_needs_admin_and_a_token(site: Site, boss: TestClient) -> None:
    viewer = site.client("viewer")
    for path in ("", "/unmapped", "/history"):
        page = viewer.get(f"{CT_PATH}{path}")
        assert page.status_code == 200
        assert f"{CT_PATH}/map" not in page.text or 'name="chosen"' not in page.text
    form = {"csrf_token": csrf(viewer), "name": "Mine"}
    assert viewer.post(f"{CT_PATH}/create", data=form).status_code == 403
    assert boss.post(f"{CT_PATH}/create", data={"name": "Mine"}).status_code == 403
    assert viewer.get("/names/nm/acquisition").status_code == 404
    assert viewer.get("/names/xx/study").status_code == 404
    assert viewer.get(f"{CT_PATH}/name/1").status_code == 404


def test_changes_are_in_the_audit_log_without_names(site: Site, boss: TestClient) -> None:
    assert assign(boss, [("ct abd", "Abdomen")]) == 303
    log = web_tables.audit.c
    with site.web.database.reading() as connection:
        line = connection.execute(
            sa.select(log.action, log.subject, log.details).order_by(log.id.desc()).limit(1)
        ).one()
    assert line.action == "standard_name.map"
    assert line.subject == str(last_change(site))
    assert "abd" not in str(line.details).lower()
