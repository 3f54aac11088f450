"""Skin dose maps over the bus: from a study that arrives to the fact that alerts look at, and who does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from dosebus.bus.consumers import Consumers
from dosebus.domain.study import Patient
from dosebus.events.extract import SkinMapComputed, SkinMapRequested, SkinSettingsChanged
from dosebus.runtime.host import Host
from dosebus.runtime.service import Service
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus_extract.devices import see_device
from dosebus_extract.service import SERVICE as EXTRACT
from dosebus_extract.settings import ExtractSettings
from dosebus_extract.skin_consumers import SKIN_WORK, takes
from dosebus_extract.skin_requests import ask_for_map
from dosebus_extract.store_study import standing, write_study
from tests.integration.extract.conftest import RECEIVED
from tests.integration.extract.test_skin_maps import study
from tests.integration.ground.waiting import eventually

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def told() -> Queue[SkinMapComputed]:
    """What a consumer of the fact was told."""
    return Queue()


@pytest.fixture(scope="module")
def host(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory, told: Queue[SkinMapComputed]
) -> Iterator[Host]:
    """An extract that takes skin work alone, and a service that listens."""
    folder: Path = tmp_path_factory.mktemp("skin")
    listeners = Consumers("qr")

    @listeners.on(SkinMapComputed)
    def hear(event: SkinMapComputed) -> None:
        told.put(event)

    common: dict[str, Any] = {
        "database_url": postgres_url, "blobs_url": f"file://{folder}", "http_port": 0, "bus_url": "local:"
    }  # fmt: skip
    listener = Service(name="qr", schema="qr", settings=ServiceSettings, consumers=listeners)
    made = Host(
        (EXTRACT, listener),
        {
            "extract": ExtractSettings(extract_role="skin", pseudonym_key=SecretStr("a key"), **common),
            "qr": ServiceSettings(**common),
        },
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
def arrive(host: Host) -> Callable[..., int]:
    """Writes a study as recording does, and asks for its map in the same transaction."""

    def write(number: int, *events: dict[str, Any], **changes: Any) -> int:
        made = study(number, *events, **changes)
        with host.running["extract"].database.transaction() as tx:
            device = see_device(tx, made.equipment, RECEIVED)
            before = standing(tx, made.study_instance_uid)
            study_id = write_study(
                tx, made, before, device_id=device.id, extractor_version="test", received_at=RECEIVED
            )
            ask_for_map(tx, made.study_instance_uid, made.modality_types)
        return study_id

    return write


def hear(told: Queue[SkinMapComputed], study_id: int, times: int) -> SkinMapComputed:
    """Wait until a study was told of so often; gives the last."""
    while True:
        event = told.get(timeout=120)
        times -= event.study_id == study_id
        if times == 0:
            return event


def test_a_study_that_arrives_is_mapped_summed_and_told(
    host: Host, arrive: Callable[..., int], told: Queue[SkinMapComputed]
) -> None:
    study_id = arrive(1)
    assert hear(told, study_id, 2).outcome == "computed"
    with host.running["extract"].database.reading() as connection:
        kept = connection.execute(sa.select(dose.skin_sum)).one()
        peak = connection.execute(sa.select(dose.skin_map.c.peak_skin_dose_gy)).scalar_one()
    assert kept.peak_skin_dose_gy == peak > 0


def test_requests_that_pile_up_make_one_map_of_the_newest_revision(
    host: Host, arrive: Callable[..., int], told: Queue[SkinMapComputed]
) -> None:
    study_id = arrive(2)
    for more in (2, 3, 4):
        arrive(2, *[{}] * more)
    database = host.running["extract"].database
    uid = study(2).study_instance_uid
    with database.transaction() as tx:
        tx.publish(SkinMapRequested(study_instance_uid=uid, reason="method", requested_by="test"))
    last = arrive(3)
    hear(told, last, 2)

    def kept() -> tuple[int, ...]:
        wanted = sa.select(dose.skin_map.c.events_total, dose.skin_map.c.study_revision)
        with database.reading() as connection:
            return tuple(
                connection.execute(wanted.where(dose.skin_map.c.study_id == study_id)).one_or_none() or ()
            )

    assert eventually(lambda: kept() == (4, 4)), kept()


def test_a_changed_safelist_has_its_studies_mapped_again(
    host: Host, arrive: Callable[..., int], told: Queue[SkinMapComputed], postgres_url: str
) -> None:
    study_id = arrive(4, patient=Patient(patient_id="ALONE"))
    hear(told, study_id, 2)
    web = Database(postgres_url, schema="web", service="web")
    with web.transaction() as tx:
        tx.execute(sa.update(config.skin_device).values(enabled=False))
    with host.running["qr"].database.transaction() as tx:
        tx.publish(SkinSettingsChanged())
    assert hear(told, study_id, 1).outcome == "not_computed"
    with web.transaction() as tx:
        tx.execute(sa.update(config.skin_device).values(enabled=True))
    web.close()


def test_a_process_of_this_role_takes_nothing_else(host: Host) -> None:
    consumed = {depth.queue for depth in host.running["extract"].context.bus.depths() if depth.consumers}
    assert consumed == {name for name in SKIN_WORK if name.startswith("extract.")} | {"qr.hear"}


def test_roles_share_the_work_without_a_gap_or_an_overlap() -> None:
    assert EXTRACT.consumers is not None
    work = {consumer.name for consumer in EXTRACT.consumers} | {one.name for one in EXTRACT.schedule}
    work |= {task.name for task in EXTRACT.tasks}
    roles = {
        role: {
            name
            for name in work
            if takes(ExtractSettings(extract_role=role, pseudonym_key=SecretStr("a key")), name)
        }
        for role in ("all", "record", "skin")
    }
    assert roles["all"] == work
    assert roles["record"] | roles["skin"] == work
    assert not roles["record"] & roles["skin"]
    assert roles["skin"] == SKIN_WORK
