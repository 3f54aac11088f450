"""A storage SCU: sends DICOM files as they are encoded, one C-STORE after the other on one association."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, _config, build_context, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.status import code_to_category

from dosebus.dicom.requestor import give_answers_to_who_asked, without_delay

MAX_CONTEXTS = 128
SENT_PDU_LENGTH = 131_072


@dataclass(frozen=True)
class Target:
    """Where to send, and by what names."""

    host: str
    port: int
    called_ae: str = "DOSEBUS"
    calling_ae: str = "DOSEBUSSIM"
    timeout_s: float = 60.0

    @classmethod
    def parse(cls, address: str, called_ae: str = "DOSEBUS", calling_ae: str = "DOSEBUSSIM") -> Target:
        """The target named `HOST:PORT`.

        Raises:
            ValueError: the address is not of that form.
        """
        host, colon, port = address.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError(f"{address!r} is not HOST:PORT")
        return cls(host.strip("[]") or "127.0.0.1", int(port), called_ae, calling_ae)


@dataclass(frozen=True)
class Parcel:
    """One DICOM file to send and what its file meta information tells."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str | None = None
    kind: str | None = None

    @property
    def syntax(self) -> tuple[str, str]:
        """SOP class and transfer syntax, which need a presentation context."""
        return self.sop_class_uid, self.transfer_syntax_uid


@dataclass(frozen=True)
class Receipt:
    """What the receiver said to one C-STORE. `status` is None if it never answered."""

    parcel: Parcel
    status: int | None
    reason: str | None = None
    hopeless: bool = False

    @property
    def acknowledged(self) -> bool:
        """Whether the receiver took responsibility (success or warning)."""
        return self.status is not None and code_to_category(self.status) in ("Success", "Warning")


class AssociationLost(ConnectionError):
    """The association could not be opened, or ended while it was needed."""


def read_parcel(path: Path) -> Parcel:
    """The file as a parcel.

    Raises:
        ValueError: it is not a DICOM file that says what it is.
    """
    try:
        meta = read_file_meta_info(path)
        return Parcel(
            path,
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    except (InvalidDicomError, AttributeError, OSError, EOFError) as error:
        raise ValueError(f"{path}: not a DICOM file with meta information ({error})") from error


def files_under(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and all files in the folders named, in order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def contexts_for(syntaxes: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """One presentation context per pair of SOP class and transfer syntax, so that nothing is ever converted.

    Raises:
        ValueError: there are more than 128.
    """
    wanted = sorted(set(syntaxes))
    if len(wanted) > MAX_CONTEXTS:
        raise ValueError(f"{len(wanted)} kinds of object do not fit into one association; {MAX_CONTEXTS} do")
    return [build_context(UID(sop_class), UID(syntax)) for sop_class, syntax in wanted]


class Sender:
    """One association that stores parcels. A context manager; `send` opens it again after it was lost."""

    def __init__(self, target: Target, syntaxes: Iterable[tuple[str, str]]) -> None:
        """Args: target: the receiver. syntaxes: pairs of SOP class and transfer syntax that will be sent."""
        self.target = target
        self._contexts = contexts_for(syntaxes)
        self._association: Association | None = None
        self._message_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the association.

        Raises:
            AssociationLost: there is no listener, or it rejected or aborted.
        """
        # Without this the library decodes and encodes every object again: 35 ms of CPU instead of 1.3.
        _config.STORE_SEND_CHUNKED_DATASET = True
        entity = AE(ae_title=self.target.calling_ae)
        entity.connection_timeout = entity.acse_timeout = self.target.timeout_s
        entity.dimse_timeout = entity.network_timeout = self.target.timeout_s
        entity.maximum_pdu_size = SENT_PDU_LENGTH
        handlers: list[Any] = [(evt.EVT_CONN_OPEN, without_delay)]
        association = entity.associate(
            self.target.host,
            self.target.port,
            contexts=self._contexts,
            ae_title=self.target.called_ae,
            evt_handlers=handlers,
        )
        if not association.is_established:
            raise AssociationLost(f"{self.target.host}:{self.target.port} {_refusal(association)}")
        give_answers_to_who_asked(association)
        self._association = association

    def close(self) -> None:
        """Release the association if it is open."""
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None

    def send(self, parcel: Parcel) -> Receipt:
        """Store one parcel; opens the association if it is not open."""
        try:
            if self._association is None or not self._association.is_established:
                self.open()
        except AssociationLost as error:
            return Receipt(parcel, None, str(error))
        assert self._association is not None  # noqa: S101  open() sets it or raises
        self._message_id = self._message_id % 65535 + 1
        try:
            answer = self._association.send_c_store(parcel.path, msg_id=self._message_id)
        except (ValueError, AttributeError) as error:
            return Receipt(parcel, None, str(error), hopeless=True)
        except (RuntimeError, OSError) as error:
            self._abandon()
            return Receipt(parcel, None, f"association lost: {error}")
        if "Status" not in answer:
            self._abandon()
            return Receipt(parcel, None, "no answer: association lost or timed out")
        status = int(answer.Status)
        comment = str(answer.get("ErrorComment", "")) or None
        failed = code_to_category(status) == "Failure"
        return Receipt(parcel, status, comment or (f"status 0x{status:04X}" if failed else None))

    def _abandon(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.abort()
        self._association = None


def _refusal(association: Association) -> str:
    if association.is_rejected:
        primitive = association.acceptor.primitive
        return (
            f"rejected the association: {primitive.result_str}, {primitive.reason_str}"
            if primitive
            else "rejected"
        )
    if association.is_aborted:
        return "aborted the association or does not listen"
    return "did not accept the association"


def send_files(target: Target, parcels: list[Parcel]) -> Iterator[Receipt]:
    """Store parcels on one association, or as many as their kinds need, in order; one receipt each."""
    for batch in _batches(parcels):
        with Sender(target, (parcel.syntax for parcel in batch)) as sender:
            for parcel in batch:
                yield sender.send(parcel)


def _batches(parcels: list[Parcel]) -> Iterator[list[Parcel]]:
    batch: list[Parcel] = []
    syntaxes: set[tuple[str, str]] = set()
    for parcel in parcels:
        if parcel.syntax not in syntaxes and len(syntaxes) == MAX_CONTEXTS:
            yield batch
            batch, syntaxes = [], set()
        syntaxes.add(parcel.syntax)
        batch.append(parcel)
    if batch:
        yield batch
