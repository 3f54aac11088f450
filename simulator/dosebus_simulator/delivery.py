"""Delivers simulated objects over several associations, as often as it takes if wanted, and keeps the books."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from dosebus_simulator.sender import Parcel, Receipt, Sender, Target

RETRIED_CATEGORIES = (0xA700, 0xC000)
PROCESSING_FAILURE = 0x0110


@dataclass(frozen=True)
class Patience:
    """How a modality resends: until acknowledged, but no longer than `limit_s` for one object; waits grow."""

    retry: bool = False
    limit_s: float = 600.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0


def worth_retrying(receipt: Receipt) -> bool:
    """Whether the receiver may take the object later: no answer, out of resources, cannot understand, failed."""
    if receipt.hopeless:
        return False
    if receipt.status is None or receipt.status == PROCESSING_FAILURE:
        return True
    return receipt.status & 0xFF00 in RETRIED_CATEGORIES or receipt.status & 0xF000 == 0xC000


@dataclass
class Books:
    """What became of the objects; every acknowledged one is written to the log at once. Safe between threads."""

    log: TextIO | None = None
    acknowledged: int = 0
    resent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def enter(self, receipt: Receipt) -> None:
        """Book the last receipt of an object."""
        with self._lock:
            if not receipt.acknowledged:
                self.refused[receipt.reason or "refused"] += 1
                return
            self.acknowledged += 1
            if self.log is not None:
                line = {
                    "sop_instance_uid": receipt.parcel.sop_instance_uid,
                    "study_instance_uid": receipt.parcel.study_instance_uid,
                    "kind": receipt.parcel.kind,
                    "status": f"0x{receipt.status or 0:04X}",
                    "acknowledged_at": datetime.now(UTC).isoformat(),
                }
                self.log.write(json.dumps(line) + "\n")
                self.log.flush()

    def enter_resending(self) -> None:
        """Book one more attempt."""
        with self._lock:
            self.resent += 1

    @property
    def not_acknowledged(self) -> int:
        """Objects for which the receiver took no responsibility."""
        return sum(self.refused.values())


class Delivery:
    """Worker threads, one association each, that deliver what is handed in. A context manager.

    `hand_in` blocks while the workers are busy; leaving the context waits until all is delivered. Files in the
    folder given as `spool` are deleted once they are settled.
    """

    def __init__(
        self,
        target: Target,
        syntaxes: Iterable[tuple[str, str]],
        books: Books,
        *,
        associations: int = 1,
        patience: Patience | None = None,
        spool: Path | None = None,
    ) -> None:
        """Args: syntaxes: pairs of SOP class and transfer syntax to propose."""
        self._books = books
        self._patience = patience or Patience()
        self._spool = spool
        self._parcels: queue.Queue[Parcel | None] = queue.Queue(maxsize=2 * associations)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        wanted = sorted(set(syntaxes))
        self._workers = [
            threading.Thread(
                target=self._work, args=(Sender(target, wanted),), name=f"association {n}", daemon=True
            )
            for n in range(associations)
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.set()
        for _ in self._workers:
            self._put(None)
        for worker in self._workers:
            worker.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def hand_in(self, parcel: Parcel) -> None:
        """Have one object delivered.

        Raises:
            Exception: what made a worker fail.
        """
        self._put(parcel)
        if self._failure is not None:
            raise self._failure

    def _put(self, parcel: Parcel | None) -> None:
        while any(worker.is_alive() for worker in self._workers):
            try:
                self._parcels.put(parcel, timeout=0.5)
            except queue.Full:
                continue
            return

    def _work(self, sender: Sender) -> None:
        try:
            with sender:
                while (parcel := self._parcels.get()) is not None:
                    if not self._stop.is_set():
                        self._books.enter(self._deliver(sender, parcel))
                    if self._spool is not None and parcel.path.parent == self._spool:
                        parcel.path.unlink()
        except BaseException as error:
            self._failure = error
            raise

    def _deliver(self, sender: Sender, parcel: Parcel) -> Receipt:
        wait = self._patience.first_wait_s
        give_up = time.monotonic() + self._patience.limit_s
        while True:
            receipt = sender.send(parcel)
            if receipt.acknowledged or not self._patience.retry or not worth_retrying(receipt):
                return receipt
            if time.monotonic() + wait > give_up or self._stop.wait(wait):
                return receipt
            wait = min(wait * 1.6, self._patience.longest_wait_s)
            self._books.enter_resending()
