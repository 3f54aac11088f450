"""The alert pages over a real database: list, one alert, rules, sets, trials, recipients, recalculations."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dosebus.events.alerts import AlertRuleTrialRequested, AlertStateRequested
from dosebus.events.identity import uuid7
from dosebus.store.engine import Database
from dosebus.store.tables import alerts as tables
from dosebus.store.tables import config
from dosebus.store.transaction import Transaction
from dosebus_alerts.deeds import deal_with
from dosebus_alerts.trials import Trials, begin
from dosebus_web.auth import accounts
from tests.integration.web.conftest import PASSWORD, Site

pytestmark = pytest.mark.services
A = tables.alert.c


@pytest.fixture(scope="module")
def service(site: Site) -> Iterator[Database]:
    """The database as the alerts service writes it, and two people who deal with alerts."""
    with site.web.database.transaction() as tx:
        for username in ("anna", "bert"):
            accounts.add(tx, username, PASSWORD, groups=("alerts",))
    database = Database(site.url, schema="alerts", service="alerts")
    yield database
    database.close()


def the_alert(site: Site) -> Any:
    """The alert of the seed."""
    with site.web.database.reading() as connection:
        # Those that tests add are named after themselves.
        own = sa.and_(A.study_id == site.alert_study, A.identity != sa.cast(A.id, sa.Text))
        return connection.execute(sa.select(tables.alert).where(own)).one()


def another(tx: Transaction, site: Site, **values: object) -> UUID:
    """An alert like that of the seed."""
    alert_id = uuid4()
    known = dict(the_alert(site)._mapping)
    row = known | {"id": alert_id, "identity": str(alert_id), "state": "detected"} | values
    tx.execute(sa.insert(tables.alert).values(row))
    return alert_id


def published(site: Site, topic: str) -> dict[str, Any]:
    """The latest event of a topic that web published."""
    box = site.web.database.outbox
    with site.web.database.reading() as connection:
        rows = connection.execute(sa.select(box.c.body).where(box.c.topic == topic)).all()
    found = [json.loads(bytes(row.body)) for row in rows]
    newest = max(found, key=lambda envelope: str(envelope["id"]))
    return dict(newest["data"])


def post(client: TestClient, path: str, **form: object) -> Any:
    """A form with its token."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/alerts").text)
    assert found is not None
    return client.post(path, data={"csrf_token": found[1], **form})


def test_the_list_shows_waiting_alerts_first_and_leaves_out_withdrawn_and_tried_ones(
    site: Site, service: Database
) -> None:
    early = datetime.now(UTC) - timedelta(days=3)
    with service.transaction() as tx:
        waiting = another(tx, site, raised_at=early)
        done = another(tx, site, state="closed", closed_at=early, closed_by="anna", severity="critical")
        gone = another(tx, site, withdrawn_at=early, withdrawn_reason="rule_not_in_force")
        tried = another(tx, site, trial=True)
    client = site.client("viewer")
    text = client.get("/alerts").text
    assert text.index(str(waiting)) < text.index(str(done))
    assert str(gone) not in text
    assert str(tried) not in text
    assert str(gone) in client.get("/alerts?state=withdrawn").text
    assert str(tried) in client.get("/alerts?state=trial").text
    critical = client.get("/alerts?severity=critical").text
    assert str(done) in critical
    assert str(waiting) not in critical
    assert "No alert fits" in client.get("/alerts?modality=MG").text
    day = early.date().isoformat()
    assert str(waiting) in client.get(f"/alerts?date_from={day}&date_until={day}").text


def test_the_pages_of_the_list_hold_each_alert_once(site: Site, service: Database) -> None:
    now = datetime.now(UTC)
    with service.transaction() as tx:
        made = {
            str(another(tx, site, raised_at=now - timedelta(seconds=number // 3), rule_key="paged"))
            for number in range(120)
        }
    client, seen, place = site.client("viewer"), [], "/alerts?rule=paged"
    while place:
        text = client.get(place).text
        seen += re.findall(r'data-key="([0-9a-f-]{36})"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        place = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == 120
    assert set(seen) == made


def test_the_list_as_csv_is_for_exporters_and_holds_nothing_of_patients(site: Site) -> None:
    answer = site.client("exporter").get("/alerts/list.csv?rule=rf-sum-dose-rp")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["unit"] == "Gy"
    assert float(rows[0]["level"]) == 2.0
    assert not [name for name in rows[0] if "patient" in name]
    assert site.client("viewer").get("/alerts/list.csv").status_code == 403


def test_one_alert_tells_what_happened_and_who_was_told(site: Site) -> None:
    alert = the_alert(site)
    text = site.client("viewer").get(f"/alerts/{alert.id}").text
    assert "within 12 weeks was 2.264 Gy. That reaches the level of 2 Gy." in text
    assert "Medical physics" in text
    assert "smtp 550" in text
    assert "by the group alerts" in text
    assert "Send again" not in text
    assert "Weber" not in text
    assert site.client("viewer").get(f"/alerts/{uuid4()}").status_code == 404


def test_who_sees_a_patient_on_an_alert_is_written_down(site: Site) -> None:
    alert = the_alert(site)
    site.client("insider").get(f"/alerts/{alert.id}")
    text = site.client("boss").get("/admin/audit").text
    assert f"alert {alert.id}" in text


def test_an_alert_is_acknowledged_and_justified_and_who_is_late_hears_who_was_first(
    site: Site, service: Database
) -> None:
    with service.transaction() as tx:
        alert_id = another(tx, site)
    place = f"/alerts/{alert_id}"
    anna, bert = site.client("anna"), site.client("bert")
    assert (
        post(anna, f"{place}/state", state="acknowledged").headers["location"]
        == f"{place}?asked=acknowledged"
    )
    assert "being written down" in anna.get(f"{place}?asked=acknowledged").text
    wish = AlertStateRequested.model_validate(published(site, "alert.state.requested.v1"))
    assert (wish.alert_id, wish.requested_by) == (alert_id, "anna")
    # Bert asks before the service has taken Anna's wish: hers is first.
    assert post(bert, f"{place}/state", state="acknowledged").status_code == 303
    with service.transaction() as tx:
        assert deal_with(tx, alert_id, "acknowledged", "anna", None)
        assert not deal_with(tx, alert_id, "acknowledged", "bert", None)
    assert "You acknowledged this alert." in anna.get(f"{place}?asked=acknowledged").text
    assert "anna acknowledged it before you" in bert.get(f"{place}?asked=acknowledged").text
    late = post(bert, f"{place}/state", state="acknowledged")
    assert late.status_code == 409
    assert "anna acknowledged it before you" in late.text

    assert "Choose a reason" in post(bert, f"{place}/state", state="justified").text
    other = post(bert, f"{place}/state", state="justified", justification_code="other", note=" ")
    assert (other.status_code, "other reason is" in other.text) == (400, True)
    answer = post(
        bert, f"{place}/state", state="justified", justification_code="large_patient", note="<b>planned</b>"
    )
    assert answer.status_code == 303
    wish = AlertStateRequested.model_validate(published(site, "alert.state.requested.v1"))
    with service.transaction() as tx:
        note = tx.execute(
            sa.select(config.alert_note.c.text).where(config.alert_note.c.id == wish.note_id)
        ).scalar()
        assert deal_with(tx, alert_id, "justified", "bert", wish.justification_code, note)
    text = anna.get(place).text
    assert "The patient is large" in text
    assert "&lt;b&gt;planned" in text
    assert "by bert" in text
    assert 'value="acknowledged"' not in text
    assert 'value="closed"' in text


def test_only_the_group_alerts_deals_with_alerts(site: Site) -> None:
    place = f"/alerts/{the_alert(site).id}/state"
    for username in ("viewer", "exporter", "insider"):
        assert post(site.client(username), place, state="closed").status_code == 403
    assert site.client("boss").post(place, data={"state": "closed"}).status_code == 403


def test_a_failed_message_is_sent_again_on_a_persons_word(site: Site, service: Database) -> None:
    alert = the_alert(site)
    boss = site.client("boss")
    assert "it arrives twice" in boss.get(f"/alerts/{alert.id}").text
    with service.reading() as connection:
        mails = {row.state: row.id for row in connection.execute(sa.select(tables.mail).where(tables.mail.c.alert_id == alert.id))}  # fmt: skip  # noqa: E501
    assert post(boss, f"/alerts/{alert.id}/mails/{mails['failed']}/again").status_code == 303
    assert published(site, "alert.mail.requested.v1")["mail_id"] == str(mails["failed"])
    assert post(boss, f"/alerts/{alert.id}/mails/{mails['sent']}/again").status_code == 409
    assert post(boss, f"/alerts/{alert.id}/mails/{uuid4()}/again").status_code == 404


RULE = {
    "title": "Long fluoroscopy", "quantity": "fluoro_time_s", "scope": "study", "level": "1800", "severity": "notice",
    "modality_types": ["RF"], "mode": "off", "told": "choosers",
}  # fmt: skip


def test_a_rule_is_written_changed_and_keeps_its_versions(site: Site) -> None:
    boss = site.client("boss")
    place = post(boss, "/admin/alerts/rules", **RULE).headers["location"].split("?")[0]
    changed = RULE | {"level": "1200,5", "age_years_below": "16", "mode": "on", "owner": "Physics"}
    assert post(boss, place, **changed).status_code == 303
    text = boss.get(place).text
    assert 'value="1200.5"' in text
    assert "Version 2" in text
    assert 'Age below: <span class="muted">any</span> → 16 years' in text
    assert re.search(r"Level: .*1.?800 s.* → 1.?20[01](\.5)? s", text)
    assert "Long fluoroscopy" in boss.get("/admin/alerts").text
    assert post(boss, f"{place}/mode", mode="trial").status_code == 303
    assert "Version 3" in boss.get(place).text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": " "}, "This is needed."),
        ({"level": "much"}, "This is not a number."),
        ({"level": "0"}, "This must be more than 0."),
        ({"scope": "sum"}, "A sum needs weeks."),
        ({"scope": "event"}, "This quantity is not watched so."),
        ({"age_years_from": "20", "age_years_below": "10"}, "This must be more than the lower end."),
        ({"told": "these"}, "Choose somebody"),
        ({"modality_types": []}, "Choose at least one."),
    ],
)
def test_what_is_wrong_in_a_rule_is_said_at_its_field(
    site: Site, wrong: dict[str, Any], sentence: str
) -> None:
    answer = post(site.client("boss"), "/admin/alerts/rules", **(RULE | wrong))
    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'class="error"' in answer.text


def test_a_set_is_installed_and_an_edited_rule_taken_back(site: Site) -> None:
    boss = site.client("boss")
    assert post(boss, "/admin/alerts/sets/ct-dose-check/install").status_code == 303
    with site.web.database.reading() as connection:
        row = connection.execute(
            sa.select(config.alert_rule).where(config.alert_rule.c.key == "ct-reference-head")
        ).one()
    assert not row.enabled
    form = RULE | {"title": row.title, "quantity": row.quantity, "scope": row.scope, "level": "60", "modality_types": ["CT"]}  # fmt: skip  # noqa: E501
    post(boss, f"/admin/alerts/rules/{row.id}", **form)
    text = boss.get("/admin/alerts/sets").text
    assert "edited here" in text
    assert "60 mGy here, 80 mGy in the set" in re.sub(r"\s+", " ", text)
    assert post(boss, f"/admin/alerts/rules/{row.id}/take-over").status_code == 303
    assert "60 mGy here" not in boss.get("/admin/alerts/sets").text
    assert post(boss, "/admin/alerts/sets/none/install").status_code == 404


def test_a_rule_is_tried_on_past_days_before_it_is_saved(site: Site, service: Database) -> None:
    boss, today = site.client("boss"), date.today()  # noqa: DTZ011 - study dates have no zone
    form = RULE | {"quantity": "dap_gym2", "level": "0.1", "date_from": str(today - timedelta(days=400)), "date_until": str(today)}  # fmt: skip  # noqa: E501
    place = post(boss, "/admin/alerts/trials", **form).headers["location"]
    assert "It waits until the alerts service takes it up." in boss.get(place).text
    wish = AlertRuleTrialRequested.model_validate(published(site, "alert.rule_trial.requested.v1"))
    assert wish.rule.level == pytest.approx(1e-7)
    with service.transaction() as tx:
        begin(tx, wish)
    trials = Trials(service, threading.Event())
    while trials.work():
        continue
    path = place.split("?")[0]
    text = boss.get(path).text
    assert "Alerts it would have raised" in text
    assert "<rect" in text
    lines = boss.get(f"{path}/studies.csv").content.decode("utf-8-sig").splitlines()
    studies = re.findall(r'data-key="([0-9.]+)"', text)
    assert len(lines) - 1 == len(studies) > 0
    assert boss.get(f"/admin/alerts/trials/{uuid4()}").status_code == 404
    assert post(boss, f"{path}/cancel").status_code == 303


def test_recipients_without_an_address_are_named_on_top_of_the_alerts(site: Site) -> None:
    boss = site.client("boss")
    place = (
        post(boss, "/admin/alerts/recipients", name="Nora Silent", enabled="true")
        .headers["location"]
        .split("?")[0]
    )
    assert "Nora Silent" in boss.get("/alerts").text
    assert post(boss, f"{place}/test").status_code == 409
    given = {
        "name": "Nora Silent",
        "email": "nora@hospital.example",
        "enabled": "true",
        "quiet_from": "22:00",
    }
    half = post(boss, place, **given)
    assert (half.status_code, "Quiet hours need both times" in half.text) == (400, True)
    assert post(boss, place, **given, quiet_until="06:00", digest_hour="7").status_code == 303
    assert "Nora Silent" not in boss.get("/alerts").text
    assert "daily at 07:00" in boss.get("/admin/alerts/recipients").text
    assert post(boss, f"{place}/test").status_code == 303
    assert published(site, "alert.test_mail.requested.v1")["recipient_id"] == int(place.rsplit("/", 1)[1])
    hook = {"name": "Hook", "channel": "webhook", "enabled": "true", "webhook_secret": "ris"}
    assert "A webhook needs a URL" in post(boss, "/admin/alerts/recipients", **hook).text
    assert (
        post(boss, "/admin/alerts/recipients", **hook, webhook_url="https://ris.example/hook").status_code
        == 303
    )
    assert post(boss, f"{place}/delete").status_code == 303


def test_a_step_is_added_said_anew_and_deleted(site: Site) -> None:
    boss = site.client("boss")
    for _ in range(2):
        assert post(boss, "/admin/alerts/steps", after_hours="24").status_code == 303
    text = boss.get("/admin/alerts/recipients").text
    assert text.count("those who were told first are reminded</td>") == 1
    found = re.search(r"/admin/alerts/steps/(\d+)/delete", text)
    assert found is not None
    assert post(boss, f"/admin/alerts/steps/{found[1]}/delete").status_code == 303
    assert post(boss, f"/admin/alerts/steps/{found[1]}/delete").status_code == 404
    assert post(boss, "/admin/alerts/steps", after_hours="5", rule_id="999999").status_code == 404


def test_what_messages_tell_is_a_setting(site: Site) -> None:
    boss = site.client("boss")
    form = {"time_zone": "Europe/Berlin", "mail_fields": ["study_date"]}
    assert post(boss, "/admin/alerts/settings", **form).status_code == 303
    assert re.search(r"<option selected>Europe/Berlin", boss.get("/admin/alerts/recipients").text)
    assert post(boss, "/admin/alerts/settings", time_zone="Mars/Base").status_code == 400


def test_a_recalculation_says_what_it_changed(site: Site, service: Database) -> None:
    run, alert = uuid7(), the_alert(site)
    with service.transaction() as tx:
        now = datetime.now(UTC)
        tx.execute(
            sa.insert(tables.recalculation).values(
                id=run, reason="requested", requested_by="boss", state="done", created_at=now, finished_at=now,
                studies_done=40, studies_total=40, revalued=1,
            )
        )  # fmt: skip
        tx.execute(
            sa.insert(tables.recalculation_change).values(
                recalculation_id=run, alert_id=alert.id, change="revalued", rule_key=alert.rule_key,
                rule_title=alert.rule_title, quantity=alert.quantity, level=alert.level, study_id=alert.study_id,
                study_instance_uid=alert.study_instance_uid, before=2.1, after=2.264,
            )
        )  # fmt: skip
    boss = site.client("boss")
    assert str(run) in boss.get("/admin/alerts/recalculations").text
    text = boss.get(f"/admin/alerts/recalculations/{run}").text
    assert "2.1 Gy" in text
    assert f"/alerts/{alert.id}" in text
    assert boss.get(f"/admin/alerts/recalculations/{uuid4()}").status_code == 404
