"""Advisory locks that end with the transaction.

Always taken in this order, each kind sorted: studies, patients, audit. So no two transactions wait for each
other.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import sqlalchemy as sa

from dosebus.store.transaction import Transaction


def lock_studies(tx: Transaction, study_instance_uids: Iterable[str]) -> None:
    """One transaction at a time brings a study's doses up to date."""
    _lock(tx, "study", study_instance_uids)


def lock_patients(tx: Transaction, patients: Iterable[str]) -> None:
    """One transaction at a time sums a patient's studies; two studies at once would not see each other."""
    _lock(tx, "patient", patients)


def lock_audit(tx: Transaction) -> None:
    """One transaction at a time appends to the audit chain."""
    _lock(tx, "audit", ("chain",))


def _lock(tx: Transaction, kind: str, names: Iterable[str]) -> None:
    keys = sorted(
        int.from_bytes(sha256(f"dosebus:alerts:{kind}:{name}".encode()).digest()[:8], signed=True)
        for name in set(names)
    )
    for key in keys:
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.cast(key, sa.BigInteger))))
