"""kill -9 of any service, of RabbitMQ and of PostgreSQL while 2 000 reports arrive: nothing lost, nothing twice."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dosebus.store.migrate import migrate
from dosebus.store.owners import BUS_OWNER, OWNERS
from dosebus_standalone.embedded import EmbeddedPostgres
from dosebus_standalone.folder import DataFolder
from dosebus_standalone.up import without_login
from tests.e2e.survival.account import (
    ALERTS_WITH_MAILS,
    STUDIES_OVER_A_LEVEL,
    acknowledged,
    recorded,
    wait_until,
)
from tests.e2e.survival.harm import Harm
from tests.e2e.survival.house import SERVICES, House
from tests.fixtures.rabbit import RabbitNode

pytestmark = [pytest.mark.services, pytest.mark.slow]

REPORTS = int(os.environ.get("DOSEBUS_SURVIVAL_REPORTS", "2000"))
REPORTS_OF = {"ct": 1, "rf": 1, "cumulative": 4, "duplicate": 2}
KINDS = ("ct", "cumulative", "duplicate", "cumulative", "duplicate", "cumulative", "rf")
"""In turn. Fluoroscopy is rare, as in a hospital, for its reports are ten times as large as the others."""
SECONDS_BETWEEN_KILLS = 6.0
ROUNDS_OF_KILLS = 2
"""A slow machine takes long to send: were the kills to go on, it would do little but start services again."""
PARTS = (*SERVICES, "postgres", "rabbitmq")
SECONDS_OF_SENDING = ROUNDS_OF_KILLS * len(PARTS) * SECONDS_BETWEEN_KILLS
"""At least: a quick machine must not have sent everything before each part was killed."""
RECIPIENTS = ("physicist@hospital.invalid", "radiographer@hospital.invalid")


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[EmbeddedPostgres, str]]:
    """A PostgreSQL of our own that is started again when it is killed, and its administrator's URL."""
    folder = DataFolder(tmp_path / "database")
    folder.make()
    server = EmbeddedPostgres(folder)
    try:
        yield server, server.start()
    finally:
        server.stop()


def prepared(admin_url: str) -> str:
    """Migrate, name the recipients, and give the URL that the services log in with.

    No system's skin dose is computed: that would keep both cores busy long after the last alert that is counted here.
    """
    migrate(admin_url, passwords={owner.role: "survival" for owner in (*OWNERS, BUS_OWNER)})
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("UPDATE config.skin_device SET enabled = false")
        for address in RECIPIENTS:
            connection.execute(
                "INSERT INTO config.alert_recipient (name, email) VALUES (%s, %s)",
                [address.split("@")[0], address],
            )
    return without_login(admin_url)


def simulator(port: int, log: Path, reports: int) -> subprocess.Popen[bytes]:
    """Modalities that send again until they are acknowledged."""
    studies = math.ceil(reports / sum(REPORTS_OF[kind] for kind in KINDS)) * len(KINDS)
    kinds = " ".join(f"--kind {kind}" for kind in KINDS)
    words = f"--to 127.0.0.1:{port} {kinds} --count {studies} --weeks 8 --associations 4 --retry"
    arguments = [*words.split(), "--rate", str(studies / SECONDS_OF_SENDING), "--log", str(log)]
    return subprocess.Popen([sys.executable, "-m", "dosebus_standalone", "simulate", *arguments])


def kill_postmaster(server: EmbeddedPostgres) -> None:
    """kill -9 the server's first process; the others end with it."""
    pid = server.pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def everything_is_recorded(admin_url: str, log: Path) -> bool:
    with psycopg.connect(admin_url) as connection:
        return acknowledged(log) <= set(recorded(connection))


def nothing_is_to_do(admin_url: str, rabbit: RabbitNode) -> bool:
    """Whether no letter, message or mail waits: looked at twice, for what goes from one place to the next."""
    return all(rabbit.in_hand() == 0 and _written_off(admin_url) for _ in range(2))


def _written_off(admin_url: str) -> bool:
    places = [f"SELECT count(*) FROM {owner.schema}.outbox" for owner in OWNERS]  # noqa: S608 - names of ours
    places.append(
        "SELECT count(*) FROM alerts.mail WHERE state NOT IN ('sent', 'in_doubt', 'failed', 'cancelled')"
    )
    with psycopg.connect(admin_url) as connection:
        return all(connection.execute(place).fetchone() == (0,) for place in places)


def test_every_acknowledged_report_is_recorded_once_and_every_alert_mailed_once(
    tmp_path: Path, postgres: tuple[EmbeddedPostgres, str], private_rabbit: RabbitNode, smtp: Any
) -> None:
    server, admin_url = postgres
    house = House(
        {
            "DOSEBUS_DATABASE_URL": prepared(admin_url),
            "DOSEBUS_DATABASE_PASSWORD": "survival",
            "DOSEBUS_BUS_URL": private_rabbit.url,
            "DOSEBUS_SMTP_HOST": "127.0.0.1",
            "DOSEBUS_SMTP_PORT": str(smtp.port),
            "DOSEBUS_SMTP_SECURITY": "none",
            "DOSEBUS_PSEUDONYM_KEY": "survival-key-of-the-test-0123456789",
        },
        tmp_path,
    )
    log = tmp_path / "acknowledged.jsonl"
    log.touch()
    victims = {name: house.kill_of(name) for name in SERVICES}
    harm = Harm(
        {**victims, "postgres": lambda: kill_postmaster(server), "rabbitmq": private_rabbit.kill_and_restart},
        SECONDS_BETWEEN_KILLS,
        ROUNDS_OF_KILLS,
    )
    house.start()
    try:
        house.wait_until_ready()
        sender = simulator(house.dicom_port, log, REPORTS)
        harm.start()
        assert sender.wait(timeout=1800) == 0, "the simulator was not acknowledged"
        harm.stop()
        house.wait_until_ready()
        wait_until(
            lambda: everything_is_recorded(admin_url, log), 900, "acknowledged objects are not recorded"
        )
        wait_until(lambda: nothing_is_to_do(admin_url, private_rabbit), 900, "something still waits")
        assert_nothing_lost_nothing_twice(admin_url, log, smtp.messages)
        assert set(harm.kills) == set(PARTS), harm.kills
    finally:
        harm.stop()
        house.stop()


def assert_nothing_lost_nothing_twice(admin_url: str, log: Path, messages: list[Any]) -> None:
    sent = acknowledged(log)
    assert len(log.read_text(encoding="utf-8").splitlines()) >= REPORTS
    with psycopg.connect(admin_url) as connection:
        counts = recorded(connection)
        assert sent <= set(counts)
        assert [uid for uid, count in counts.items() if count != 1] == []
        studies = connection.execute(
            "SELECT count(*), count(DISTINCT study_instance_uid) FROM dose.study"
        ).fetchone()
        alerts = connection.execute(ALERTS_WITH_MAILS).fetchall()
        over = connection.execute(STUDIES_OVER_A_LEVEL).fetchone()
    assert studies is not None
    assert studies[0] == studies[1]
    assert over is not None
    assert (over[0] > 0) == bool(alerts), "alerts are raised exactly where a level is passed"
    assert alerts, "the simulated history passes a level"
    for identity, sent_mails, in_doubt, all_mails in alerts:
        assert (sent_mails + in_doubt, all_mails) == (len(RECIPIENTS), len(RECIPIENTS)), identity
    per_message = Counter(message["Message-ID"] for message in messages)
    assert [identity for identity, count in per_message.items() if count != 1] == []
    assert sum(row[1] for row in alerts) <= len(per_message) <= sum(row[1] + row[2] for row in alerts)
