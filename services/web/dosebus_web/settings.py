"""Settings of the web service."""

from __future__ import annotations

from dosebus.settings import ServiceSettings


class WebSettings(ServiceSettings):
    """What the pages and the API need to know beyond what all services share."""

    trusted_hosts: tuple[str, ...] = ("*",)
    """Host headers that are answered; `*` answers every one."""
    path_prefix: str = ""
    """Where a proxy shows the pages, such as `/dose`; links carry it."""
    trust_forwarded_for: bool = False
    """Whether the address of the client is read from X-Forwarded-For, as a proxy sets it."""
    session_idle_minutes: int = 60
    session_hours: int = 12
    sign_in_tries: int = 5
    """Wrong passwords an account takes before it is locked for a while."""
    sign_in_lock_minutes: int = 10
    sign_in_tries_per_address: int = 30
    """Wrong passwords an address may send within the lock time."""
    form_limit_bytes: int = 1_000_000
    size_upload_limit_bytes: int = 64 * 2**20
    """The largest table of patient sizes that may be uploaded."""
    count_limit: int = 10_000
    """Lists count their rows up to this number and say "more than" beyond."""

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by HTTPS."""
        return self.public_url.startswith("https:")

    @property
    def prefix(self) -> str:
        """The path prefix with a leading and without a trailing slash, or empty."""
        bare = self.path_prefix.strip("/")
        return f"/{bare}" if bare else ""
