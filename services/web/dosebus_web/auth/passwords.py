"""Passwords: hashed with Argon2id, checked for length, made up when nobody chose one."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that look alike in print."""

_NO_ACCOUNT = (
    "$argon2id$v=19$m=65536,t=3,p=4$+NEHixZz5jCzNkwNYjZ74g$UFFg0AZJ9BBKA+6Bndp+hpLAA+N0EI/7jxw8EiOMrDE"
)
"""Verified when the name is unknown, so that the time of the answer tells nothing."""


def hashed(password: str) -> str:
    """The Argon2id hash of a password. Raises ValueError when it is too short, too long or blank."""
    if len(password.strip()) < SHORTEST:
        raise ValueError(f"a password needs at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise ValueError(f"a password may have at most {LONGEST} characters")
    return PasswordHasher().hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one; takes equally long when there is no hash."""
    try:
        verified = PasswordHasher().verify(password_hash or _NO_ACCOUNT, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return verified and password_hash is not None


def made_up() -> str:
    """A random password of 80 bits that can be read aloud: `xxxx-xxxx-xxxx-xxxx`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
