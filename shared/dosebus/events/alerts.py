"""Events that alerts publishes, and the commands it takes."""

from typing import ClassVar, Literal
from uuid import UUID

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
    """Send a test mail to one recipient."""

    topic: ClassVar[str] = "alert.test_mail.requested.v1"
    owner: ClassVar[str] = "web"

    recipient_id: int
    requested_by: str


class AlertStateRequested(Command):
    """A person deals with an alert: acknowledges it, justifies it by a coded reason, or closes it."""

    topic: ClassVar[str] = "alert.state.requested.v1"
    owner: ClassVar[str] = "web"

    alert_id: UUID
    state: Literal["acknowledged", "justified", "closed"]
    justification_code: str | None = None
    requested_by: str


class AlertMailRequested(Command):
    """Send a mail that failed, or of which nobody knows whether it arrived, once more."""

    topic: ClassVar[str] = "alert.mail.requested.v1"
    owner: ClassVar[str] = "web"

    mail_id: UUID
    requested_by: str
