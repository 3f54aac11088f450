"""What the audit log's actions are called on its page; the log itself, its filter and its CSV keep the codes."""

from __future__ import annotations

from collections.abc import Mapping

from dosebus_web.language import gettext as _
from dosebus_web.language import marked

ACTIONS: Mapping[str, str] = {
    "sign_in": marked("Signed in"),
    "sign_in.failed": marked("Sign-in failed"),
    "sign_in.locked": marked("Account locked after wrong passwords"),
    "sign_in.refused": marked("Sign-in refused"),
    "sign_out": marked("Signed out"),
    "sessions.ended": marked("Sessions ended"),
    "password.changed": marked("Password changed"),
    "password.reset": marked("New password made up"),
    "token.created": marked("API token created"),
    "token.revoked": marked("API token revoked"),
    "token.refused": marked("API token refused"),
    "user.add": marked("User added"),
    "user.added": marked("User added"),
    "user.changed": marked("User changed"),
    "user.groups": marked("Groups of a user changed"),
    "user.unlocked": marked("User unlocked"),
    "patient.seen": marked("Patient data seen"),
    "study.find": marked("Patient searched for"),
    "study.remove": marked("Study deleted"),
    "device.change": marked("Device changed"),
    "device.remove": marked("Device deleted with its studies"),
    "export.requested": marked("Export requested"),
    "export.downloaded": marked("Export downloaded"),
    "export.cancelled": marked("Export cancelled"),
    "export.deleted": marked("Export deleted"),
    "query.requested": marked("Archive queried"),
    "query.cancelled": marked("Query or retrieval cancelled"),
    "retrieve.requested": marked("Studies fetched from an archive"),
    "node.added": marked("DICOM node added"),
    "node.changed": marked("DICOM node changed"),
    "node.deleted": marked("DICOM node deleted"),
    "object.reread": marked("Object read again"),
    "task.cancel": marked("Task cancelled"),
    "task.retry": marked("Task begun again"),
    "letter.replayed": marked("Dead letter sent again"),
    "letter.discarded": marked("Dead letter discarded"),
    "home.change": marked("Home page changed"),
    "audit.downloaded": marked("Audit log downloaded"),
    "people.change": marked("Patient policy changed"),
    "people.cancel": marked("Change of stored patients cancelled"),
    "reading.ignore.added": marked("Device ignored from now on"),
    "reading.ignore.deleted": marked("Device not ignored any more"),
    "reading.models": marked("Models without a Device Observer UID of their own changed"),
    "reading.name": marked("Name by Device Observer UID set"),
    "reading.name.deleted": marked("Name by Device Observer UID deleted"),
    "reading.deletion": marked("Deletion after reading changed"),
    "reading.kept.downloaded": marked("Kept objects downloaded"),
    "reading.kept.deleted": marked("Kept objects deleted"),
    "rederivation.request": marked("Re-derivation requested"),
    "rederivation.apply": marked("Re-derivation applied"),
    "rederivation.cancel": marked("Re-derivation cancelled"),
    "rederivation.discard": marked("Re-derivation discarded"),
    "sizes.uploaded": marked("Table of patient sizes uploaded"),
    "sizes.discarded": marked("Table of patient sizes removed"),
    "sizes.import_requested": marked("Import of patient sizes requested"),
    "sizes.cancelled": marked("Import of patient sizes cancelled"),
    "sizes.log_downloaded": marked("Log of an import downloaded"),
    "skin.map.requested": marked("Skin dose map requested"),
    "skin.method": marked("Method of skin dose maps changed"),
    "skin.system.added": marked("System for skin dose maps added"),
    "skin.system.changed": marked("System for skin dose maps changed"),
    "skin.system.deleted": marked("System for skin dose maps deleted"),
    "alert.acknowledged": marked("Alert acknowledged"),
    "alert.justified": marked("Alert justified"),
    "alert.closed": marked("Alert closed"),
    "alert.reopened": marked("Alert opened again"),
    "alert.mail_again": marked("Message of an alert sent again"),
    "alert.mail_arrived": marked("Message of an alert noted as arrived"),
    "alerts.recalculate": marked("Recalculation of alerts requested"),
    "alert_rule.added": marked("Alert rule added"),
    "alert_rule.changed": marked("Alert rule changed"),
    "alert_rule.switched": marked("Alert rule switched on or off"),
    "alert_rule.taken_over": marked("New version of a shipped rule taken over"),
    "alert_rule.tried": marked("Alert rule tried"),
    "alert_rule.trial_cancelled": marked("Trial of a rule cancelled"),
    "alert_set.installed": marked("Rule set installed"),
    "alert_settings.changed": marked("Settings of messages changed"),
    "alert_step.set": marked("Follow-up step set"),
    "alert_step.deleted": marked("Follow-up step deleted"),
    "alert_recipient.added": marked("Recipient added"),
    "alert_recipient.changed": marked("Recipient changed"),
    "alert_recipient.deleted": marked("Recipient deleted"),
    "alert_recipient.test_mail": marked("Test message sent"),
    "standard_name.map": marked("Raw names mapped"),
    "standard_name.unmap": marked("Raw names unmapped"),
    "standard_name.create": marked("Standard name created"),
    "standard_name.rename": marked("Standard name renamed"),
    "standard_name.merge": marked("Standard names merged"),
    "standard_name.split": marked("Standard name split"),
    "standard_name.delete": marked("Standard name deleted"),
    "standard_name.reject": marked("Suggestion of a standard name rejected"),
    "standard_name.import": marked("Standard names imported"),
    "standard_name.undo": marked("Change of standard names undone"),
}  # fmt: skip
PLACES: Mapping[str, str] = {"study": "/study/", "alert": "/alerts/"}
"""Where the page of a subject such as `study 12` is."""


def deed(action: str) -> str:
    """An action in words; one without a sentence as it is written down."""
    return _(ACTIONS[action]) if action in ACTIONS else action


def place(subject: str | None) -> str:
    """The path of what an action was done to; empty where it has no page."""
    kind, blank, number = (subject or "").partition(" ")
    return f"{PLACES[kind]}{number}" if blank and kind in PLACES else ""
