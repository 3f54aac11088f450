"""What alerts does when something happens."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Message, Reject
from dosebus.domain.alerting import JUSTIFICATIONS
from dosebus.events.alerts import (
    AlertMailConfirmationRequested,
    AlertMailRequested,
    AlertRecalculationRequested,
    AlertRuleTrialCancelRequested,
    AlertRuleTrialRequested,
    AlertSettingsChanged,
    AlertStateRequested,
    AlertTestMailRequested,
)
from dosebus.events.extract import SkinMapComputed, StudyRecorded, StudyRemoved
from dosebus.events.people import PatientIdentityChanged
from dosebus.store.tables.config import alert_note, alert_recipient
from dosebus.store.transaction import Transaction
from dosebus_alerts import outbound, recalculation, trials
from dosebus_alerts.arrivals import Arrivals
from dosebus_alerts.audit import Entry, append
from dosebus_alerts.bells import Bells
from dosebus_alerts.check import check_studies
from dosebus_alerts.configuration import recipient_of
from dosebus_alerts.deeds import deal_with, reopen
from dosebus_alerts.outcome import write_arrival
from dosebus_alerts.settings import AlertsSettings

consumers = Consumers("alerts")


@consumers.on(StudyRecorded, StudyRemoved, SkinMapComputed, retry=(1, 5, 60, 600), workers=2, together=16)
def check_study(
    event: StudyRecorded | StudyRemoved | SkinMapComputed,
    tx: Transaction,
    settings: AlertsSettings,
    bells: Bells,
) -> None:
    """Sum up the patient's doses around a study that came, changed, was mapped or went, and warn where a level is
    reached."""
    tx.gathered(Arrivals).add(event.study_instance_uid, settings.mail_domain, bells.ring)


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
    bells: Bells,
) -> None:
    """Queue a test message to a recipient. Rejects when there is none, or one without an address."""
    row = tx.execute(sa.select(alert_recipient).where(alert_recipient.c.id == event.recipient_id)).first()
    recipient = None if row is None else recipient_of(row)
    if recipient is None or recipient.address is None:
        raise Reject("no_such_address", f"recipient {event.recipient_id} has no address")
    notice = outbound.Notice(
        "test", None, "notice", settings.mail_domain, message.traceparent, event.requested_by
    )
    outbound.queue(tx, notice, [recipient])
    tx.after_commit(bells.ring)


@consumers.on(AlertStateRequested)
def change_state(event: AlertStateRequested, tx: Transaction, settings: AlertsSettings, bells: Bells) -> None:
    """Note who dealt with an alert, and in which words. Rejects a justification without its reason, or with one that
    is not known, and an opening without words."""
    if event.state == "justified" and not event.justification_code:
        raise Reject("no_reason", f"alert {event.alert_id} cannot be justified without a reason")
    if event.justification_code is not None and event.justification_code not in JUSTIFICATIONS:
        raise Reject("unknown_reason", f"{event.justification_code} is not a reason that is known")
    note = tx.execute(
        sa.select(alert_note.c.text).where(
            alert_note.c.id == event.note_id, alert_note.c.alert_id == event.alert_id
        )
    ).scalar()
    if event.state != "reopened":
        deal_with(tx, event.alert_id, event.state, event.requested_by, event.justification_code, note)
        return
    if not note:
        raise Reject("no_reason", f"alert {event.alert_id} cannot be opened again without a reason")
    reopen(tx, event.alert_id, event.requested_by, note, settings.mail_domain)
    tx.after_commit(bells.ring)


@consumers.on(AlertMailRequested)
def send_mail_again(event: AlertMailRequested, tx: Transaction, bells: Bells) -> None:
    """Send a mail once more on a person's word. Rejects when it neither failed nor came back nor is in doubt."""
    row = outbound.send_again(tx, event.mail_id)
    if row is None:
        raise Reject(
            "not_to_be_sent_again", f"mail {event.mail_id} neither failed nor came back nor is in doubt"
        )
    alerts = outbound.told_by(tx, row.id) if row.kind == "digest" else [row]
    append(
        tx,
        [
            Entry("mail_sent_again", one.alert_id, {"mail_id": str(row.id)}, event.requested_by)
            for one in alerts
            if one.alert_id is not None
        ],
    )
    tx.after_commit(bells.ring)


@consumers.on(AlertMailConfirmationRequested)
def note_arrival(event: AlertMailConfirmationRequested, tx: Transaction) -> None:
    """Note that a mail in doubt did arrive. Rejects when it is in no doubt."""
    if not write_arrival(tx, event.mail_id, event.requested_by):
        raise Reject("not_in_doubt", f"mail {event.mail_id} is in no doubt")


@consumers.on(AlertRuleTrialRequested, AlertRuleTrialCancelRequested)
def try_rule(event: AlertRuleTrialRequested | AlertRuleTrialCancelRequested, tx: Transaction) -> None:
    """Queue a trial of a rule, or stop it."""
    if isinstance(event, AlertRuleTrialCancelRequested):
        trials.cancel(tx, event.trial_id)
    else:
        trials.begin(tx, event)
