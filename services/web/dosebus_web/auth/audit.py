"""The audit log: who did what and who saw which study's patient."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction

UNKNOWN = "unknown"
"""Stands for who could not be told; a name that was typed may be a password."""


def note(
    tx: Transaction,
    username: str,
    action: str,
    subject: str | None = None,
    *,
    address: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write one line; `subject` and `details` name ids and settings, never patients."""
    row = {
        "username": username,
        "action": action,
        "subject": subject,
        "address": address,
        "details": details or {},
    }
    tx.execute(sa.insert(tables.audit).values(row))
