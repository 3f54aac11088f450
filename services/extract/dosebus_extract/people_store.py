"""What is known of the people policy beside the policy itself: its digest, its key, and what pages may see of it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.dose_changes import people_default
from dosebus.store.transaction import Transaction
from dosebus_extract.record import people_policy
from dosebus_extract.settings import ExtractSettings


def people_key(tx: Transaction, settings: ExtractSettings) -> str:
    """A digest of the policy in force: what was derived under another one names people otherwise."""
    return sha256(people_policy(tx, settings).model_dump_json().encode()).hexdigest()


def pseudonym_key(settings: ExtractSettings) -> bytes:
    """The secret key of pseudonyms; empty where none is set."""
    return settings.pseudonym_key.get_secret_value().encode()


def publish_default(tx: Transaction, settings: ExtractSettings) -> None:
    """Let pages see the policy of the environment and whether there is a key; the key itself is never written."""
    row = {
        "id": 1,
        "policy": settings.people_policy().model_dump(mode="json"),
        "has_pseudonym_key": bool(pseudonym_key(settings)),
        "noted_at": datetime.now(UTC),
    }
    statement = insert(people_default).values(row)
    tx.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
