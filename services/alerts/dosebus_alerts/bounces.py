"""Looks for bounces: every delivery report of the mailbox is read once, and marks the mail that it is about."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from dosebus.store.engine import Database
from dosebus.store.tables.alerts import bounce_mailbox, mail
from dosebus.store.transaction import Transaction
from dosebus_alerts.bounce_mailbox import Account, Mailbox, MailboxError, opened
from dosebus_alerts.bounce_report import BounceReport, Failure, read_report, told
from dosebus_alerts.configuration import read_configuration
from dosebus_alerts.outcome import write_bounce

Verdict = Literal["bounced", "known", "delayed", "unrelated", "unreadable", "later"]
NAMELESS_FOR = timedelta(days=5)
"""How long ago a mail may have been sent for a report that names only its recipient; servers give up by then."""
SKEW = timedelta(minutes=10)
"""By how much the clocks of two servers may differ."""
BOUNCES = Counter("dosebus_alert_mail_bounces_total", "Alert mails that came back", ["status"])
REPORTS = Counter("dosebus_alert_bounce_reports_total", "Delivery reports that were read", ["verdict"])
MAILBOX_UP = Gauge(
    "dosebus_alert_bounce_mailbox_up", "Whether the mailbox of bounces could be read (1) or not (0)"
)


def judge(tx: Transaction, report: BounceReport | None, arrived_at: datetime) -> Verdict:
    """What a report means, written down. `later`: its mail is being handed over at this moment."""
    if report is None:
        return "unreadable"
    row = _mail_of(tx, report, arrived_at)
    if row is None:
        return "unrelated"
    if not report.failures:
        return "delayed"
    if row.state in {"sending", "handing_over"}:
        return "later"
    if row.sent_at is not None and arrived_at < row.sent_at - SKEW:
        # It speaks of an earlier sending of a mail that a person sent again.
        return "known"
    failure = _failure_of(report, row.address)
    with_words = not read_configuration(tx.connection).mail_fields
    return (
        "bounced"
        if write_bounce(tx, row.id, failure.status, told(failure, with_words=with_words))
        else "known"
    )


def _mail_of(tx: Transaction, report: BounceReport, arrived_at: datetime) -> Row[Any] | None:
    """Our mail that a report is about: by its Message-ID, or, where the report names none, the last one sent to its
    recipient."""
    ours = sa.select(mail).where(mail.c.channel == "mail").with_for_update()
    if report.message_ids:
        return tx.execute(ours.where(mail.c.message_id.in_(report.message_ids)).limit(1)).first()
    sent = mail.c.sent_at.between(arrived_at - NAMELESS_FOR, arrived_at + SKEW)
    to_it = mail.c.address.in_(report.addresses)
    return tx.execute(ours.where(to_it, sent).order_by(mail.c.sent_at.desc()).limit(1)).first()


def _failure_of(report: BounceReport, address: str) -> Failure:
    """What befell our recipient; where the address was replaced on the way, the first failure."""
    own = (one for one in report.failures if address in one.addresses)
    return next(own, report.failures[0])


@dataclass
class BounceReader:
    """Looks into the mailbox until told to stop. What fails is written down and tried again."""

    database: Database
    account: Account
    stop: threading.Event
    poll_s: float = 60.0
    _log: Any = field(default_factory=lambda: structlog.get_logger("dosebus.alerts.bounces"))

    def run(self) -> None:
        """Look, and look again, until told to stop."""
        while not self.stop.is_set():
            try:
                self.look()
            except DBAPIError as error:
                self._log.warning("database away", error=type(error.orig).__name__)
            self.stop.wait(self.poll_s)

    def look(self) -> list[Verdict]:
        """Read what came since the last look; gives what became of each message that is a report."""
        try:
            with opened(self.account) as mailbox:
                verdicts = self._read(mailbox)
        except MailboxError as error:
            self._note_failure(error)
            return []
        MAILBOX_UP.set(1)
        self._note(read_at=datetime.now(UTC), failing_since=None, failure=None)
        return verdicts

    def _read(self, mailbox: Mailbox) -> list[Verdict]:
        verdicts: list[Verdict] = []
        for uid in mailbox.since(self._begin(mailbox.uid_validity)):
            if self.stop.is_set():
                break
            found = mailbox.report(uid)
            verdict = self._take(uid, mailbox.uid_validity, found)
            if verdict is None:
                continue
            verdicts.append(verdict)
            if verdict == "later":
                break
            REPORTS.labels(verdict).inc()
            if verdict in {"bounced", "known", "delayed"}:
                mailbox.mark_seen(uid)
        return verdicts

    def _begin(self, uid_validity: int) -> int:
        """The last message that was read; 0 where the numbers of the mailbox began anew."""
        with self.database.transaction() as tx:
            row = _locked(tx, self.account.name)
            if row.uid_validity == uid_validity:
                return int(row.last_uid)
            _update(tx, self.account.name, uid_validity=uid_validity, last_uid=0)
        return 0

    def _take(self, uid: int, uid_validity: int, found: tuple[datetime, bytes] | None) -> Verdict | None:
        """Judge a message and note that it was read, in one transaction; None for one that is no report, or that
        another process has read meanwhile."""
        report = None if found is None else read_report(found[1])
        with self.database.transaction() as tx:
            row = _locked(tx, self.account.name)
            if row.uid_validity != uid_validity or row.last_uid >= uid:
                return None
            verdict = None if found is None else judge(tx, report, found[0])
            if verdict != "later":
                _update(tx, self.account.name, last_uid=uid)
        if verdict is not None:
            self._tell(verdict, report)
        return verdict

    def _tell(self, verdict: Verdict, report: BounceReport | None) -> None:
        if verdict == "bounced" and report is not None:
            for status in sorted(_classes(report.failures)):
                BOUNCES.labels(status).inc()
        self._log.info("delivery report", verdict=verdict)

    def _note_failure(self, error: MailboxError) -> None:
        MAILBOX_UP.set(0)
        self._log.warning("mailbox of bounces cannot be read", reason_code=error.reason_code)
        since = sa.func.coalesce(bounce_mailbox.c.failing_since, datetime.now(UTC))
        self._note(failing_since=since, failure=error.reason_code)

    def _note(self, **values: Any) -> None:
        with self.database.transaction() as tx:
            _locked(tx, self.account.name)
            _update(tx, self.account.name, **values)


def _classes(failures: Sequence[Failure]) -> set[str]:
    """The first two numbers of the states, so that a label has few values."""
    return {failure.status.rpartition(".")[0] for failure in failures}


def _locked(tx: Transaction, name: str) -> Row[Any]:
    tx.execute(insert(bounce_mailbox).values(mailbox=name).on_conflict_do_nothing())
    return tx.execute(
        sa.select(bounce_mailbox).where(bounce_mailbox.c.mailbox == name).with_for_update()
    ).one()


def _update(tx: Transaction, name: str, **values: Any) -> None:
    tx.execute(sa.update(bounce_mailbox).where(bounce_mailbox.c.mailbox == name).values(**values))
