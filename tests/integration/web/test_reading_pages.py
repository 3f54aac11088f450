"""Rules on reading are changed on their page, noted, and refused where they cannot be."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from dosebus.domain.reading import DELETE_SETTING, IGNORED_OBSERVER_MODELS_SETTING
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus.store.tables import web as web_tables
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services


def _rows(site: Site, table: sa.Table) -> list[dict[str, Any]]:
    with site.web.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def _setting(site: Site, key: str) -> object:
    with site.web.database.reading() as connection:
        return connection.execute(
            sa.select(config.setting.c.value).where(config.setting.c.key == key)
        ).scalar()


def _asked(site: Site, topic: str) -> list[dict[str, Any]]:
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        bodies = connection.execute(sa.select(box.body).where(box.topic == topic).order_by(box.id)).scalars()
        return [json.loads(bytes(body))["data"] for body in bodies]


def _noted(site: Site, action: str) -> list[dict[str, Any]]:
    a = web_tables.audit.c
    with site.web.database.reading() as connection:
        return list(connection.execute(sa.select(a.details).where(a.action == action)).scalars())


def test_a_rule_is_added_shows_which_devices_it_means_and_goes(site: Site) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    with site.web.database.reading() as connection:
        device = connection.execute(sa.select(dose.device).limit(1)).one()
    form = {
        "csrf_token": token,
        "model": f"{device.model[:3].lower()}*",
        "keep_for_download": "true",
        "note": "<b>",
    }
    assert boss.post("/admin/reading/ignore", data=form).status_code == 303
    (rule,) = _rows(site, config.ignore_rule)
    assert (rule["model"], rule["manufacturer"], rule["keep_for_download"]) == (form["model"], None, True)
    assert _noted(site, "reading.ignore.added")[-1]["model"] == form["model"]
    shown = boss.get("/admin/reading").text
    assert f'href="/admin/devices/{device.id}"' in shown
    assert "&lt;b&gt;" in shown
    boss.post(f"/admin/reading/ignore/{rule['id']}/delete", data={"csrf_token": token})
    assert not _rows(site, config.ignore_rule)
    assert _noted(site, "reading.ignore.deleted")[-1]["model"] == form["model"]


@pytest.mark.parametrize(
    "form", [{}, {"model": "*"}, {"model": " ?* ", "station_name": ""}, {"model": "x" * 101}]
)
def test_a_rule_that_means_everything_is_refused(site: Site, form: dict[str, str]) -> None:
    boss = site.client("boss")
    assert boss.post("/admin/reading/ignore", data={"csrf_token": csrf(boss), **form}).status_code == 400
    assert not _rows(site, config.ignore_rule)


def test_models_are_listed_and_given_back_to_the_setting(site: Site) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    assert "GE OEC Fluorostar" in boss.get("/admin/reading").text
    boss.post("/admin/reading/models", data={"csrf_token": token, "models": " One  more \r\n\r\nTwo\r\nTwo"})
    assert _setting(site, IGNORED_OBSERVER_MODELS_SETTING) == ["One more", "Two"]
    assert "Fluorostar" not in boss.get("/admin/reading").text
    boss.post("/admin/reading/models", data={"csrf_token": token, "default": "true"})
    assert _setting(site, IGNORED_OBSERVER_MODELS_SETTING) is None


def test_a_uid_is_named_and_known_devices_are_asked_for(site: Site) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    form = {"csrf_token": token, "device_observer_uid": " 1.2.3 ", "display_name": " Angio  1 "}
    boss.post("/admin/reading/names", data=form)
    boss.post("/admin/reading/names", data=form | {"display_name": "Angio 2"})
    assert _rows(site, config.device_name_rule) == [
        {"device_observer_uid": "1.2.3", "display_name": "Angio 2"}
    ]
    asked = _asked(site, "dose.device.naming.requested.v1")
    assert [one["display_name"] for one in asked] == ["Angio 1", "Angio 2"]
    for wrong in ({"device_observer_uid": "1.2.x"}, {"display_name": "  "}):
        assert boss.post("/admin/reading/names", data=form | wrong).status_code == 400
    boss.post("/admin/reading/names/delete", data={"csrf_token": token, "device_observer_uid": "1.2.3"})
    assert not _rows(site, config.device_name_rule)


def test_reports_are_deleted_only_for_who_knows_what_that_means(site: Site) -> None:
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "delete": ["mg", "report"]}
    asked = boss.post("/admin/reading/deletion", data=form)
    assert asked.status_code == 400
    assert "can never be read again" in asked.text
    assert _setting(site, DELETE_SETTING) is None
    assert boss.post("/admin/reading/deletion", data=form | {"understood": "true"}).status_code == 303
    assert _setting(site, DELETE_SETTING) == ["report", "mg"]
    # What stands already needs no second word.
    assert boss.post("/admin/reading/deletion", data=form | {"delete": ["report"]}).status_code == 303
    assert boss.post("/admin/reading/deletion", data=form | {"delete": ["all"]}).status_code == 422
    assert boss.post("/admin/reading/deletion", data=form | {"delete": []}).status_code == 303
    assert _setting(site, DELETE_SETTING) == []
    assert _noted(site, "reading.deletion")[-1] == {"delete": [], "before": ["report"]}


@pytest.fixture
def kept(site: Site) -> list[str]:
    """Two objects that are kept for download, and a third whose blob has gone."""
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    keys = [site.web.blobs.put(f"object {n}".encode() * 100_000) for n in range(2)] + [
        "sha256/00/" + "0" * 62
    ]
    now = datetime.now(UTC)
    rows = [
        {
            "object_id": uuid4(), "sop_instance_uid": f"1.2.{n}", "outcome": "ignored", "blob_key": key,
            "reason_code": "ignored_device", "extractor_version": "test", "kept_for_download": True,
            "received_at": now, "recorded_at": now,
        }
        for n, key in enumerate(keys)
    ]  # fmt: skip
    with owner.transaction() as tx:
        tx.execute(sa.insert(dose.dicom_object), rows)
    owner.close()
    return keys


@pytest.mark.usefixtures("kept")
def test_kept_objects_come_as_a_zip_for_who_may_see_patients(site: Site) -> None:
    boss = site.client("boss")
    answer = boss.get("/admin/reading/kept.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        found = {info.filename.rpartition("-")[0]: archive.read(info) for info in archive.infolist()}
    assert found == {f"1.2.{n}": f"object {n}".encode() * 100_000 for n in range(2)}
    assert _noted(site, "reading.kept.downloaded")[-1] == {"objects": 3}
    for username in ("viewer", "insider"):
        assert site.client(username).get("/admin/reading/kept.zip").status_code == 403
    until = datetime.now(UTC).isoformat()
    form = {"csrf_token": csrf(boss), "received_until": until}
    assert boss.post("/admin/reading/kept/delete", data=form).status_code == 303
    (asked,) = _asked(site, "dicom.object.kept.deletion.requested.v1")
    assert asked["requested_by"] == "boss"


def test_a_deleted_object_cannot_be_read_again_and_says_why(site: Site) -> None:
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    object_id = uuid4()
    now = datetime.now(UTC)
    row = {"object_id": object_id, "outcome": "ignored", "reason_code": "x", "extractor_version": "test"}
    times = {"received_at": now, "recorded_at": now, "deleted_at": now}
    with owner.transaction() as tx:
        tx.execute(sa.insert(dose.dicom_object).values(row | times))
    owner.close()
    boss = site.client("boss")
    assert "deleted after reading" in boss.get("/objects").text
    answer = boss.post(f"/objects/{object_id}/reread", data={"csrf_token": csrf(boss)})
    assert answer.status_code == 400
    assert "deleted after reading" in answer.text
