"""Mail servers that want STARTTLS and a login, and those that must not be trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from dosebus.store.tables.alerts import mail
from dosebus_alerts.courier import Server
from tests.integration.alerts.conftest import MailServer, make_certificate

DAY = date(2026, 5, 4)


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = LoginPassword(b"dosebus", b"word")
    # Not `handled`: aiosmtpd then answers 535 by itself.
    return AuthResult(success=isinstance(data, LoginPassword) and data == known, handled=False)


def options(certificate: Any) -> dict[str, Any]:
    return {
        "tls_context": certificate.server_context(),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticate,
    }


def client(server: MailServer, certificate: Any, **values: Any) -> Server:
    wanted = {
        "security": "starttls",
        "username": "dosebus",
        "password": "word",
        "ca_file": str(certificate.authority),
        "host": "localhost",
        "command_timeout_s": 60,
    }
    return replace(server.server, **(wanted | values))


@pytest.fixture
def queued(hospital: Any) -> Any:
    hospital.rule("rf-study", scope="study", weeks=None)
    hospital.recipient("Physicist", "physicist@example.org")
    hospital.study("1.2.1", DAY, dose_rp_total_plane_a_gy=2.5)
    hospital.check("1.2.1")
    return hospital


def attempt(hospital: Any, server: Server) -> tuple[str, str | None]:
    hospital.sender(server).send_next()
    (row,) = hospital.rows(mail)
    return row.state, row.reason_code


def test_starttls_and_login_deliver(queued: Any, serve_mail: Any, certificate: Any) -> None:
    with serve_mail(MailServer(), **options(certificate)) as server:
        assert attempt(queued, client(server, certificate)) == ("sent", None)
        assert len(server.messages) == 1


def test_a_wrong_password_waits_for_a_person_and_loses_nothing(
    queued: Any, serve_mail: Any, certificate: Any
) -> None:
    with serve_mail(MailServer(), **options(certificate)) as server:
        assert attempt(queued, client(server, certificate, password="wrong")) == (
            "queued",
            "login_refused",
        )
        assert attempt(queued, client(server, certificate)) == ("sent", None)


def test_a_server_of_an_unknown_authority_gets_nothing(
    queued: Any, serve_mail: Any, certificate: Any
) -> None:
    with serve_mail(MailServer(), **options(certificate)) as server:
        assert attempt(queued, client(server, certificate, ca_file=None)) == ("queued", "tls_failed")
        assert server.messages == []


def test_a_certificate_of_another_name_is_refused(
    queued: Any, serve_mail: Any, certificate: Any, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path, "elsewhere.example")
    with serve_mail(MailServer(), **options(other)) as server:
        assert attempt(queued, client(server, other)) == ("queued", "tls_failed")
        assert server.messages == []


def test_a_server_without_tls_gets_neither_password_nor_mail(
    queued: Any, serve_mail: Any, certificate: Any
) -> None:
    with serve_mail(MailServer()) as server:
        assert attempt(queued, client(server, certificate)) == ("queued", "no_tls")
        assert server.messages == []
