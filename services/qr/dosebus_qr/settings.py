"""What qr needs to know."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from dosebus.settings import ServiceSettings


class QrSettings(ServiceSettings):
    """Settings of the service `qr`; times in seconds."""

    ingest_ae_title: str = Field(default="DOSEBUS", min_length=1, max_length=16)
    """Our storage SCP: who we say we are, and where nodes are asked to send, unless the node says otherwise."""

    connect_timeout_seconds: float = 10.0
    acse_timeout_seconds: float = 20.0
    dimse_timeout_seconds: float = 120.0
    """How long a node may take for its next answer; a PACS that fetches from tape takes minutes."""

    tls_ca_file: Path | None = None
    tls_certificate_file: Path | None = None
    tls_key_file: Path | None = None
    """For nodes that speak TLS: whom to trust, and our own certificate where they want one."""

    qr_attempts: int = Field(default=3, ge=1)
    qr_pause_seconds: float = 5.0
    """How often, and after which pause, a job connects again when the node was lost."""
    qr_max_answers: int = Field(default=20_000, ge=1)
    """A study query with more answers is cut off and asked again for half of its days."""
