"""A hospital to warn: studies written straight into the dose schema, rules, recipients, and mail servers."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from dosebus.events.alerts import AlertStateRequested
from dosebus.store.engine import Database
from dosebus.store.tables import config, dose
from dosebus.store.tables.alerts import (
    address,
    alert,
    audit,
    mail,
    recalculation,
    study_dose,
    study_sum,
    trial,
)
from dosebus_alerts.bells import Bells
from dosebus_alerts.carriers import ByMail, ByWebhook
from dosebus_alerts.changes import tally
from dosebus_alerts.check import check_studies
from dosebus_alerts.consumers import change_state
from dosebus_alerts.courier import Server
from dosebus_alerts.facts import Links
from dosebus_alerts.retry import RetrySchedule
from dosebus_alerts.sender import Post, Sender
from dosebus_alerts.webhook import Caller
from tests.fixtures.network import free_port

DOMAIN = "example.org"
LINKS = Links("https://dose.example")


@dataclass
class Hospital:
    """The dose and config schemas as their owners write them, and alerts' own as it answers."""

    owner: Database
    web: Database
    alerts: Database

    def clear(self) -> None:
        """An empty hospital without rules or recipients."""
        with self.alerts.transaction() as tx:
            for table in (study_sum, study_dose, mail, alert, audit, recalculation, trial, address):
                tx.execute(sa.delete(table))
            tx.execute(sa.text("DELETE FROM alerts.outbox"))
        with self.owner.transaction() as tx:
            tx.execute(sa.delete(dose.study))
        with self.web.transaction() as tx:
            for table in (
                config.alert_follow_up,
                config.alert_rule,
                config.alert_recipient,
                config.alert_note,
                config.setting,
            ):
                tx.execute(sa.delete(table))

    def rule(self, key: str = "rf-sum-dose-rp", **values: object) -> None:
        """Put a rule in force, or change it; the sum of dose at the reference point in twelve weeks by default."""
        row: dict[str, object] = {
            "key": key,
            "version": 1,
            "title": "Dose at the reference point in 12 weeks",
            "quantity": "dose_rp_gy",
            "scope": "sum",
            "weeks": 12,
            "level": 2.0,
            "step": None,
            "severity": "warning",
            "modality_types": ["RF"],
            "enabled": True,
        } | values
        with self.web.transaction() as tx:
            tx.execute(sa.delete(config.alert_rule).where(config.alert_rule.c.key == key))
            tx.execute(sa.insert(config.alert_rule).values(row))

    def setting(self, key: str, value: object) -> None:
        """Set something that pages set."""
        with self.web.transaction() as tx:
            tx.execute(sa.delete(config.setting).where(config.setting.c.key == key))
            tx.execute(sa.insert(config.setting).values(key=key, value=value))

    def follow_up(self, key: str | None, after_hours: float, recipients: list[int] | None = None) -> None:
        """A step of a rule, or of every rule without its own."""
        rule = sa.select(config.alert_rule.c.id).where(config.alert_rule.c.key == key).scalar_subquery()
        row = {"rule_id": rule, "after_hours": after_hours, "recipients": recipients}
        with self.web.transaction() as tx:
            tx.execute(sa.insert(config.alert_follow_up).values(row))

    def recipient(
        self, name: str, email: str | None, rules: list[str] | None = None, **values: object
    ) -> int:
        """A person to warn."""
        with self.web.transaction() as tx:
            return int(
                tx.execute(
                    sa.insert(config.alert_recipient)
                    .values(name=name, email=email, rules=rules, **values)
                    .returning(config.alert_recipient.c.id)
                ).scalar_one()
            )

    def study(self, uid: str, day: date | None, at: time | None = None, **values: object) -> None:
        """Record a fluoroscopy study, or what it has become."""
        now = datetime.now(UTC)
        row: dict[str, object] = {
            "study_instance_uid": uid,
            "modality_types": ["RF"],
            "modality_type": "RF",
            "study_date": day,
            "study_time": at,
            "study_at": None if day is None else datetime.combine(day, at or time()),
            "patient_id": "p1",
            "record": b"",
            "extractor_version": "test",
            "first_received_at": now,
            "recorded_at": now,
            "revision": 1,
        } | values
        with self.owner.transaction() as tx:
            tx.execute(sa.delete(dose.study).where(dose.study.c.study_instance_uid == uid))
            tx.execute(sa.insert(dose.study).values(row))

    def remove(self, uid: str) -> None:
        """Delete a study."""
        with self.owner.transaction() as tx:
            tx.execute(sa.delete(dose.study).where(dose.study.c.study_instance_uid == uid))

    def check(self, *uids: str, origin: Any = "arrival") -> SimpleNamespace:
        """Let alerts hear of studies; gives how many alerts were raised, withdrawn and so on."""
        with self.alerts.transaction() as tx:
            return SimpleNamespace(**tally(check_studies(tx, uids, origin, DOMAIN)))

    def ask(self, event: AlertStateRequested) -> None:
        """A person deals with an alert."""
        settings: Any = SimpleNamespace(mail_domain=DOMAIN)
        with self.alerts.transaction() as tx:
            change_state(event, tx, settings, Bells())

    def rows(self, table: sa.Table, *where: Any) -> list[sa.Row[Any]]:
        """What alerts has written."""
        with self.alerts.reading() as connection:
            return list(connection.execute(sa.select(table).where(*where)))

    def published(self, topic: str) -> list[dict[str, Any]]:
        """The data of the events that wait in the outbox, oldest first."""
        with self.alerts.reading() as connection:
            return list(
                connection.execute(
                    sa.text(
                        "SELECT convert_from(body, 'UTF8')::jsonb -> 'data' FROM alerts.outbox"
                        " WHERE topic = :topic ORDER BY id"
                    ),
                    {"topic": topic},
                ).scalars()
            )

    def sender(self, server: Server | None, **values: Any) -> Sender:
        """A sender that tries again at once and gives up after a minute, unless told otherwise."""
        facts: dict[str, Any] = {
            "database": self.alerts,
            "channel": "mail",
            "carrier": None
            if server is None
            else ByMail(self.alerts, server, "DoseBus <dosebus@example.org>", LINKS),
            "schedule": RetrySchedule(0.0, 0.0, 60.0),
            "bell": threading.Event(),
            "poll_s": 0.02,
            "drain_s": 1.0,
        } | values
        return Sender(Post(**facts), threading.Event())

    def caller(self, caller: Caller, **values: Any) -> Sender:
        """A sender that calls webhooks."""
        return self.sender(None, channel="webhook", carrier=ByWebhook(self.alerts, caller, LINKS), **values)


@pytest.fixture(scope="module")
def databases(postgres_url: str) -> Iterator[Hospital]:
    """The three databases of a module's hospital."""
    hospital = Hospital(
        owner=Database(postgres_url, schema="dose", service="extract", pool_size=2),
        web=Database(postgres_url, schema="web", service="web", pool_size=2),
        alerts=Database(postgres_url, schema="alerts", service="alerts"),
    )
    yield hospital
    for database in (hospital.owner, hospital.web, hospital.alerts):
        database.close()


@pytest.fixture
def hospital(databases: Hospital) -> Hospital:
    """An empty hospital."""
    databases.clear()
    return databases


@dataclass
class Received:
    """A message that a mail server took: with an answer, or although it never gave one."""

    recipients: list[str]
    content: bytes
    message_id: str


@dataclass
class MailServer:
    """A real SMTP server whose behaviour a test chooses at each step."""

    port: int = 0
    messages: list[Received] = field(default_factory=list)
    at_recipient: Callable[[str], str | None] = lambda address: None
    """The answer to RCPT; None accepts."""
    at_message: Callable[[], str | None] = lambda: None
    """The answer to a whole message; None takes it, `hang up` takes nothing and cuts the connection,
    `take and hang up` takes it and cuts the connection before answering."""
    on_message: Callable[[], None] = lambda: None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Any, address: str, rcpt_options: list[str]
    ) -> str:
        """aiosmtpd asks here about a recipient."""
        refusal = self.at_recipient(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd brings a whole message here."""
        self.on_message()
        answer = self.at_message()
        if answer in {None, "take and hang up"}:
            self._take(envelope)
        if answer is not None and answer.endswith("hang up"):
            server.transport.abort()
            return "451 gone"
        return answer or "250 taken"

    def _take(self, envelope: Any) -> None:
        lines = envelope.content.split(b"\r\n")
        identity = next(line[12:].decode() for line in lines if line.lower().startswith(b"message-id: "))
        self.messages.append(Received(list(envelope.rcpt_tos), envelope.content, identity))

    @property
    def server(self) -> Server:
        """How to reach it."""
        return Server("127.0.0.1", self.port, "none", command_timeout_s=60, acceptance_timeout_s=60)


class Listening(Controller):
    """aiosmtpd with options."""

    def __init__(self, handler: MailServer, port: int, **options: Any) -> None:
        self._options = options
        super().__init__(handler, hostname="127.0.0.1", port=port)

    def factory(self) -> SMTP:
        """The protocol of one connection."""
        return SMTP(self.handler, hostname="mail.test", **self._options)


@pytest.fixture
def serve_mail() -> Callable[..., Any]:
    """Starts a mail server for the length of a block: `with serve_mail(server, **aiosmtpd_options):`."""

    @contextmanager
    def serving(server: MailServer, **options: Any) -> Iterator[MailServer]:
        server.port = server.port or free_port()
        controller = Listening(server, server.port, **options)
        controller.start()
        try:
            yield server
        finally:
            controller.stop()

    return serving


@pytest.fixture
def mail_server(serve_mail: Callable[..., Any]) -> Iterator[MailServer]:
    """A mail server that takes everything, until told otherwise."""
    with serve_mail(MailServer()) as server:
        yield server


@dataclass(frozen=True)
class Certificate:
    """A certificate for a name, signed by an authority of its own."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The file of the authority, for clients that are to trust it."""
        return self.folder / "authority.pem"

    def server_context(self) -> ssl.SSLContext:
        """TLS as the server speaks it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        return context


def make_certificate(folder: Path, name: str) -> Certificate:
    """An authority and a server's certificate for a host name, good for a day."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    subjects = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("Authority", name)]
    for key, subject, is_authority, file in zip(
        keys, subjects, (True, False), ("authority.pem", "server.pem"), strict=True
    ):
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subjects[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(keys[0], hashes.SHA256())
        )
        (folder / file).write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "server.key").write_bytes(
        keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return Certificate(folder)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for `localhost`."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")
