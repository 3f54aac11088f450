"""What stands on pages beside studies and lists, as tables to read: alerts, records that change, settings, people."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter

from dosebus.store.tables import alerts, config, dose, dose_changes, dose_imports, web
from dosebus_web.api.shelf import Shelf
from dosebus_web.auth.caller import Caller

router = APIRouter(prefix="/api/v1")
ADMIN = "admin"


def seen_by(caller: Caller) -> sa.ColumnElement[bool]:
    """Saved views that are one's own or shared."""
    own = sa.select(web.account.c.id).where(web.account.c.username == caller.username).scalar_subquery()
    return sa.or_(web.saved_view.c.shared, web.saved_view.c.account_id == own)


OF_ALERTS = (
    Shelf(
        "/alerts/{alert_id}/history", "AlertMoment", "What happened to an alert, and who did it.",
        alerts.audit, alerts.audit.c.seq, "alerts", within=alerts.audit.c.alert_id,
    ),
    Shelf(
        "/alerts/{alert_id}/notes", "AlertNote", "What people wrote about an alert.",
        config.alert_note, config.alert_note.c.id, "alerts",
        newest=config.alert_note.c.written_at, within=config.alert_note.c.alert_id,
    ),
    Shelf(
        "/alert-rules/{rule_id}/versions", "AlertRuleVersion", "What a rule said in its earlier versions.",
        config.alert_rule_version, config.alert_rule_version.c.version, "alerts",
        within=config.alert_rule_version.c.rule_id,
    ),
    Shelf(
        "/alert-recipients", "AlertRecipient", "Whom alerts are told.",
        config.alert_recipient, config.alert_recipient.c.id, "alerts", ADMIN, single="recipient_id",
    ),
    Shelf(
        "/alert-recipients/{recipient_id}/messages", "MessageOfRecipient", "What somebody was told, or was to be told.",
        alerts.mail, alerts.mail.c.id, "alerts", ADMIN,
        newest=alerts.mail.c.created_at, within=alerts.mail.c.recipient_id,
        private=frozenset({"claim", "traceparent", "last_error"}),
    ),
    Shelf(
        "/alert-follow-ups", "AlertFollowUp", "Steps for alerts that nobody acknowledges.",
        config.alert_follow_up, config.alert_follow_up.c.id, "alerts", ADMIN,
    ),
    Shelf(
        "/alert-recalculations", "AlertRecalculation", "Recalculations of all alerts.",
        alerts.recalculation, alerts.recalculation.c.id, "alerts", ADMIN,
        newest=alerts.recalculation.c.created_at, private=frozenset({"cursor"}), single="recalculation_id",
    ),
    Shelf(
        "/alert-recalculations/{recalculation_id}/changes", "AlertRecalculationChange",
        "What a recalculation changed.",
        alerts.recalculation_change, alerts.recalculation_change.c.id, "alerts", ADMIN,
        within=alerts.recalculation_change.c.recalculation_id,
    ),
    Shelf(
        "/alert-trials", "AlertTrial", "Rules tried on past days.",
        alerts.trial, alerts.trial.c.id, "alerts", ADMIN,
        newest=alerts.trial.c.created_at, private=frozenset({"cursor"}), single="trial_id",
    ),
    Shelf(
        "/alert-trials/{trial_id}/alerts", "AlertOfTrial", "Alerts that a tried rule would have raised.",
        alerts.trial_alert, alerts.trial_alert.c.study_id, "alerts", ADMIN, within=alerts.trial_alert.c.trial_id,
    ),
)  # fmt: skip
OF_RECORDS = (
    Shelf(
        "/findings", "FoundOdd", "What the extractor found odd in any study.",
        dose.finding, dose.finding.c.id, "studies",
        filters=(dose.finding.c.code, dose.finding.c.severity, dose.finding.c.study_id),
    ),
    Shelf(
        "/studies/{study_instance_uid}/sizes", "PatientSize", "Imported sizes of the patient of a study.",
        dose_imports.patient_size, dose_imports.patient_size.c.quantity, "sizes",
        within=dose_imports.patient_size.c.study_instance_uid,
    ),
    Shelf(
        "/standard-name-changes", "StandardNameChange", "Changes of standard names, with what each row was and became.",
        web.standard_name_change, web.standard_name_change.c.id, "names",
        filters=(web.standard_name_change.c.modality_type, web.standard_name_change.c.kind),
    ),
    Shelf(
        "/rederivations", "Rederivation", "Derivations of records from their objects anew.",
        dose_changes.rederivation, dose_changes.rederivation.c.id, "changes of records", ADMIN,
        newest=dose_changes.rederivation.c.requested_at, filters=(dose_changes.rederivation.c.state,),
        private=frozenset({"people_key"}), single="rederivation_id",
    ),
    Shelf(
        "/rederivations/{rederivation_id}/studies", "RederivedStudy",
        "Studies of a derivation. What tells who a patient is has no values among the differences.",
        dose_changes.rederivation_study, dose_changes.rederivation_study.c.study_id, "changes of records", ADMIN,
        within=dose_changes.rederivation_study.c.rederivation_id,
        filters=(dose_changes.rederivation_study.c.state,), private=frozenset({"record", "contributions"}),
    ),
    Shelf(
        "/people-changes", "PeopleChange", "Changes of what is kept of patients.",
        dose_changes.people_change, dose_changes.people_change.c.id, "changes of records", ADMIN,
        newest=dose_changes.people_change.c.requested_at, private=frozenset({"fence"}), single="people_change_id",
    ),
)  # fmt: skip
OF_SETTINGS = (
    Shelf(
        "/skin-devices", "SkinDevice", "Devices that skin dose maps are computed for.",
        config.skin_device, config.skin_device.c.id, "settings", ADMIN, single="skin_device_id",
    ),
    Shelf(
        "/ignore-rules", "IgnoreRule", "Devices whose objects give no record.",
        config.ignore_rule, config.ignore_rule.c.id, "settings", ADMIN,
    ),
    Shelf(
        "/device-name-rules", "DeviceNameRule", "Names for devices by the UID that their reports bear.",
        config.device_name_rule, config.device_name_rule.c.device_observer_uid, "settings", ADMIN,
    ),
    Shelf(
        "/settings", "Setting", "Settings that somebody changed.",
        config.setting, config.setting.c.key, "settings", ADMIN,
    ),
    Shelf(
        "/saved-views", "SavedView", "Filters of lists under a name. One's own, and those that are shared.",
        web.saved_view, web.saved_view.c.id, "settings", filters=(web.saved_view.c.listing,), permitted=seen_by,
    ),
    Shelf(
        "/users", "User", "People who may sign in.",
        web.account, web.account.c.id, "people", ADMIN,
        private=frozenset({"password_hash", "oidc_subject"}), single="account_id",
    ),
    Shelf(
        "/tokens", "ApiToken", "Tokens of programs, without their values.",
        web.api_token, web.api_token.c.id, "people", ADMIN, private=frozenset({"token_hash"}),
    ),
    Shelf(
        "/audit", "AuditEntry", "Who did what. Entries only ever come on top.",
        web.audit, web.audit.c.id, "people", ADMIN,
        filters=(web.audit.c.username, web.audit.c.action, web.audit.c.subject),
    ),
)  # fmt: skip
SHELVES = (*OF_ALERTS, *OF_RECORDS, *OF_SETTINGS)
for _shelf in SHELVES:
    _shelf.add_to(router)
