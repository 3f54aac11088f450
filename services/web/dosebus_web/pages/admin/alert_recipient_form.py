"""The form of a recipient: what a person fills in, and the columns that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dosebus_web.language import gettext as _
from dosebus_web.language import marked

LOCALES = (("en", "English"), ("de", "Deutsch"), ("es", "Español"))
CHANNELS = (("mail", marked("E-mail")), ("webhook", marked("Webhook: a program is called")))
PROBLEMS: Mapping[str, str] = {
    "string_too_short": marked("This is needed."),
    "string_pattern_mismatch": marked("This does not have the right form."),
    "quiet_whole": marked("Quiet hours need both times, and two different ones."),
    "no_url": marked("A webhook needs a URL that begins with https:// and has no user name."),
    "no_secret": marked("A webhook needs the name of its secret: small letters, digits and _."),
    "time_parsing": marked("This is not a time."),
    "no_rules": marked("Choose at least one rule, or all."),
}
"""What is said beside a field, by the kind of error."""


class RecipientForm(BaseModel):
    """What a person says of a recipient."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=200)
    channel: Literal["mail", "webhook"] = "mail"
    email: str = Field(default="", max_length=200, pattern=r"^([^@\s,;<>]+@[^@\s,;<>]+)?$")
    webhook_url: str = Field(default="", max_length=1000)
    webhook_secret: str = Field(default="", pattern=r"^([a-z0-9_]{1,64})?$")
    locale: Literal["en", "de", "es"] = "en"
    enabled: bool = False
    hears: Literal["all", "these"] = "all"
    rules: list[str] = Field(default=[], max_length=1000)
    digest_hour: int | None = Field(default=None, ge=0, le=23)
    digest_critical_at_once: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_critical_at_once: bool = False

    @field_validator("digest_hour", "quiet_from", "quiet_until", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @model_validator(mode="after")
    def _whole(self) -> RecipientForm:
        called = self.channel == "webhook"
        problems = [
            ("webhook_url", "no_url", called and not _callable(self.webhook_url)),
            ("webhook_secret", "no_secret", called and not self.webhook_secret),
            ("quiet_until", "quiet_whole", (self.quiet_from is None) != (self.quiet_until is None)),
            (
                "quiet_until",
                "quiet_whole",
                self.quiet_from is not None and self.quiet_from == self.quiet_until,
            ),
            ("rules", "no_rules", self.hears == "these" and not self.rules),
        ]
        for place, kind, wrong in problems:
            if wrong:
                raise PydanticCustomError(kind, place)
        return self

    def row(self) -> dict[str, Any]:
        """The columns of `config.alert_recipient`."""
        called = self.channel == "webhook"
        return {
            **self.model_dump(include=KEPT),
            "email": None if called else self.email or None,
            "webhook_url": self.webhook_url if called else None,
            "webhook_secret": self.webhook_secret if called else None,
            "rules": self.rules if self.hears == "these" else None,
        }


KEPT = {
    "name", "channel", "locale", "enabled", "digest_hour", "digest_critical_at_once", "quiet_from", "quiet_until",
    "quiet_critical_at_once",
}  # fmt: skip


def _callable(url: str) -> bool:
    """Whether a URL could be called; whether `http:` is, the alerts service decides by its own setting."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.username is None


FRESH: Final[Mapping[str, Any]] = {
    "name": "", "channel": "mail", "email": "", "webhook_url": "", "webhook_secret": "", "locale": "en",
    "enabled": True, "hears": "all", "rules": [], "digest_hour": "", "digest_critical_at_once": True,
    "quiet_from": "", "quiet_until": "", "quiet_critical_at_once": True,
}  # fmt: skip
"""What the form for a new recipient starts with."""


def shown(row: Any) -> dict[str, Any]:
    """The values of the form for a row of `config.alert_recipient`."""
    values = {key: getattr(row, key) for key in FRESH if key != "hears"}
    clock = {key: f"{values[key]:%H:%M}" for key in ("quiet_from", "quiet_until") if values[key] is not None}
    blank = {key: "" for key, value in values.items() if value is None}
    return (
        values | blank | clock | {"hears": "all" if row.rules is None else "these", "rules": row.rules or []}
    )


def complaints(error: ValidationError) -> dict[str, str]:
    """What is wrong, by field, for the person who filled it in."""
    return {
        str(one["loc"][0]) if one["loc"] else str(one["msg"]): _(
            PROBLEMS.get(str(one["type"]), marked("This cannot be."))
        )
        for one in error.errors()
    }


Line = Annotated[str, Form(max_length=1000)]
Tick = Annotated[bool, Form()]


def read_form(
    *,
    name: Line = "",
    channel: Line = "mail",
    email: Line = "",
    webhook_url: Line = "",
    webhook_secret: Line = "",
    locale: Line = "en",
    enabled: Tick = False,
    hears: Line = "all",
    rules: Annotated[list[str] | None, Form(max_length=1000)] = None,
    digest_hour: Line = "",
    digest_critical_at_once: Tick = False,
    quiet_from: Line = "",
    quiet_until: Line = "",
    quiet_critical_at_once: Tick = False,
) -> dict[str, Any]:
    """The form's values as they were sent, so that wrong ones can be shown again."""
    given = dict(locals())
    return given | {"rules": rules or []}
