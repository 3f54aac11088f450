"""The skin dose page: figures, arrays, picture and numbers of maps, parts of maps, refused studies and sums."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from dosebus.domain.study import Equipment, Patient, Study
from dosebus.skin.arrays import dose_of, steps_of
from dosebus.store.engine import Database
from dosebus.store.tables import dose
from dosebus_extract.devices import see_device
from dosebus_extract.skin_store import map_study
from dosebus_extract.skin_sums import sum_maps
from dosebus_extract.store_study import standing, write_study
from dosebus_web.consumers import show_skin_map
from dosebus_web.live.hub import Hub
from dosebus_web.pages.skin.picture import CELL, SIGNATURE
from tests.integration.extract.test_skin_maps import study as made
from tests.integration.ground.waiting import eventually
from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
NOW = datetime(2026, 3, 2, tzinfo=UTC)
PATIENT = Patient(patient_id="SKINPAGE", patient_height_m=1.79, patient_weight_kg=77.0)
BEAMS: tuple[dict[str, Any], ...] = (
    {"dose_rp_gy": 1.4},
    {"dose_rp_gy": 0.9, "positioner_primary_angle_deg": 35.0},
    {"dose_rp_gy": 0.2, "positioner_primary_angle_deg": -90.0},
)


@dataclass(frozen=True)
class Kept:
    """Studies by what became of their maps."""

    whole: int
    partial: int
    refused: int
    waiting: int


def keep_study(database: Database, study: Study) -> int:
    """Write a study as recording does; gives its id."""
    with database.transaction() as tx:
        device = see_device(tx, study.equipment, NOW)
        before = standing(tx, study.study_instance_uid)
        return write_study(tx, study, before, device_id=device.id, extractor_version="test", received_at=NOW)


@pytest.fixture(scope="module")
def kept(site: Site) -> Kept:
    """One patient's studies: mapped whole, in part, of an unlisted system; and one that waits for its map."""
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    unlisted = Equipment(manufacturer="Acme", model="Beam 1", device_serial_number="9")
    studies = (
        made(910, *BEAMS, patient=PATIENT, study_description="Embolisation"),
        made(
            911, {}, {"dose_rp_gy": None}, {"dose_rp_gy": None}, patient=PATIENT, study_date=date(2026, 2, 1)
        ),
        made(912, patient=PATIENT, study_date=date(2026, 1, 20), equipment=unlisted),
        made(913, patient=PATIENT, study_date=date(2026, 3, 5)),
    )
    ids = [keep_study(owner, one) for one in studies]
    for one in studies[:3]:
        with owner.transaction() as tx:
            map_study(tx, one.study_instance_uid, seconds=60.0)
    with owner.transaction() as tx:
        sum_maps(tx, ids[:3])
    owner.close()
    return Kept(*ids)


def _page(study_id: int, rest: str = "") -> str:
    return f"/studies/rf/{study_id}/skin{rest}"


def _row(site: Site, table: sa.Table, study_id: int) -> Any:
    with site.web.database.reading() as connection:
        return connection.execute(sa.select(table).where(table.c.study_id == study_id)).one()


def _read(body: bytes) -> tuple[dict[str, Any], list[float], bytes]:
    """Head, doses and the rest of a map.bin."""
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + length])
    start, size = 4 + length, head["rows"] * head["columns"] * 8
    assert start % 8 == 0
    return head, list(array("d", body[start : start + size])), body[start + size :]


def test_the_arrays_are_sent_as_they_are_stored(site: Site, kept: Kept) -> None:
    row = _row(site, dose.skin_map, kept.whole)
    answer = site.client("viewer").get(_page(kept.whole, "/map.bin"))
    assert answer.headers["content-type"] == "application/octet-stream"
    head, doses, rest = _read(answer.content)
    assert doses == list(dose_of(row.dose_map, row.row_count, row.column_count))
    assert head["peak"] == {"row": row.peak_row, "column": row.peak_column, "gy": row.peak_skin_dose_gy}
    assert doses[row.peak_row * head["columns"] + row.peak_column] == row.peak_skin_dose_gy

    total = sum(step["cells"] for step in head["steps"])
    places, parts = array("H", rest[: total * 2]), array("f", rest[total * 2 :])
    steps = steps_of(row.contributions, row.steps)
    assert list(places) == [cell for step in steps for cell in step.cells]
    assert list(parts) == [one for step in steps for one in step.dose_gy]
    assert [step["first"] for step in head["steps"]] == [1, 2, 3]
    assert head["steps"][1]["told"].endswith("35° / 0°")
    region = head["regions"][head["parts"][0]["regions"][row.peak_column - head["parts"][0]["first_column"]]]
    assert region == "Torso, back"


def test_the_csv_has_every_digit_and_no_number_where_no_skin_is(site: Site, kept: Kept) -> None:
    row = _row(site, dose.skin_map, kept.whole)
    text = site.client("viewer").get(_page(kept.whole, "/map.csv")).text.lstrip("\ufeff")
    head, *lines = csv.reader(io.StringIO(text))
    assert len(head) == row.column_count + 1
    doses = dose_of(row.dose_map, row.row_count, row.column_count)
    assert [float(one or 0) for line in lines for one in line[1:]] == list(doses)
    assert lines[0].count("") == row.column_count - 58, "the head is 58 cells round"
    assert "" not in lines[-1]


def _pixels(png: bytes) -> tuple[list[bytes], bytes]:
    """The lines of palette indexes and the palette of a PNG."""
    chunks, at = {}, len(SIGNATURE)
    while at < len(png):
        length, name = struct.unpack_from(">I4s", png, at)
        chunks[name] = png[at + 8 : at + 8 + length]
        checksum = struct.unpack_from(">I", png, at + 8 + length)[0]
        assert checksum == zlib.crc32(name + chunks[name])
        at += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    flat = zlib.decompress(chunks[b"IDAT"])
    assert len(flat) == height * (width + 1)
    return [flat[y * (width + 1) + 1 : (y + 1) * (width + 1)] for y in range(height)], chunks[b"PLTE"]


@pytest.mark.parametrize("centre", ["back", "front"])
def test_the_picture_shows_the_cells_of_the_array(site: Site, kept: Kept, centre: str) -> None:
    row = _row(site, dose.skin_map, kept.whole)
    answer = site.client("viewer").get(_page(kept.whole, f"/map.png?centre={centre}"))
    assert answer.content.startswith(SIGNATURE)
    lines, palette = _pixels(answer.content)
    assert len(lines) == row.row_count * CELL
    assert len(palette) == 256 * 3
    doses = dose_of(row.dose_map, row.row_count, row.column_count)
    shown = [line[CELL // 2 :: CELL] for line in lines[CELL // 2 :: CELL]]
    lit = sum(1 for line in shown for ink in line if ink > 2)
    assert lit == pytest.approx(sum(1 for one in doses if one > 0), abs=8), "the frame hides few"
    peak_line = shown[row.peak_row]
    assert max(peak_line) == 255
    middle = len(peak_line) / 2
    away = min(abs(at + 0.5 - middle) for at, ink in enumerate(peak_line) if ink == 255)
    assert (away < 8) == (centre == "back"), "the beams come from behind"


def test_the_page_says_the_figures_and_where_they_come_from(site: Site, kept: Kept) -> None:
    text = site.client("viewer").get(_page(kept.whole)).text
    row = _row(site, dose.skin_map, kept.whole)
    for said in (
        f"{row.peak_skin_dose_gy:.3g}", "Torso, back", "Corrected", "179 cm", "77 kg", "as the study states",
        "Table transmission", "k = 2", "Parts of the uncertainty", "data-phantom", "<noscript>", "Skin with dose",
    ):  # fmt: skip
        assert said in text, said
    assert "Compute again" not in text
    assert "Compute again" in site.client("boss").get(_page(kept.whole)).text
    assert f'href="{_page(kept.whole)}"' in site.client("viewer").get(f"/studies/rf/{kept.whole}").text
    assert 'id="event-3"' in site.client("viewer").get(f"/studies/rf/{kept.whole}").text


def test_a_partial_map_says_its_share_and_names_each_event(site: Site, kept: Kept) -> None:
    text = site.client("viewer").get(_page(kept.partial)).text
    row = _row(site, dose.skin_map, kept.partial)
    assert f"stands for {row.dap_fraction * 100:.3g} %" in text
    assert "1 of 3 events have a place" in text
    assert f'href="/studies/rf/{kept.partial}#event-2">2–3</a>' in text
    assert "reference point is missing" in text


def test_a_refused_study_says_why_and_offers_its_system_to_administrators(site: Site, kept: Kept) -> None:
    viewer, boss = site.client("viewer"), site.client("boss")
    text = viewer.get(_page(kept.refused)).text
    assert "not on the list" in text
    assert "data-source" not in text
    assert "/admin/skin/new" not in text
    assert "/admin/skin/new?manufacturer=Acme&amp;model=Beam+1" in boss.get(_page(kept.refused)).text
    for file in ("/map.bin", "/map.csv", "/map.png"):
        assert viewer.get(_page(kept.refused, file)).status_code == 404
    figure = viewer.get(f"/studies/rf/{kept.refused}").text
    assert "at most" in figure
    assert "Gy, no map" in figure


def test_a_study_that_waits_says_so_and_others_are_not_there(site: Site, kept: Kept) -> None:
    viewer = site.client("viewer")
    assert "is being computed" in viewer.get(_page(kept.waiting)).text
    with site.web.database.reading() as connection:
        study = dose.study.c
        other = connection.execute(sa.select(study.id).where(sa.text(dose.CT)).limit(1)).scalar_one()
    for place in (
        _page(other),
        _page(99_999_999),
        _page(kept.whole, "?weeks=7"),
        _page(kept.waiting, "/map.bin"),
    ):
        assert viewer.get(place).status_code == 404, place
    assert viewer.get(_page(kept.whole, "?weeks=0")).status_code in {400, 422}


def test_the_sum_is_shown_with_its_studies(site: Site, kept: Kept) -> None:
    viewer = site.client("viewer")
    row = _row(site, dose.skin_sum, kept.whole)
    assert sorted(row.member_ids) == sorted([kept.whole, kept.partial, kept.refused])
    text = viewer.get(_page(kept.whole, "?weeks=12")).text
    for member in row.member_ids:
        assert f'href="{_page(member)}"' in text
    assert "1 study of the window has no map" in text
    assert "Study by study" in text
    head, doses, rest = _read(viewer.get(_page(kept.whole, "/map.bin?weeks=12")).content)
    assert max(doses) == head["peak"]["gy"] == row.peak_skin_dose_gy
    assert [step["address"] for step in head["steps"]] == [_page(kept.partial), _page(kept.whole)]
    assert head["steps"][1]["told"].endswith("Embolisation")
    assert head["words"]["event"] == "Study {event}"
    total = sum(step["cells"] for step in head["steps"])
    places, parts = array("H", rest[: total * 2]), array("f", rest[total * 2 :])
    together = [0.0] * len(doses)
    for place, gray in zip(places, parts, strict=True):
        together[place] += gray
    assert together == pytest.approx(doses, rel=1e-6)
    assert viewer.get(_page(kept.whole, "/map.csv?weeks=12")).status_code == 200


def test_only_viewers_see_maps_and_only_administrators_ask_again(site: Site, kept: Kept) -> None:
    for file in ("", "/told", "/map.bin", "/map.csv", "/map.png"):
        assert site.client("nobody").get(_page(kept.whole, file)).status_code == 403
        assert site.client("viewer").get(_page(kept.whole, file)).status_code == 200
    with site.web.database.reading() as connection:
        study = dose.study.c
        uid = connection.execute(
            sa.select(study.study_instance_uid).where(study.id == kept.whole)
        ).scalar_one()
    viewer, boss = site.client("viewer"), site.client("boss")
    form = {"study_instance_uid": uid}
    assert viewer.post("/admin/skin/map", data=form | {"csrf_token": csrf(viewer)}).status_code == 403
    answer = boss.post("/admin/skin/map", data=form | {"csrf_token": csrf(boss)})
    assert answer.headers["location"] == _page(kept.whole, "?done=requested")


def test_a_computed_map_is_news_for_open_pages(site: Site) -> None:
    hub: Hub = site.web.hub
    before = hub.last.get("skin", 0)
    with site.web.database.transaction() as tx:
        show_skin_map(None, tx)  # type: ignore[arg-type]
    assert eventually(lambda: hub.last.get("skin", 0) > before)
