"""Settings that every service shares; each service subclasses `ServiceSettings` once."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url


class SecretFileSource(PydanticBaseSettingsSource):
    """Reads `DOSEBUS_X` from the file that `DOSEBUS_X_FILE` names, as container secrets are mounted."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic's signature
        """The stripped content of the file, or None when the variable is not set."""
        prefix = str(self.config.get("env_prefix", ""))
        path = os.environ.get(f"{prefix}{field_name}_file".upper())
        if not path:
            return None, field_name, False
        return Path(path).read_text(encoding="utf-8").strip(), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every field that has a secret file."""
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class ServiceSettings(BaseSettings):
    """What every service needs to know; environment variables carry the prefix `DOSEBUS_`."""

    model_config = SettingsConfigDict(
        env_prefix="DOSEBUS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database_url: str = "postgresql://127.0.0.1:5432/dosebus"
    database_password: SecretStr | None = None
    database_pool: int = 8
    bus_url: str = "local:"
    bus_password: SecretStr | None = None
    blobs_url: str = "file:///var/lib/dosebus/blobs"
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = None
    trace_file: Path | None = None
    public_url: str = "http://127.0.0.1:8080"
    service_urls: dict[str, str] = {}
    drain_seconds: float = 20.0
    inbox_days: int = 30

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over secret files."""
        return init_settings, env_settings, SecretFileSource(settings_cls), file_secret_settings

    def database_login(self, role: str) -> str:
        """`database_url` with the password, and with `role` as user where the URL names none."""
        url = make_url(self.database_url)
        if url.username is None:
            url = url.set(username=role)
        if self.database_password is not None:
            url = url.set(password=self.database_password.get_secret_value())
        return url.render_as_string(hide_password=False)

    def bus_login(self) -> str:
        """`bus_url` with the password from its secret; `local:` and `memory:` have none."""
        if self.bus_password is None or "://" not in self.bus_url:
            return self.bus_url
        url = make_url(self.bus_url).set(password=self.bus_password.get_secret_value())
        return url.render_as_string(hide_password=False)
