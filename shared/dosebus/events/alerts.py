"""Events that alerts publishes, and the commands it takes."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from dosebus.events.base import Command, Event


class AlertRaised(Event):
    """A rule's level was reached."""

    topic: ClassVar[str] = "alert.raised.v1"
    owner: ClassVar[str] = "alerts"

    alert_id: UUID
    rule_key: str
    study_id: int
    study_instance_uid: str
    level: str
    severity: str


class AlertMailSent(Event):
    """The SMTP server accepted an alert's mail."""

    topic: ClassVar[str] = "alert.mail.sent.v1"
    owner: ClassVar[str] = "alerts"

    alert_id: UUID
    mail_id: UUID


class AlertMailFailed(Event):
    """An attempt to send an alert's mail failed; `final` when no further one follows."""

    topic: ClassVar[str] = "alert.mail.failed.v1"
    owner: ClassVar[str] = "alerts"

    alert_id: UUID
    mail_id: UUID
    reason_code: str
    attempt: int
    final: bool


class AlertRecalculationRequested(Command):
    """Compute every cumulative sum again."""

    topic: ClassVar[str] = "alert.recalculation.requested.v1"
    owner: ClassVar[str] = "web"

    requested_by: str


class AlertSettingsChanged(Event):
    """The published alert configuration changed."""

    topic: ClassVar[str] = "alert.settings.changed.v1"
    owner: ClassVar[str] = "web"


class AlertTestMailRequested(Command):
    """Send a test message to one recipient: a mail, or a call of its webhook."""

    topic: ClassVar[str] = "alert.test_mail.requested.v1"
    owner: ClassVar[str] = "web"

    recipient_id: int
    requested_by: str


class AlertStateRequested(Command):
    """A person deals with an alert: acknowledges it, justifies it by a coded reason, closes it, or opens it again.

    `note_id`: what the person wrote (`config.alert_note`), without which nothing is opened again; the text itself is
    in no event.
    """

    topic: ClassVar[str] = "alert.state.requested.v1"
    owner: ClassVar[str] = "web"

    alert_id: UUID
    state: Literal["acknowledged", "justified", "closed", "reopened"]
    justification_code: str | None = None
    note_id: UUID | None = None
    requested_by: str


class AlertMailRequested(Command):
    """Send a mail that failed, or of which nobody knows whether it arrived, once more."""

    topic: ClassVar[str] = "alert.mail.requested.v1"
    owner: ClassVar[str] = "web"

    mail_id: UUID
    requested_by: str


class AlertMailConfirmationRequested(Command):
    """A mail of which nobody knew whether it arrived did arrive: a person asked."""

    topic: ClassVar[str] = "alert.mail.confirmation.requested.v1"
    owner: ClassVar[str] = "web"

    mail_id: UUID
    requested_by: str


class RuleProposal(BaseModel):
    """A rule as it is tried, saved or not; the fields are those of `config.alert_rule`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    quantity: str
    scope: Literal["event", "study", "sum"]
    level: float = Field(gt=0)
    step: float | None = Field(default=None, gt=0)
    weeks: int | None = Field(default=None, gt=0)
    modality_types: tuple[str, ...]
    device_ids: tuple[int, ...] | None = None
    standard_names: tuple[str, ...] | None = None
    age_years_from: float | None = None
    age_years_below: float | None = None
    weight_kg_from: float | None = None
    weight_kg_below: float | None = None


class AlertRuleTrialRequested(Command):
    """Say which alerts a rule would have raised for the studies of these days, first and last included."""

    topic: ClassVar[str] = "alert.rule_trial.requested.v1"
    owner: ClassVar[str] = "web"

    trial_id: UUID
    rule_key: str | None
    rule: RuleProposal
    date_from: date
    date_until: date
    requested_by: str


class AlertRuleTrialCancelRequested(Command):
    """Stop a trial; what it found so far stays."""

    topic: ClassVar[str] = "alert.rule_trial.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    trial_id: UUID
    requested_by: str


class AlertRuleTrialFinished(Event):
    """A trial came to its end; its row says what it found."""

    topic: ClassVar[str] = "alert.rule_trial.finished.v1"
    owner: ClassVar[str] = "alerts"

    trial_id: UUID
    state: Literal["done", "cancelled", "failed"]


class AlertDealtWith(Event):
    """A person acknowledged, justified or closed an alert, or opened it again."""

    topic: ClassVar[str] = "alert.dealt_with.v1"
    owner: ClassVar[str] = "alerts"

    alert_id: UUID
    state: Literal["acknowledged", "justified", "closed", "reopened"]


class AlertWorkProgressed(Event):
    """Work that a person waits for went on: a trial, a recalculation, or a test message (`work_id`: the mail)."""

    topic: ClassVar[str] = "alert.work.progressed.v1"
    owner: ClassVar[str] = "alerts"

    work: Literal["trial", "recalculation", "test"]
    work_id: UUID
