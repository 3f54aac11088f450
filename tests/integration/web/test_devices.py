"""The pages of the devices show what is known, and ask extract for changes."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus.store.tables import web as web_tables
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services


@pytest.fixture
def device(site: Site) -> sa.Row[tuple[object, ...]]:
    with site.web.database.reading() as connection:
        select = sa.select(dose.device).where(dose.device.c.modality_override.is_(None)).limit(1)
        return connection.execute(select).one()


def _asked(site: Site) -> list[dict[str, object]]:
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        bodies = connection.execute(
            sa.select(box.body).where(box.topic == "dose.device.change.requested.v1").order_by(box.id)
        ).scalars()
        return [json.loads(bytes(body))["data"] for body in bodies]


def test_a_device_is_found_and_shown_with_its_software_and_studies(
    site: Site, device: sa.Row[tuple[object, ...]]
) -> None:
    boss = site.client("boss")
    listed = boss.get("/admin/devices", params={"text": str(device.display_name)[:12].upper()})
    assert f'href="/admin/devices/{device.id}"' in listed.text
    assert f"/admin/devices/{device.id}" not in boss.get("/admin/devices?text=no+such+thing%25").text
    shown = boss.get(f"/admin/devices/{device.id}").text
    assert str(device.model) in shown
    assert 'href="/study/' in shown
    assert boss.get("/admin/devices/99999999999999999999").status_code == 404


def test_findings_and_what_is_not_read_are_counted(site: Site, device: sa.Row[tuple[object, ...]]) -> None:
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    with owner.transaction() as tx:
        where = dose.study.c.device_id == device.id
        ids = tx.execute(sa.select(dose.study.c.id).where(where).order_by(dose.study.c.id)).scalars().all()
        finding = {"code": "odd_thing", "severity": "notice", "message": "Odd."}
        tx.execute(
            sa.insert(dose.finding),
            [{"study_id": one, **finding} for one in (ids[0], *ids)],
        )
        concept = {"code_value": "X-1", "coding_scheme_designator": "99SITE", "code_meaning": "Table <tilt>"}
        tx.execute(
            sa.insert(dose.unread_concept),
            [
                {"study_id": ids[0], "count": number, "parent_code_value": str(number), **concept}
                for number in (3, 4)
            ],
        )
    owner.close()
    shown = re.sub(r"\s+", " ", site.client("boss").get(f"/admin/devices/{device.id}").text)
    assert re.search(
        rf"<td>[^<]*odd[^<]*</td>.{{0,120}}<td class=\"tight\"><a [^>]*>{len(ids)}</a></td>",
        shown,
        re.IGNORECASE,
    )
    assert re.search(
        r"Table &lt;tilt&gt;<span[^>]*>X-1 99SITE</span></td><td class=\"tight\"><a [^>]*>7</a></td>", shown
    )


def test_a_change_asks_extract_for_what_differs_only(site: Site, device: sa.Row[tuple[object, ...]]) -> None:
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "display_name": device.display_name, "modality_override": "none"}
    before = len(_asked(site))
    assert boss.post(f"/admin/devices/{device.id}", data=form).status_code == 303
    assert len(_asked(site)) == before
    done = boss.post(
        f"/admin/devices/{device.id}", data=form | {"display_name": " Angio  <2> ", "modality_override": "DX"}
    )
    assert done.headers["location"] == f"/admin/devices/{device.id}?done=device"
    (asked,) = _asked(site)[before:]
    assert asked == {
        "device_id": device.id,
        "display_name": "Angio <2>",
        "modality_override": "DX",
        "requested_by": "boss",
    }
    with site.web.database.reading() as connection:
        a = web_tables.audit.c
        noted = connection.execute(
            sa.select(a.details).where(a.action == "device.change", a.subject == str(device.id))
        ).scalar_one()
    assert noted == {"display_name": "Angio <2>", "modality_override": "DX"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"display_name": "  "}, 400),
        ({"modality_override": "CT"}, 422),
        ({"csrf_token": "guessed"}, 403),
    ],
)
def test_what_cannot_be_is_refused(
    site: Site, device: sa.Row[tuple[object, ...]], change: dict[str, str], status: int
) -> None:
    boss = site.client("boss")
    form = {"csrf_token": csrf(boss), "display_name": "x", "modality_override": "RF"} | change
    before = len(_asked(site))
    assert boss.post(f"/admin/devices/{device.id}", data=form).status_code == status
    assert len(_asked(site)) == before


def test_all_of_a_device_is_deleted_only_when_its_name_was_typed(
    site: Site, device: sa.Row[tuple[object, ...]]
) -> None:
    boss = site.client("boss")
    place = f"/admin/devices/{device.id}/remove"
    assert boss.post(place, data={"csrf_token": csrf(boss), "typed": "yes"}).status_code == 400
    answer = boss.post(place, data={"csrf_token": csrf(boss), "typed": f" {device.display_name} "})
    assert answer.status_code == 303
    box, log = site.web.database.outbox.c, web_tables.audit.c
    with site.web.database.reading() as connection:
        topic = box.topic == "dose.device.removal.requested.v1"
        bodies = connection.execute(sa.select(box.body).where(topic)).scalars().all()
        noted = (
            connection.execute(sa.select(log.subject).where(log.action == "device.remove")).scalars().all()
        )
    assert [json.loads(bytes(body))["data"]["device_id"] for body in bodies] == [device.id]
    assert noted == [str(device.id)]


def test_the_lists_of_a_device_are_a_link_away(site: Site, device: sa.Row[tuple[object, ...]]) -> None:
    boss = site.client("boss")
    shown = boss.get(f"/admin/devices/{device.id}").text
    (name, number), *_ = re.findall(rf'href="/studies/(\w+)\?device={device.id}">[^<]*all (\d+)<', shown)
    listed = boss.get(f"/studies/{name}?device={device.id}&limit=400")
    assert listed.status_code == 200
    assert len(re.findall(r"<tr[^>]*data-key=", listed.text)) == int(number)
