"""The settings of alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from dosebus.settings import ServiceSettings


class AlertsSettings(ServiceSettings):
    """How mail leaves the house; environment variables carry the prefix `DOSEBUS_`."""

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_ca_file: Path | None = None
    smtp_hello_name: str | None = None
    smtp_command_timeout_s: float = 30.0
    smtp_acceptance_timeout_s: float = 600.0
    """How long to wait for the answer to a whole message; RFC 5321 section 4.5.3.2.6 asks for ten minutes."""
    smtp_retry_first_s: float = 15.0
    smtp_retry_longest_s: float = 3600.0
    smtp_give_up_after_s: float = 5 * 86400.0
    mail_sender: str = "DoseBus <dosebus@localhost>"
    mail_return_address: str | None = None
    """Where bounces are to come back to (the envelope's sender), if not to the sender."""
    bounce_imap_host: str | None = None
    """The IMAP server of the mailbox that gets the bounces; without one nobody looks for them."""
    bounce_imap_port: int = 993
    bounce_imap_security: Literal["tls", "starttls", "none"] = "tls"
    bounce_imap_username: str | None = None
    bounce_imap_password: SecretStr | None = None
    bounce_imap_ca_file: Path | None = None
    bounce_imap_folder: str = "INBOX"
    bounce_imap_timeout_s: float = 30.0
    bounce_poll_s: float = 60.0
    mail_sink: bool = False
    """Take mail with the built-in sink instead of a server; for demonstrations only."""
    mail_sink_folder: Path = Path("mail")
    mail_sink_port: int = 0
    mail_poll_s: float = 1.0
    follow_up_s: float = 30.0
    """How often to look for digests that are due and alerts that nobody acknowledged."""
    webhook_secrets_folder: Path | None = None
    """A folder with a file a secret; a variable `DOSEBUS_WEBHOOK_SECRET_<NAME>` goes before it."""
    webhook_allow_http: bool = False
    webhook_ca_file: Path | None = None
    webhook_timeout_s: float = 20.0

    @property
    def mail_domain(self) -> str:
        """The domain of message ids: that of the sender."""
        return self.mail_sender.rstrip("> ").rpartition("@")[2] or "localhost"
