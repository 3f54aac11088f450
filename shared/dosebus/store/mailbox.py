"""The two tables that make messages exact: what was handled (`inbox`) and what is to be sent (`outbox`)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import BYTEA

from dosebus.store.prepared import Prepared, insert_many

if TYPE_CHECKING:
    from alembic.operations import Operations

MAILBOX_TABLES = ("inbox", "outbox")
LETTER_COLUMNS = ("message_id", "topic", "mandatory", "body", "traceparent")
"""What a letter brings into the outbox; the rest has defaults."""


def inbox_table(schema: str) -> Table:
    """Messages that a handler has finished, one row per message and queue."""
    return Table(
        "inbox",
        MetaData(),
        Column("message_id", Uuid, primary_key=True),
        Column("queue", Text, primary_key=True),
        Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=schema,
    )


def outbox_table(schema: str) -> Table:
    """Envelopes that were committed and are not yet confirmed by the bus."""
    return Table(
        "outbox",
        MetaData(),
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("mandatory", Boolean, nullable=False),
        Column("body", BYTEA, nullable=False),
        Column("traceparent", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("available_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        schema=schema,
    )


def post_letters(schema: str) -> Prepared:
    """The statement that writes letters: a list of values for each of `LETTER_COLUMNS`."""
    return Prepared(insert_many(outbox_table(schema), LETTER_COLUMNS))


def enter_messages(schema: str) -> Prepared:
    """The statement that enters `message_id` of `queue` (two lists), and gives the ids that are new there."""
    inbox = inbox_table(schema)
    statement = insert_many(inbox, ("message_id", "queue"))
    return Prepared(statement.on_conflict_do_nothing().returning(inbox.c.message_id))


def create_mailbox(op: Operations | ModuleType, schema: str) -> None:
    """Make `inbox` and `outbox`; called by the first migration of every owner."""
    for table in (inbox_table(schema), outbox_table(schema)):
        op.create_table(table.name, *[column._copy() for column in table.columns], schema=schema)
    # Rows arrive in the order of time, so a block-range index prunes old ones at no cost to inserts.
    op.create_index("inbox_handled_at", "inbox", ["handled_at"], schema=schema, postgresql_using="brin")
