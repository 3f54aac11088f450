"""The commands that qr takes. Each only writes a job down; the workers do it."""

from __future__ import annotations

from dosebus.bus.consumers import Consumers
from dosebus.bus.message import Reject
from dosebus.events.qr import NodeEchoRequested, QrCancelRequested, QueryRequested, RetrieveRequested
from dosebus.store.transaction import Transaction
from dosebus_qr import echo, jobs
from dosebus_qr.node import NodeMissingError, node_of
from dosebus_qr.settings import QrSettings
from dosebus_qr.worker import Bells

consumers = Consumers("qr")


@consumers.on(QueryRequested)
def queue_query(event: QueryRequested, tx: Transaction, bells: Bells) -> None:
    """Let a query wait for its turn."""
    jobs.add_query(tx, event)
    tx.after_commit(bells.query.set)


@consumers.on(RetrieveRequested)
def queue_retrieval(event: RetrieveRequested, tx: Transaction, bells: Bells) -> None:
    """Let a retrieval wait for its turn."""
    if not jobs.add_retrieval(tx, event):
        raise Reject("query_unknown", f"there is no query {event.query_id}")
    tx.after_commit(bells.retrieve.set)


@consumers.on(QrCancelRequested)
def cancel_job(event: QrCancelRequested, tx: Transaction) -> None:
    """Ask a job to stop; one that is over stays as it is."""
    jobs.request_cancel(tx, event.job_id)


@consumers.on(NodeEchoRequested, retry=())
def ask_node(event: NodeEchoRequested, tx: Transaction, settings: QrSettings) -> None:
    """Send a C-ECHO to a node and note its answer."""
    try:
        node = node_of(tx.connection, event.node_id)
    except NodeMissingError as error:
        raise Reject("node_unknown", str(error)) from error
    echo.note(tx, echo.ask(node, settings))
