"""What people decide on an alert's page, and what follows from changes elsewhere: doubt, bounces, reopening, names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.events.alerts import AlertMailConfirmationRequested, AlertStateRequested
from dosebus.events.envelope import Envelope
from dosebus.store.engine import Database
from dosebus.store.tables import alerts as tables
from dosebus.store.tables import config
from dosebus_alerts.deeds import deal_with, reopen
from dosebus_alerts.outcome import write_arrival
from dosebus_web.auth import accounts
from tests.integration.web.conftest import PASSWORD, Site, csrf

pytestmark = pytest.mark.services
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def service(site: Site) -> Iterator[Database]:
    """The database as the alerts service writes it, and somebody who deals with alerts."""
    with site.web.database.transaction() as tx:
        accounts.add(tx, "anna", PASSWORD, groups=("alerts",))
    database = Database(site.url, schema="alerts", service="alerts")
    yield database
    database.close()


def told(site: Site, service: Database, state: str, mail_state: str, **values: object) -> tuple[UUID, UUID]:
    """An alert like that of the seed in a state, and its one mail in another."""
    alert_id, mail_id = uuid4(), uuid4()
    with service.transaction() as tx:
        row = tx.execute(sa.select(tables.alert).where(tables.alert.c.study_id == site.alert_study)).first()
        assert row is not None
        tx.execute(sa.insert(tables.alert).values(dict(row._mapping) | {"id": alert_id, "identity": str(alert_id), "state": state}))  # fmt: skip  # noqa: E501
        mail = {
            "id": mail_id, "alert_id": alert_id, "kind": "alert", "recipient_name": "Nina", "locale": "en",
            "address": "nina@example.org", "state": mail_state, "attempts": 1, "next_attempt_at": NOW,
            "message_id": f"<{mail_id}@example.org>", "created_at": NOW, "changed_at": NOW,
        }  # fmt: skip
        tx.execute(sa.insert(tables.mail).values(mail | values))
    return alert_id, mail_id


def post(client: TestClient, path: str, **form: object) -> Any:
    return client.post(path, data={"csrf_token": csrf(client), **form})


def published(site: Site, topic: str) -> list[Any]:
    """The events of a topic that web published, oldest first."""
    box = site.web.database.outbox
    with site.web.database.reading() as connection:
        rows = connection.execute(sa.select(box.c.body).where(box.c.topic == topic).order_by(box.c.id))
        return [Envelope.parse(bytes(row.body)).event() for row in rows]


def test_a_mail_in_doubt_is_decided_on_the_page_of_its_alert(site: Site, service: Database) -> None:
    alert_id, mail_id = told(site, service, "failed", "in_doubt", reason_code="no_answer")
    place, anna = f"/alerts/{alert_id}", site.client("anna")
    text = anna.get(place).text
    assert "Did the message to Nina arrive?" in text
    assert "nina@example.org" in text
    assert f"&lt;{mail_id}@example.org&gt;" in text
    assert "Did the message" not in site.client("viewer").get(place).text
    assert post(site.client("viewer"), f"{place}/mails/{mail_id}/arrived").status_code == 403
    assert post(anna, f"{place}/mails/{mail_id}/arrived").headers["location"] == f"{place}?asked=arrived"
    wish = published(site, "alert.mail.confirmation.requested.v1")[-1]
    assert wish == AlertMailConfirmationRequested(mail_id=mail_id, requested_by="anna")
    with service.transaction() as tx:
        assert write_arrival(tx, mail_id, "anna")
        assert not write_arrival(tx, mail_id, "anna")
    text = anna.get(f"{place}?asked=arrived").text
    assert "Noted: the message arrived." in text
    assert "The message to Nina did arrive" in text
    assert "Did the message" not in text
    assert post(anna, f"{place}/mails/{mail_id}/arrived").status_code == 409
    assert post(anna, f"{place}/mails/{uuid4()}/arrived").status_code == 404


def test_a_mail_that_came_back_says_why_and_can_be_sent_again(site: Site, service: Database) -> None:
    values = {"bounced_at": NOW, "bounce_status": "5.1.10", "reason_code": "bounced", "last_error": "550 …"}
    alert_id, mail_id = told(site, service, "failed", "bounced", sent_at=NOW, **values)
    anna = site.client("anna")
    text = anna.get(f"/alerts/{alert_id}").text
    assert "the address does not exist (5.1.10)" in text
    assert "the address does not exist (5.1.10)" in anna.get("/alerts?state=failed").text
    assert post(anna, f"/alerts/{alert_id}/mails/{mail_id}/again").status_code == 303
    assert published(site, "alert.mail.requested.v1")[-1].mail_id == mail_id
    assert "Alerts not delivered" in anna.get("/").text
    assert "a message did not arrive" in anna.get("/tasks").text
    messages = anna.get(f"/api/v1/alerts/{alert_id}").json()["messages"]
    assert messages[0]["bounce_status"] == "5.1.10"


def test_a_mailbox_that_cannot_be_read_stands_on_the_page_of_recipients(
    site: Site, service: Database
) -> None:
    with service.transaction() as tx:
        row = {"mailbox": "dosebus@mail.example/INBOX", "failing_since": NOW, "failure": "login_refused"}
        tx.execute(sa.insert(tables.bounce_mailbox).values(row))
    text = site.client("boss").get("/admin/alerts/recipients").text
    assert "the mailbox dosebus@mail.example/INBOX cannot be read (login refused)" in text


def test_an_alert_is_opened_again_with_a_reason_that_stays_in_its_history(
    site: Site, service: Database
) -> None:
    alert_id, _ = told(site, service, "sent", "sent", sent_at=NOW)
    place, anna = f"/alerts/{alert_id}", site.client("anna")
    assert post(anna, f"{place}/state", state="reopened", note="why").status_code == 409
    with service.transaction() as tx:
        assert deal_with(tx, alert_id, "closed", "bert", None)
    assert "Open again" in anna.get(place).text
    empty = post(anna, f"{place}/state", state="reopened", note=" ")
    assert (empty.status_code, "Say why the alert is opened again." in empty.text) == (400, True)
    answer = post(anna, f"{place}/state", state="reopened", note="The <b>second</b> plane was forgotten")
    assert answer.headers["location"] == f"{place}?asked=reopened"
    assert "being written down" in anna.get(f"{place}?asked=reopened").text
    wish = published(site, "alert.state.requested.v1")[-1]
    assert isinstance(wish, AlertStateRequested)
    assert (wish.state, wish.requested_by) == ("reopened", "anna")
    with service.transaction() as tx:
        note = tx.execute(
            sa.select(config.alert_note.c.text).where(config.alert_note.c.id == wish.note_id)
        ).scalar()
        assert note is not None
        assert reopen(tx, alert_id, "anna", note, "example.org")
        assert not reopen(tx, alert_id, "bert", "too late", "example.org")
    text = anna.get(f"{place}?asked=reopened").text
    assert "You opened this alert again." in text
    assert "Opened again" in text
    assert "The &lt;b&gt;second&lt;/b&gt; plane was forgotten" in text
    assert "by bert" in text


@pytest.fixture
def named_rule(site: Site) -> Iterator[int]:
    """A rule that asks for two standard names of CT studies."""
    with site.web.database.transaction() as tx:
        rule_id = tx.execute(
            sa.insert(config.alert_rule)
            .values(
                key="named", title="Named", quantity="dlp_mgycm", scope="study", level=1000.0,
                severity="notice", modality_types=["CT"], standard_names=["Trunk", "Head"],
            )
            .returning(config.alert_rule.c.id)
        ).scalar_one()  # fmt: skip
    yield int(rule_id)
    with site.web.database.transaction() as tx:
        tx.execute(sa.delete(config.alert_rule).where(config.alert_rule.c.id == rule_id))


def names_of(site: Site, rule_id: int) -> list[str]:
    with site.web.database.reading() as connection:
        return list(
            connection.execute(
                sa.select(config.alert_rule.c.standard_names).where(config.alert_rule.c.id == rule_id)
            ).scalar_one()
        )


def name_id(site: Site, name: str) -> int:
    n = config.standard_name.c
    with site.web.database.reading() as connection:
        return int(connection.execute(sa.select(n.id).where(n.name == name, n.kind == "study")).scalar_one())


def test_rules_follow_the_standard_names_that_they_ask_for(site: Site, named_rule: int) -> None:
    boss = site.client("boss")
    path = "/names/ct/study"

    def assign(raw: str, name: str) -> None:
        form = {"raw": [f"study_description|{raw}"], "name": [name], "chosen": ["0"]}
        assert post(boss, f"{path}/map", **form).status_code == 303

    before = len(published(site, "alert.settings.changed.v1"))
    assign("a trunk", "Trunk")
    assign("a head", "Head")
    assign("a neck", "Neck")
    assert len(published(site, "alert.settings.changed.v1")) == before + 3
    assert names_of(site, named_rule) == ["Trunk", "Head"]
    renamed = post(boss, f"{path}/name/{name_id(site, 'Trunk')}/rename", name="Torso")
    assert renamed.status_code == 303, renamed.text
    assert names_of(site, named_rule) == ["Torso", "Head"]
    merged = post(boss, f"{path}/name/{name_id(site, 'Head')}/merge", into=name_id(site, "Neck"))
    assert merged.status_code == 303, merged.text
    assert names_of(site, named_rule) == ["Torso", "Neck"]
    text = re.sub(r"\s+", " ", boss.get(f"/admin/alerts/rules/{named_rule}").text)
    assert 'Standard names: <span class="muted">Torso, Head</span> → Torso, Neck' in text
    audit = boss.get("/admin/audit?action=alert_rule").text
    assert "Standard names: Trunk, Head → Torso, Head" in audit


def test_a_former_level_is_told_in_the_unit_of_what_the_rule_watched_then(site: Site) -> None:
    boss = site.client("boss")
    form = {"title": "Both", "scope": "study", "modality_types": ["RF"], "mode": "off", "told": "choosers"}
    place = post(boss, "/admin/alerts/rules", quantity="dose_rp_gy", level="3", **form).headers["location"]
    place = place.split("?")[0]
    assert post(boss, place, quantity="dose_rp_gy", level="4", **form).status_code == 303
    assert post(boss, place, quantity="dap_gym2", level="500", **form).status_code == 303
    for page in (place, "/admin/audit?action=alert_rule.changed"):
        text = re.sub(r"<[^>]+>", "", boss.get(page).text)
        assert "Level: 3 Gy → 4 Gy" in text
        assert "Level: 4 Gy → 500 cGy·cm²" in text
