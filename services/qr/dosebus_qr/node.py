"""The nodes of the published configuration."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from dosebus.store.tables.config import node as node_table


class NodeMissingError(LookupError):
    """No node has this id any more, or it is switched off."""


@dataclass(frozen=True, slots=True)
class Node:
    """A DICOM node that can be asked."""

    id: int
    name: str
    ae_title: str
    host: str
    port: int
    tls: bool = False
    modality_in_study_query: bool = False
    calling_ae_title: str | None = None
    retrieve_to: str | None = None


_COLUMNS = [node_table.c[name] for name in Node.__dataclass_fields__]


def node_of(connection: Connection, node_id: int) -> Node:
    """The node of an id. Raises NodeMissingError."""
    row = connection.execute(
        sa.select(*_COLUMNS).where(node_table.c.id == node_id, node_table.c.enabled)
    ).one_or_none()
    if row is None:
        raise NodeMissingError(f"no enabled node has the id {node_id}")
    return Node(*row)


def enabled_nodes(connection: Connection) -> list[Node]:
    """All nodes that are switched on, by name."""
    rows = connection.execute(sa.select(*_COLUMNS).where(node_table.c.enabled).order_by(node_table.c.name))
    return [Node(*row) for row in rows]
