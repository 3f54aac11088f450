"""Who signed in, from the claims of an identity provider."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dosebus_web.auth.groups import GROUPS

NAME_CLAIMS = ("preferred_username", "email", "sub")
LONGEST = 80


@dataclass(frozen=True)
class Person:
    """One person of one identity provider; `subject` is what the provider never gives to somebody else."""

    issuer: str
    subject: str
    username: str
    display_name: str
    email: str | None
    groups: tuple[str, ...]


def person_of(
    claims: Mapping[str, Any], *, groups_claim: str, group_map: Mapping[str, str], everybody: Iterable[str]
) -> Person:
    """The person of validated claims, with the groups that `group_map` makes of those at the provider.

    `everybody` are groups that each of the provider's people has. Raises KeyError where `iss` or `sub` is missing.
    """
    email = _text(claims.get("email"))
    told = next((text for key in NAME_CLAIMS if (text := _text(claims.get(key)))), "")
    given = {group_map[one] for one in _listed(claims.get(groups_claim)) if one in group_map} | set(everybody)
    return Person(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        username=username_of(told),
        display_name=(_text(claims.get("name")) or told)[:LONGEST],
        email=email,
        groups=tuple(group for group in GROUPS if group in given),
    )


def username_of(told: str) -> str:
    """A name as accounts have them: lower case, without spaces, at most 80 characters."""
    return re.sub(r"[^\w.@+-]+", "-", told.strip().lower()).strip("-")[:LONGEST] or "somebody"


def _text(value: Any) -> str | None:
    stripped = value.strip() if isinstance(value, str) else ""
    return stripped if stripped and stripped.isprintable() else None


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
