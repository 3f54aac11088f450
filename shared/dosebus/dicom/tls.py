"""TLS contexts for DICOM (PS3.15 B.9 ff, BCP 195: TLS 1.2 or newer, forward secrecy, no old ciphers)."""

from __future__ import annotations

import ssl
from pathlib import Path

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!MD5"


def server_context(certificate: Path, key: Path, authorities: Path | None) -> ssl.SSLContext:
    """A context to listen with. With `authorities` a peer must show a certificate that one of them signed.

    Raises OSError, ssl.SSLError when a file is missing or does not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _harden(context)
    context.load_cert_chain(certificate, key)
    if authorities is not None:
        context.load_verify_locations(authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(
    authorities: Path | None, certificate: Path | None, key: Path | None, *, check_hostname: bool = True
) -> ssl.SSLContext:
    """A context to connect with; the system's authorities are trusted when none are given.

    Raises OSError, ssl.SSLError when a file is missing or does not fit.
    """
    context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    _harden(context)
    context.check_hostname = check_hostname
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def _harden(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
