"""Events that qr publishes, and the commands it takes."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from dosebus.events.base import Command, Event

Outcome = Literal["finished", "failed", "cancelled"]


class QueryRequested(Command):
    """Ask a node for its studies of some modalities between two dates (inclusive)."""

    topic: ClassVar[str] = "qr.query.requested.v1"
    owner: ClassVar[str] = "web"

    query_id: UUID
    node_id: int
    modalities: tuple[str, ...]
    date_from: date | None
    date_to: date | None
    requested_by: str


class RetrieveRequested(Command):
    """Move dose reports of a query's studies to our own SCP; None means all of them."""

    topic: ClassVar[str] = "qr.retrieve.requested.v1"
    owner: ClassVar[str] = "web"

    retrieve_id: UUID
    query_id: UUID
    study_instance_uids: tuple[str, ...] | None
    requested_by: str


class QrCancelRequested(Command):
    """Stop a running query or retrieval."""

    topic: ClassVar[str] = "qr.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    job_id: UUID


class NodeEchoRequested(Command):
    """Send a C-ECHO to a node and note the answer."""

    topic: ClassVar[str] = "qr.node.echo.requested.v1"
    owner: ClassVar[str] = "web"

    node_id: int


class QueryProgressed(Event):
    """A query found studies so far."""

    topic: ClassVar[str] = "qr.query.progressed.v1"
    owner: ClassVar[str] = "qr"

    query_id: UUID
    studies: int


class QueryAnswered(Event):
    """A query ended."""

    topic: ClassVar[str] = "qr.query.answered.v1"
    owner: ClassVar[str] = "qr"

    query_id: UUID
    outcome: Outcome
    studies: int


class RetrieveProgressed(Event):
    """A retrieval moved objects so far."""

    topic: ClassVar[str] = "qr.retrieve.progressed.v1"
    owner: ClassVar[str] = "qr"

    retrieve_id: UUID
    done: int
    failed: int
    total: int


class RetrieveFinished(Event):
    """A retrieval ended."""

    topic: ClassVar[str] = "qr.retrieve.finished.v1"
    owner: ClassVar[str] = "qr"

    retrieve_id: UUID
    outcome: Outcome
    done: int
    failed: int
