"""What ingest needs to know."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from dosebus.settings import ServiceSettings
from dosebus_ingest.rules import ArrivalRule

MEBIBYTE = 1024 * 1024


class IngestSettings(ServiceSettings):
    """Settings of the service `ingest`; sizes in bytes, times in seconds."""

    dicom_host: str = "127.0.0.1"
    dicom_port: int = 11112
    ingest_ae_title: str = Field(default="DOSEBUS", min_length=1, max_length=16)
    called_ae_titles: tuple[str, ...] = ()
    """AE titles under which we answer; empty: any."""
    calling_ae_titles: tuple[str, ...] = ()
    """AE titles that may call; empty: any."""

    max_associations: int = Field(default=120, ge=1)
    max_pdu_bytes: int = Field(default=131_072, ge=16_384)
    network_timeout_seconds: float = 60.0
    """An association without any traffic for so long is aborted."""
    acse_timeout_seconds: float = 30.0
    """A connection must have asked for an association within this time."""
    dimse_timeout_seconds: float = 60.0

    max_object_bytes: int = Field(default=2048 * MEBIBYTE, ge=MEBIBYTE)
    min_free_bytes: int = 512 * MEBIBYTE
    """Nothing is accepted when the disk of the blobs has less room than this."""
    spool_folder: Path | None = None
    """Where large objects are written while they arrive, when the blobs are not files of a folder."""

    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    tls_ca_file: Path | None = None
    """With authorities, a peer must show a certificate that one of them signed."""

    arrival_rules: tuple[ArrivalRule, ...] = ()
    stow_token: SecretStr | None = None
    stow_without_token: bool = False
    """Let anybody who reaches the HTTP port store objects; only sensible on loopback."""

    watch_folder: Path | None = None
    watch_seconds: float = 2.0

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_certificate_file and tls_key_file go together")
        return self
