"""A service as data is hosted: it works, says how it is, and stops in good order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from dosebus.events.export import ExportCancelRequested
from dosebus.runtime.health import ByUrl
from dosebus.runtime.host import Host
from dosebus.runtime.service import Context, Service
from dosebus.settings import ServiceSettings
from tests.fixtures.network import free_port
from tests.integration.ground.probe_service import MAKE_TABLES, SERVICE
from tests.integration.ground.waiting import eventually, ids

pytestmark = pytest.mark.services


def settings_for(url: str, folder: Path, **more: Any) -> ServiceSettings:
    return ServiceSettings(
        database_url=url, blobs_url=f"file://{folder / 'blobs'}", http_port=0, bus_url="local:", **more
    )


@pytest.fixture
def host(postgres_url: str, tmp_path: Path) -> Iterator[Host]:
    with psycopg.connect(postgres_url, autocommit=True, options="-c role=dosebus_export") as connection:
        for statement in MAKE_TABLES:
            connection.execute(statement)
    made = Host((SERVICE,), {"export": settings_for(postgres_url, tmp_path)})
    made.start()
    yield made
    made.stop()


def get(host: Host, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{host.http_port}{path}", timeout=60)


def test_a_command_goes_through_and_its_fact_follows(host: Host, postgres_url: str) -> None:
    wanted = uuid4()
    with host.running["export"].database.transaction() as tx:
        tx.publish(ExportCancelRequested(export_id=wanted))
    assert eventually(lambda: ids(postgres_url, "echo").count(str(wanted)) == 1)
    assert ids(postgres_url, "note").count(str(wanted)) == 1


def test_it_says_how_it_is(host: Host) -> None:
    assert eventually(lambda: get(host, "/readyz").status_code == 200)
    ready = get(host, "/readyz").json()
    assert ready["ready"] is True
    assert set(ready["services"]["export"]) >= {"database", "bus", "relay", "consumers"}
    assert get(host, "/healthz").json()["alive"] is True
    assert get(host, "/hello").text == "this is export"
    metrics = get(host, "/metrics").text
    assert 'dosebus_service_up{service="export"} 1.0' in metrics
    assert "dosebus_outbox_rows" in metrics


def test_others_learn_of_it_by_url(host: Host) -> None:
    assert eventually(lambda: get(host, "/readyz").status_code == 200)
    urls = {"export": f"http://127.0.0.1:{host.http_port}", "qr": f"http://127.0.0.1:{free_port()}"}
    export, qr = ByUrl(urls).health()
    assert (export.service, export.alive, export.ready) == ("export", True, True)
    assert (qr.service, qr.alive, qr.ready) == ("qr", False, False)


def test_tasks_run_and_end_and_resources_are_closed(host: Host) -> None:
    journal = host.running["export"].context.resources["journal"]
    assert journal.ticked.wait(120)
    host.stop()
    assert "task begun" in journal.entries
    assert "task ended" in journal.entries
    assert journal.entries[-1] == "closed"


def test_several_services_share_a_port_each_at_its_mount(postgres_url: str, tmp_path: Path) -> None:
    def not_ready(_context: Context) -> None:
        raise ConnectionError

    lame = Service("qr", "qr", ServiceSettings, readiness={"peer": not_ready})
    settings = settings_for(postgres_url, tmp_path)
    together = Host((SERVICE, lame), {"export": settings, "qr": settings})
    together.start()
    try:
        assert get(together, "/export/hello").text == "this is export"
        assert get(together, "/hello").status_code == 404
        answer = get(together, "/readyz")
        assert answer.status_code == 503
        assert answer.json()["services"]["qr"]["peer"].startswith("ConnectionError")
        assert get(together, "/healthz").status_code == 200
        assert {state.service for state in together.running["qr"].context.neighbours.health()} == {
            "export",
            "qr",
        }
    finally:
        together.stop()


def test_a_process_that_lost_a_consumer_leaves(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()
    lame = Host((SERVICE,), {"export": settings_for(postgres_url, tmp_path)}, when_broken=left.set)
    lame.start()
    try:
        monkeypatch.setattr(lame.running["export"].context.bus, "broken", lambda: True)
        assert left.wait(120)
        assert get(lame, "/healthz").status_code == 503
    finally:
        lame.stop()


def test_a_database_that_is_away_is_told_at_the_start(tmp_path: Path) -> None:
    away = Host((SERVICE,), {"export": settings_for("postgresql://nobody@127.0.0.1:1/none", tmp_path)})
    with pytest.raises(Exception, match=r"127\.0\.0\.1"):
        away.start()
