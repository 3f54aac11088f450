"""Studies of which news came in one transaction, checked together at its end."""

from __future__ import annotations

from collections.abc import Callable

from dosebus.store.transaction import Transaction
from dosebus.telemetry import traces
from dosebus_alerts.check import check_studies


class Arrivals:
    """Studies to check. What they have in common (rules, sums, locks, audit) is then read and written once."""

    def __init__(self) -> None:
        self._traceparents: dict[str, str | None] = {}
        self._sender_domain = ""
        self._when_changed: Callable[[], None] | None = None

    def add(self, study_instance_uid: str, sender_domain: str, when_changed: Callable[[], None]) -> None:
        """Have a study checked; `when_changed` is called after the commit if any alert changed."""
        self._traceparents.pop(study_instance_uid, None)
        self._traceparents[study_instance_uid] = traces.current_traceparent()
        self._sender_domain, self._when_changed = sender_domain, when_changed

    def write(self, tx: Transaction) -> None:
        """Check them."""
        changes = check_studies(
            tx, tuple(self._traceparents), "arrival", self._sender_domain, self._traceparents
        )
        if changes and self._when_changed is not None:
            tx.after_commit(self._when_changed)
