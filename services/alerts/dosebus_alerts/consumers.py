"""What alerts does when something happens."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Message, Reject
from dosebus.events.alerts import (
    AlertMailRequested,
    AlertRecalculationRequested,
    AlertSettingsChanged,
    AlertStateRequested,
    AlertTestMailRequested,
)
from dosebus.events.extract import StudyRecorded, StudyRemoved
from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables.config import alert_recipient
from dosebus.store.transaction import Transaction
from dosebus_alerts import outbound, recalculation
from dosebus_alerts.audit import Entry, append
from dosebus_alerts.casebook import deal_with
from dosebus_alerts.check import check_studies
from dosebus_alerts.configuration import Recipient
from dosebus_alerts.settings import AlertsSettings

consumers = Consumers("alerts")


@consumers.on(StudyRecorded, StudyRemoved, retry=(1, 5, 60, 600), workers=2)
def check_study(
    event: StudyRecorded | StudyRemoved, tx: Transaction, settings: AlertsSettings, mail_bell: threading.Event
) -> None:
    """Sum up the patient's doses around a study that came, changed or went, and warn where a level is reached."""
    check_studies(tx, (event.study_instance_uid,), "arrival", settings.mail_domain)
    tx.after_commit(mail_bell.set)


@consumers.on(PatientIdentityChanged, retry=(1, 5, 60, 600))
def follow_patients(event: PatientIdentityChanged, tx: Transaction, settings: AlertsSettings) -> None:
    """Sum up again for patients whose ID is stored in another form; what is found so was there before: no mail."""
    check_studies(tx, event.study_instance_uids, "recalculation", settings.mail_domain)


@consumers.on(AlertSettingsChanged)
def apply_settings(event: AlertSettingsChanged, tx: Transaction) -> None:  # noqa: ARG001 - it says nothing but that
    """Check every study again under the rules that are now in force."""
    recalculation.ask_for(tx, "settings_changed", None)


@consumers.on(AlertRecalculationRequested)
def recalculate(event: AlertRecalculationRequested, tx: Transaction) -> None:
    """Check every study again because a person wants it."""
    recalculation.ask_for(tx, "requested", event.requested_by)


@consumers.on(AlertTestMailRequested)
def send_test_mail(
    event: AlertTestMailRequested,
    tx: Transaction,
    settings: AlertsSettings,
    message: Message,
    mail_bell: threading.Event,
) -> None:
    """Queue a test mail to a recipient. Rejects when there is none, or one without an address."""
    row = tx.execute(sa.select(alert_recipient).where(alert_recipient.c.id == event.recipient_id)).first()
    if row is None or not (row.email or "").strip():
        raise Reject("no_such_address", f"recipient {event.recipient_id} has no e-mail address")
    recipient = Recipient(row.id, row.name, row.email.strip(), row.locale, None)
    outbound.queue(
        tx, None, "test", [recipient], settings.mail_domain, message.traceparent, event.requested_by
    )
    tx.after_commit(mail_bell.set)


@consumers.on(AlertStateRequested)
def change_state(event: AlertStateRequested, tx: Transaction) -> None:
    """Note who dealt with an alert. Rejects a justification without its reason."""
    if event.state == "justified" and not event.justification_code:
        raise Reject("no_reason", f"alert {event.alert_id} cannot be justified without a reason")
    deal_with(tx, event.alert_id, event.state, event.requested_by, event.justification_code)


@consumers.on(AlertMailRequested)
def send_mail_again(event: AlertMailRequested, tx: Transaction, mail_bell: threading.Event) -> None:
    """Send a mail once more on a person's word. Rejects when it is neither failed nor in doubt."""
    row = outbound.send_again(tx, event.mail_id)
    if row is None:
        raise Reject("not_to_be_sent_again", f"mail {event.mail_id} is neither failed nor in doubt")
    if row.alert_id is not None:
        append(tx, [Entry("mail_sent_again", row.alert_id, {"mail_id": str(row.id)}, event.requested_by)])
    tx.after_commit(mail_bell.set)
