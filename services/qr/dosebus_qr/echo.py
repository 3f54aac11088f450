"""The state of nodes: a C-ECHO to each, noted in `qr.node_status`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.store.tables.qr import node_status
from dosebus.store.transaction import Transaction
from dosebus_qr.node import Node
from dosebus_qr.peers import PeerError, UnreachableError, verification
from dosebus_qr.settings import QrSettings

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Sign:
    """How a node answered C-ECHO."""

    node_id: int
    state: Literal["answering", "refusing", "unreachable"]
    reason: str | None
    round_trip_ms: float | None
    checked_at: datetime


def ask(node: Node, settings: QrSettings) -> Sign:
    """Send a C-ECHO; every fault becomes a state with its reason."""
    try:
        with verification(node, settings) as peer:
            milliseconds = peer.echo()
    except UnreachableError as error:
        return Sign(node.id, "unreachable", str(error), None, datetime.now(UTC))
    except (PeerError, OSError) as error:
        return Sign(node.id, "refusing", str(error), None, datetime.now(UTC))
    return Sign(node.id, "answering", None, milliseconds, datetime.now(UTC))


def ask_all(nodes: Sequence[Node], settings: QrSettings) -> list[Sign]:
    """Ask several nodes at once: one that does not answer keeps no other waiting."""
    if not nodes:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(nodes)), thread_name_prefix="echo") as pool:
        return list(pool.map(lambda node: ask(node, settings), nodes))


def note(tx: Transaction, sign: Sign) -> None:
    """Write a state down in place of the one before."""
    answered = sign.checked_at if sign.state == "answering" else None
    statement = insert(node_status).values(
        node_id=sign.node_id,
        state=sign.state,
        reason=sign.reason,
        round_trip_ms=sign.round_trip_ms,
        checked_at=sign.checked_at,
        answered_at=answered,
    )
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[node_status.c.node_id],
            set_={
                "state": statement.excluded.state,
                "reason": statement.excluded.reason,
                "round_trip_ms": statement.excluded.round_trip_ms,
                "checked_at": statement.excluded.checked_at,
                "answered_at": sa.func.coalesce(statement.excluded.answered_at, node_status.c.answered_at),
            },
        )
    )


def forget_others(tx: Transaction, node_ids: Sequence[int]) -> None:
    """Remove the state of nodes that are no longer configured."""
    tx.execute(sa.delete(node_status).where(node_status.c.node_id.not_in(node_ids)))
