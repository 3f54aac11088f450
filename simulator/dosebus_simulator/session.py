"""One run of the simulator: studies are made, written to a folder, and delivered if there is somewhere to send."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import click
from pydicom.uid import ExplicitVRLittleEndian

from dosebus_simulator.delivery import Books, Delivery, Patience
from dosebus_simulator.kinds import SOP_CLASSES
from dosebus_simulator.sender import Parcel, Target
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy


def as_parcel(made: SimulatedObject, kind: str, folder: Path, number: int) -> Parcel:
    """An object of a study of that kind, written into a folder and ready to send."""
    meta = made.dataset.file_meta
    return Parcel(
        made.save(folder, number),
        str(meta.MediaStorageSOPClassUID),
        made.sop_instance_uid,
        str(meta.TransferSyntaxUID),
        made.study_instance_uid,
        kind,
    )


@dataclass
class Progress:
    """One line on the terminal, where there is one."""

    total: int
    started: float
    shown: float = 0.0

    def show(self, made: int, books: Books) -> None:
        """Show how far it is, at most five times a second."""
        now = time.monotonic()
        if sys.stderr.isatty() and now - self.shown > 0.2:
            self.shown = now
            seconds = max(now - self.started, 0.001)
            rate = f"{books.acknowledged / seconds:.1f}/s"
            click.echo(
                f"\r{made}/{self.total} studies, {books.acknowledged} acknowledged, {rate} ",
                nl=False,
                err=True,
            )


def paced(studies: Iterator[SimulatedStudy], rate: float | None) -> Iterator[SimulatedStudy]:
    """The studies, at most `rate` a second."""
    started = time.monotonic()
    for number, study in enumerate(studies):
        if rate:
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        yield study


@dataclass(frozen=True)
class Session:
    """Where the studies of a run go, and how. Without a target they are only written to `out`."""

    target: Target | None = None
    out: Path | None = None
    log_path: Path | None = None
    associations: int = 1
    rate: float | None = None
    patience: Patience = field(default_factory=Patience)

    def run(self, studies: Iterator[SimulatedStudy], total: int) -> tuple[Books, int]:
        """Make and deliver all studies; what became of the objects, and the number of studies made."""
        books, made, numbers = Books(), 0, count(1)
        progress = Progress(total, time.monotonic())
        with ExitStack() as opened:
            folder = self.out or Path(
                opened.enter_context(tempfile.TemporaryDirectory(prefix="dosebus-simulate-"))
            )
            folder.mkdir(parents=True, exist_ok=True)
            if self.log_path is not None:
                books.log = opened.enter_context(self.log_path.open("a", encoding="utf-8"))
            delivery = opened.enter_context(self._delivery(folder, books)) if self.target else None
            for study in paced(studies, self.rate):
                for one in study.objects:
                    parcel = as_parcel(one, study.kind, folder, next(numbers))
                    if delivery is not None:
                        delivery.hand_in(parcel)
                made += 1
                progress.show(made, books)
        return books, made

    def _delivery(self, folder: Path, books: Books) -> Delivery:
        if self.target is None:
            raise ValueError("a session without a target delivers nothing")
        return Delivery(
            self.target,
            [(sop_class, ExplicitVRLittleEndian) for sop_class in SOP_CLASSES],
            books,
            associations=self.associations,
            patience=self.patience,
            spool=None if self.out else folder,
        )
