"""The alerts themselves: raised once, revalued, withdrawn, reinstated, each with its mails and its audit entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from dosebus.domain.alerting import OPEN_STATES
from dosebus.events.alerts import AlertRaised
from dosebus.events.identity import uuid7
from dosebus.store.tables.alerts import alert
from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_alerts import outbound
from dosebus_alerts.audit import Entry
from dosebus_alerts.changes import Change
from dosebus_alerts.configuration import Configuration
from dosebus_alerts.recipients import Recipient
from dosebus_alerts.rules import Breach, Rule, still_holds, to_tell

Origin = Literal["arrival", "recalculation"]


@dataclass
class Casebook:
    """Brings the alerts of studies in line with what they breach, within one transaction.

    The audit entries are gathered and left to the caller, who appends them last.
    """

    tx: Transaction
    configuration: Configuration
    origin: Origin
    sender_domain: str
    traceparents: Mapping[str, str | None] = field(default_factory=dict)
    """The trace of each study's news, by UID, the latest last; where there is none it is the trace that is open."""
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def settle(self, passed: Mapping[str, Sequence[Breach]]) -> None:
        """Raise what is new, withdraw what no longer holds, reinstate and revalue what does, by study UID."""
        known: defaultdict[str, dict[str, Row[Any]]] = defaultdict(dict)
        for row in self.tx.execute(sa.select(alert).where(alert.c.study_instance_uid.in_(passed))):
            known[row.study_instance_uid][row.identity] = row
        for uid, found in passed.items():
            self._settle_study(uid, found, known[uid])

    def _settle_study(self, uid: str, passed: Sequence[Breach], known: Mapping[str, Row[Any]]) -> None:
        for breach in passed:
            row = known.get(breach.identity)
            if row is not None:
                self._confirm(row, breach)
        for breach in to_tell(passed):
            if breach.identity not in known:
                with traces.continued(self._trace_of(breach)):
                    self._raise(breach)
        for row in known.values():
            if row.withdrawn_at is None and not still_holds(row.identity, row.level, uid, passed):
                self._withdraw(row, passed)

    def _trace_of(self, breach: Breach) -> str | None:
        """The trace of the latest news of a study that has a part in a breach."""
        parts = {breach.study.study_instance_uid, *(one.study_instance_uid for one in breach.evidence)}
        told = (trace for uid, trace in reversed([*self.traceparents.items()]) if uid in parts)
        return next(told, None)

    def _raise(self, breach: Breach) -> None:
        wanting = [one for one in self.configuration.recipients if one.wants(breach.rule)]
        reached = [one for one in wanting if one.address is not None]
        silent = self._silent(breach.rule)
        mailed = [] if silent else reached
        note = silent or _mail_note(wanting, reached)
        alert_id = uuid7()
        inserted = self.tx.execute(
            insert(alert)
            .values(
                id=alert_id,
                origin=self.origin,
                state="queued" if mailed else "detected",
                mail_note=note,
                trial=breach.rule.trial,
                without_address=[one.name for one in wanting if one.address is None],
                **_row_of(breach),
            )
            .on_conflict_do_nothing(index_elements=[alert.c.identity])
            .returning(alert.c.id)
        ).first()
        if inserted is None:
            return
        traceparent = traces.current_traceparent()
        letter = outbound.Notice("alert", alert_id, breach.severity, self.sender_domain, traceparent)
        outbound.queue(self.tx, letter, mailed)
        self.tx.publish(
            AlertRaised(
                alert_id=alert_id,
                rule_key=breach.rule.key,
                study_id=breach.study.study_id,
                study_instance_uid=breach.study.study_instance_uid,
                level=f"{breach.level:.12g}",
                severity=breach.severity,
            )
        )
        self._note(
            alert_id,
            "raised",
            rule=breach.rule.key,
            rule_version=breach.rule.version,
            study_instance_uid=breach.study.study_instance_uid,
            level=breach.level,
            value=breach.value,
            at_most=breach.at_most,
            origin=self.origin,
            mails=len(mailed),
            mail_note=note,
        )
        self.changes.append(Change.of_breach(alert_id, "raised", breach, None))

    def _confirm(self, row: Row[Any], breach: Breach) -> None:
        changes: dict[str, Any] = {}
        if row.value != breach.value or row.evidence != _evidence(breach):
            changes |= {"value": breach.value, "evidence": _evidence(breach)}
        if row.study_id != breach.study.study_id:
            changes["study_id"] = breach.study.study_id
        if row.patient != breach.study.patient:
            changes["patient"] = breach.study.patient
        if row.withdrawn_at is not None:
            changes |= {"withdrawn_at": None, "withdrawn_reason": None}
        if row.trial and not breach.rule.trial:
            # What was found on trial is not told of afterwards, but from now on it is an alert like any other.
            changes |= {"trial": False}
        if not changes:
            return
        self._change(row.id, **changes)
        if "withdrawn_at" in changes:
            gathering = [one.id for one in self.configuration.recipients if one.gathers(row.severity)]
            outbound.resume(self.tx, row.id, gathering)
            self._note(row.id, "reinstated", value=breach.value, at_most=breach.at_most)
            self.changes.append(Change.of_breach(row.id, "reinstated", breach, None))
        elif "value" in changes:
            self._note(row.id, "revalued", value=breach.value, before=row.value, at_most=breach.at_most)
            self.changes.append(Change.of_breach(row.id, "revalued", breach, row.value))

    def _withdraw(self, row: Row[Any], passed: Sequence[Breach]) -> None:
        if row.state not in OPEN_STATES:
            return
        in_force = any(rule.key == row.rule_key for rule in self.configuration.rules)
        reason = "level_no_longer_reached" if in_force else "rule_not_in_force"
        if row.at_most and any(one.rule.key == row.rule_key and not one.at_most for one in passed):
            reason = "level_reached_for_certain"
        self._change(row.id, withdrawn_at=datetime.now(UTC), withdrawn_reason=reason)
        outbound.cancel(self.tx, row.id)
        self._note(row.id, "withdrawn", reason=reason, value=row.value)
        self.changes.append(Change.withdrawal(row))

    def _silent(self, rule: Rule) -> str | None:
        """Why nobody is told, if so."""
        if rule.trial:
            return "rule_on_trial"
        if self.origin == "recalculation" and not self.configuration.mail_after_recalculation:
            return "found_by_recalculation"
        return None

    def _change(self, alert_id: UUID, **values: object) -> None:
        self.tx.execute(
            sa.update(alert).where(alert.c.id == alert_id).values(changed_at=datetime.now(UTC), **values)
        )

    def _note(self, alert_id: UUID, action: str, **details: object) -> None:
        self.entries.append(Entry(action, alert_id, details))


def with_state(tx: Transaction, alert_id: UUID, before: Sequence[str], after: str) -> bool:
    """Move an alert to another state if it is in one of `before`; says whether it was."""
    moved = tx.execute(
        sa.update(alert)
        .where(alert.c.id == alert_id, alert.c.state.in_(before))
        .values(state=after, changed_at=datetime.now(UTC))
    )
    return moved.rowcount == 1


def _row_of(breach: Breach) -> dict[str, object]:
    rule, study, now = breach.rule, breach.study, datetime.now(UTC)
    return {
        "identity": breach.identity,
        "rule_key": rule.key,
        "rule_version": rule.version,
        "rule_title": rule.title,
        "quantity": rule.quantity,
        "scope": rule.scope,
        "weeks": rule.weeks,
        "level": breach.level,
        "severity": breach.severity,
        "study_id": study.study_id,
        "study_instance_uid": study.study_instance_uid,
        "patient": study.patient,
        "value": breach.value,
        "at_most": breach.at_most,
        "evidence": _evidence(breach),
        "raised_at": now,
        "changed_at": now,
    }


def _evidence(breach: Breach) -> list[dict[str, object]]:
    """A study a part; only a bound says that it is one."""
    parts = [asdict(contribution) for contribution in breach.evidence]
    return [{key: value for key, value in part.items() if key != "at_most" or value} for part in parts]


def _mail_note(wanting: Sequence[Recipient], reached: Sequence[Recipient]) -> str | None:
    if not wanting:
        return "no_recipient"
    if not reached:
        return "no_recipient_has_an_address"
    return None if len(reached) == len(wanting) else "some_recipients_without_address"
