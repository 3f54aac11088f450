"""The safelist of skin dose maps: kept on a page, checked, noted, and told to extract."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus.store.tables import web as web_tables
from dosebus_web.pages.admin.skin_form import FRESH
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
PAGE = "/admin/skin"


def _letters(site: Site, topic: str) -> list[dict[str, Any]]:
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        bodies = connection.execute(sa.select(box.body).where(box.topic == topic).order_by(box.id)).scalars()
        return [json.loads(bytes(body))["data"] for body in bodies]


def _entry(site: Site, model: str) -> Any:
    with site.web.database.reading() as connection:
        select = sa.select(config.skin_device).where(config.skin_device.c.model == model)
        return connection.execute(select).one_or_none()


def _form(token: str, **values: object) -> dict[str, str]:
    said = {**FRESH, "manufacturer": "Acme", "model": "Ray 3", **values}
    sent = {
        key: "true" if value is True else str(value)
        for key, value in said.items()
        if value is not None and value is not False
    }
    return {**sent, "csrf_token": token}


def test_the_shipped_systems_and_the_unlisted_ones_are_shown(site: Site) -> None:
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    with owner.transaction() as tx:
        study_id = tx.execute(
            sa.select(dose.study.c.id).where(sa.text(f"study.{dose.RF}")).order_by(dose.study.c.id).limit(1)
        ).scalar_one()
        device = tx.execute(sa.select(dose.device).join(dose.study).where(dose.study.c.id == study_id)).one()
        row = {
            "study_id": study_id, "outcome": "not_computed", "reason_code": "not_listed", "reason": "not listed",
            "study_revision": 1, "input_key": "", "computed_at": sa.func.now(), "compute_seconds": 0.0,
        }  # fmt: skip
        tx.execute(sa.insert(dose.skin_map).values(row))
    owner.close()
    shown = site.client("boss").get(PAGE).text
    assert "AXIOM-Artis*" in shown
    assert "Siemens Artis Zeego 2016" in shown
    assert device.model in shown
    link = re.search(r'href="(/admin/skin/new\?[^"]+)"', shown)
    assert link is not None
    offered = site.client("boss").get(link[1].replace("&amp;", "&")).text
    assert f'value="{device.model}"' in offered


def test_a_system_is_added_changed_and_deleted_noted_and_told(site: Site) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    told = len(_letters(site, "dose.skin_settings.changed.v1"))
    table = "60 80 110\n0 0.66 0.68 0.71\n0.3 0.76 0.79 0.83"
    answer = boss.post(
        PAGE, data=_form(token, sign_lateral="-1", offset_height="-17.5", transmission=table, note="Room 2")
    )
    assert answer.headers["location"].startswith(PAGE)
    kept = _entry(site, "Ray 3")
    assert kept.enabled
    assert not kept.is_validated
    assert kept.position_sign == [1.0, -1.0, 1.0]
    assert kept.position_offset_cm == [0.0, 0.0, -17.5]
    assert kept.default_position_cm is None
    assert kept.transmission["values"] == [[0.66, 0.68, 0.71], [0.76, 0.79, 0.83]]
    shown = boss.get(f"{PAGE}/{kept.id}").text
    assert "0.3 0.76 0.79 0.83" in shown
    assert 'value="-17.5"' in shown

    again = _form(token, is_validated=True, default_longitudinal=0, default_lateral=60, default_height=14)
    boss.post(f"{PAGE}/{kept.id}", data=again)
    changed = _entry(site, "Ray 3")
    assert changed.version == kept.version + 1
    assert changed.is_validated
    assert changed.default_position_cm == [0.0, 60.0, 14.0]
    assert changed.transmission is None

    assert boss.post(PAGE, data=_form(token)).status_code == 400, "the same patterns twice"
    boss.post(f"{PAGE}/{kept.id}/delete", data={"csrf_token": token})
    assert _entry(site, "Ray 3") is None
    assert boss.get(f"{PAGE}/{kept.id}").status_code == 404
    assert len(_letters(site, "dose.skin_settings.changed.v1")) == told + 3
    with site.web.database.reading() as connection:
        actions = connection.execute(
            sa.select(web_tables.audit.c.action).where(web_tables.audit.c.subject == str(kept.id))
        ).scalars()
        assert [one for one in actions if one.startswith("skin.")] == [
            "skin.system.added", "skin.system.changed", "skin.system.deleted"
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"model": ""}, "Model"),
        ({"model": "*"}, "Model"),
        ({"offset_height": "much"}, "offset height"),
        ({"offset_height": "nan"}, "offset height"),
        ({"default_height": "5"}, "Position where the report tells none"),
        ({"transmission": "60 80\n0 0.7"}, "Transmission"),
        ({"transmission": "80 60\n0 0.7 0.8"}, "Transmission"),
        ({"transmission": "60 80\n0 0.7 1.8"}, "Transmission"),
        ({"calibration_factor": "0"}, "Calibration factor"),
        ({"table_type": "flying"}, "table type"),
    ],
)
def test_what_cannot_be_is_named_and_the_form_is_kept(site: Site, wrong: dict[str, str], named: str) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    answer = boss.post(PAGE, data=_form(token, **{"note": "Kept words", **wrong}))
    assert answer.status_code == 400
    assert named in answer.text
    assert "Kept words" in answer.text
    assert _entry(site, "Ray 3") is None


def test_the_method_is_chosen_and_a_map_is_asked_for(site: Site) -> None:
    boss = site.client("boss")
    token = csrf(boss)
    boss.post(f"{PAGE}/method", data={"csrf_token": token, "method": "reference"})
    with site.web.database.reading() as connection:
        said = connection.execute(
            sa.select(config.setting.c.value).where(config.setting.c.key == "skin_method")
        ).scalar_one()
        uid = connection.execute(sa.select(dose.study.c.study_instance_uid).limit(1)).scalar_one()
    assert said == "reference"
    assert boss.post(f"{PAGE}/method", data={"csrf_token": token, "method": "guess"}).status_code in {
        400,
        422,
    }
    boss.post(f"{PAGE}/map", data={"csrf_token": token, "study_instance_uid": uid})
    assert _letters(site, "dose.skin_map.requested.v1")[-1] == {
        "study_instance_uid": uid, "reason": "person", "requested_by": "boss"
    }  # fmt: skip
    unknown = boss.post(f"{PAGE}/map", data={"csrf_token": token, "study_instance_uid": "1.2.3.4"})
    assert unknown.status_code == 404
