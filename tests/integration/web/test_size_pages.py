"""A table of sizes goes from the upload over its preview into a command, and its log comes back."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.sizes.upload import uploaded
from dosebus.store.engine import Database
from dosebus.store.tables import web as web_tables
from dosebus.store.tables.dose_imports import size_import
from dosebus_web.app import create_app
from dosebus_web.pages.sizes import uploads
from tests.integration.web.conftest import PASSWORD, Site, csrf

pytestmark = pytest.mark.services
TABLE = "Zugangsnummer;Größe;Gewicht;Name\nACC1;172;80,5;Weber\nACC2;x;70;Klein\n".encode("cp1252")


def _upload(client: TestClient, data: bytes = TABLE, token: str | None = None) -> Any:
    form = {"csrf_token": csrf(client) if token is None else token}
    return client.post("/sizes", data=form, files={"file": ("Weber, Anna.csv", data, "text/csv")})


def _asked(site: Site, topic: str) -> list[dict[str, Any]]:
    box = site.web.database.outbox.c
    with site.web.database.reading() as connection:
        bodies = connection.execute(sa.select(box.body).where(box.topic == topic).order_by(box.id)).scalars()
        return [json.loads(bytes(body))["data"] for body in bodies]


def test_from_upload_over_preview_to_the_command(site: Site) -> None:
    sizer = site.client("sizer")
    sent = _upload(sizer)
    assert sent.status_code == 303, sent.text
    place = sent.headers["location"]
    shown = sizer.get(place).text
    for expected in ("1.72", "80.5", "height in column 2 not used", "Windows-1252", "ACC1"):
        assert expected in shown
    choice = re.search(r'name="choice" value="([^"]+)"', shown)
    assert choice is not None
    form = {"csrf_token": csrf(sizer), "choice": choice[1].replace("&#34;", '"'), "overwrite": "true"}
    before = len(_asked(site, "patient_size.import.requested.v1"))
    assert sizer.post(f"{place}/start", data=form).headers["location"] == "/sizes?done=requested"
    (asked,) = _asked(site, "patient_size.import.requested.v1")[before:]
    with uploaded(site.web.blobs, asked.pop("blob_key"))() as file:
        assert file.read() == TABLE
    assert asked.pop("import_id")
    assert asked == {
        "encoding": "cp1252", "separator": ";", "key_column": 0, "key_kind": "accession", "height_column": 1,
        "weight_column": 2, "height_unit": "auto", "overwrite": True, "requested_by": "sizer",
    }  # fmt: skip
    assert sizer.post(f"{place}/start", data=form).status_code == 404
    with site.web.database.reading() as connection:
        noted = connection.execute(
            sa.select(web_tables.audit).where(web_tables.audit.c.action.like("sizes.%"))
        )
        told = json.dumps([dict(row) for row in noted.mappings()], default=str)
    assert "sizes.import_requested" in told
    assert "Weber" not in told


def test_the_same_table_twice_is_two_files_and_discarding_one_leaves_the_other(site: Site) -> None:
    sizer = site.client("sizer")
    one, other = (_upload(sizer).headers["location"] for _ in range(2))
    assert sizer.post(f"{one}/discard", data={"csrf_token": csrf(sizer)}).status_code == 303
    assert sizer.get(one).status_code == 404
    assert sizer.get(other).status_code == 200
    assert "not here any more" in sizer.get(one).text


def test_an_upload_is_seen_by_its_owner_alone_and_goes_after_a_day(site: Site) -> None:
    sizer, boss = site.client("sizer"), site.client("boss")
    place = _upload(sizer).headers["location"]
    assert boss.get(place).status_code == 404
    table = web_tables.size_upload
    upload_id = place.rpartition("/")[2]
    with site.web.database.transaction() as tx:
        key = tx.execute(
            sa.update(table)
            .where(table.c.upload_id == upload_id)
            .values(uploaded_at=datetime.now(UTC) - timedelta(days=2))
            .returning(table.c.blob_key)
        ).scalar_one()
    assert uploads.delete_old(site.web.database, site.web.blobs) == 1
    assert not site.web.blobs.exists(key)
    assert sizer.get(place).status_code == 404


@pytest.mark.parametrize("username", ["viewer", "querier", "insider", "nobody"])
def test_only_the_group_importsize_may_upload(site: Site, username: str) -> None:
    client = site.client(username)
    assert _upload(client, token=csrf(client)).status_code == 403
    assert client.get("/sizes").status_code == 403


def test_an_upload_needs_its_token_and_a_file(site: Site) -> None:
    sizer = site.client("sizer")
    assert _upload(sizer, token="guessed").status_code == 403
    assert _upload(sizer, data=b"").status_code == 400
    assert "Choose a file" in sizer.post("/sizes", data={"csrf_token": csrf(sizer)}).text


def test_what_is_no_table_says_so_and_cannot_be_imported(site: Site) -> None:
    sizer = site.client("sizer")
    place = _upload(sizer, b"PK\x03\x04\0\0sheet").headers["location"]
    shown = sizer.get(place).text
    assert "zero bytes" in shown
    assert "/start" not in shown


def test_too_large_a_file_is_refused_before_it_is_kept(site: Site) -> None:
    settings = site.web.settings.model_copy(update={"size_upload_limit_bytes": 100_000})
    small = TestClient(
        create_app(type(site.web)(**{**vars(site.web), "settings": settings})), follow_redirects=False
    )
    small.post("/sign-in", data={"username": "sizer", "password": PASSWORD})
    assert _upload(small, b"a;b\n" * 30_000).status_code == 413
    assert _upload(small, b"a;b\n" * 24_000).status_code == 303
    # The room is made for this one path: other forms stay small.
    assert small.post("/sizes/x", content=b"a" * 1_100_000).status_code == 413


def test_the_log_is_downloaded_and_the_import_shown_and_cancelled(site: Site) -> None:
    owner = Database(site.url, schema="dose", service="extract", pool_size=1)
    import_id, running = uuid4(), uuid4()
    log = site.web.blobs.put(
        "line,study_instance_uid,outcome,reason\r\n2,,unmatched,no study\r\n".encode("utf-8-sig")
    )
    common = {"options": {"overwrite": False}, "requested_by": "sizer", "requested_at": datetime.now(UTC)}
    with owner.transaction() as tx:
        done = {"state": "done", "log_key": log, "rows_done": 1, "rows_total": 1, "counts": {"unmatched": 1}}
        tx.execute(sa.insert(size_import).values(import_id=import_id, **common, **done))
        now = {"state": "running", "rows_done": 30, "rows_total": 60}
        tx.execute(sa.insert(size_import).values(import_id=running, **common, **now))
    owner.close()
    sizer = site.client("sizer")
    shown = sizer.get("/sizes/rows").text
    assert "1 no such study" in shown
    assert 'value="30" max="60"' in shown
    answer = sizer.get(f"/sizes/{import_id}/log")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [{"line": "2", "study_instance_uid": "", "outcome": "unmatched", "reason": "no study"}]
    assert site.client("viewer").get(f"/sizes/{import_id}/log").status_code == 403
    sizer.post(f"/sizes/{running}/cancel", data={"csrf_token": csrf(sizer)})
    assert {"import_id": str(running)} in _asked(site, "patient_size.import.cancel.requested.v1")
