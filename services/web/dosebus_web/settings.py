"""Settings of the web service."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from dosebus.settings import ServiceSettings
from dosebus_web.auth.groups import checked


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
    size_upload_limit_bytes: int = 64_000_000
    """The largest table of patient sizes that may be uploaded."""
    count_limit: int = 10_000
    """Lists count their rows up to this number and say "more than" beyond."""

    pseudonym_key: SecretStr = SecretStr("")
    """The key that extract makes pseudonyms with; without it a search finds no patient that is kept as a pseudonym."""

    oidc_issuer: str = ""
    """The hospital's identity provider (OpenID Connect); empty: people sign in with passwords of DoseBus only."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_scopes: str = "openid profile email"
    oidc_groups_claim: str = "groups"
    oidc_group_map: dict[str, str] = Field(default_factory=dict)
    """Groups at the provider -> groups here, as JSON; whoever has none of them and no other group is not let in."""
    oidc_everybody: tuple[str, ...] = ()
    """Groups that each of the provider's people has."""
    oidc_label: str = ""
    """What the button says; empty: a text of ours."""
    password_sign_in: bool = True
    """Whether passwords of DoseBus are taken; switch it off once the identity provider works."""

    @model_validator(mode="after")
    def _can_sign_somebody_in(self) -> Self:
        checked([*self.oidc_group_map.values(), *self.oidc_everybody])
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret.get_secret_value()):
            raise ValueError(
                "DOSEBUS_OIDC_ISSUER needs DOSEBUS_OIDC_CLIENT_ID and DOSEBUS_OIDC_CLIENT_SECRET(_FILE)"
            )
        if not self.oidc_issuer and not self.password_sign_in:
            raise ValueError("nobody could sign in: set DOSEBUS_OIDC_ISSUER or DOSEBUS_PASSWORD_SIGN_IN=true")
        return self

    @property
    def secure(self) -> bool:
        """Whether people reach the pages by HTTPS."""
        return self.public_url.startswith("https:")

    @property
    def prefix(self) -> str:
        """The path prefix with a leading and without a trailing slash, or empty."""
        bare = self.path_prefix.strip("/")
        return f"/{bare}" if bare else ""
