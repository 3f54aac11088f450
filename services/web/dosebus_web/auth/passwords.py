"""Passwords: hashed with Argon2id, checked for length, made up when nobody chose one."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dosebus_web.language import gettext as _

SHORTEST = 10
LONGEST = 200
FEWEST_SIGNS = 5
"""So many different characters; less is one key held down."""
GUESSED_FIRST = frozenset({
    "0123456789", "0987654321", "1234567890", "12345678910", "1q2w3e4r5t", "1qaz2wsx3edc", "9876543210",
    "a1b2c3d4e5", "abcd123456", "abcde12345", "abcdefghij", "admin12345", "admin123456", "administrador",
    "administrator", "administrator1", "asdfghjkl1", "azertyuiop", "bienvenido", "bienvenido1", "changeme12",
    "changeme123", "changeme1234", "contrasena", "contrasena123", "contraseña", "contraseña123",
    "correcthorsebatterystaple", "dosebus123", "dosebus1234", "dosebusadmin", "dosemanager", "dosimetry1",
    "fisicamedica", "footballfootball", "frühling2026", "herbst2025", "herbst2026", "hospital123",
    "hospital1234", "iloveyou12", "iloveyou123", "invierno2026", "krankenhaus", "krankenhaus1", "letmein123",
    "letmein1234", "medicalphysics", "medizinphysik", "openrem123", "password12", "password123", "password1234",
    "password12345", "passwort123", "passwort1234", "passwort12345", "physicist1", "qwerty1234", "qwerty12345",
    "qwertyuiop", "qwertz12345", "qwertzuiop", "radiologia", "radiologia1", "radiologie", "radiologie1",
    "radiology1", "radiology123", "radiología", "sommer2024", "sommer2025", "sommer2026", "summer2024",
    "summer2025", "summer2026", "trustno1trustno1", "verano2025", "verano2026", "welcome123", "welcome1234",
    "willkommen", "willkommen1", "willkommen123", "winter2024", "winter2025", "winter2026", "zaq12wsxcde",
})  # fmt: skip
"""What guessers try first, of our length and in our languages. Compared without case and outer blanks."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without characters that look alike in print."""

_NO_ACCOUNT = (
    "$argon2id$v=19$m=65536,t=3,p=4$+NEHixZz5jCzNkwNYjZ74g$UFFg0AZJ9BBKA+6Bndp+hpLAA+N0EI/7jxw8EiOMrDE"
)
"""Verified when the name is unknown, so that the time of the answer tells nothing."""


def hashed(password: str, username: str) -> str:
    """The Argon2id hash of a password. Raises ValueError saying why somebody's password may not be this one."""
    bare = password.strip().lower()
    if len(bare) < SHORTEST:
        raise ValueError(_("a password needs at least %(n)s characters", n=SHORTEST))
    if len(password) > LONGEST:
        raise ValueError(_("a password may have at most %(n)s characters", n=LONGEST))
    if len(set(bare)) < FEWEST_SIGNS:
        raise ValueError(_("a password needs at least %(n)s different characters", n=FEWEST_SIGNS))
    if bare in GUESSED_FIRST:
        raise ValueError(_("this password is one of those that are guessed first"))
    if _is_little_more_than(username.lower(), bare):
        raise ValueError(_("a password must not be made of the user name"))
    return PasswordHasher().hash(password)


def _is_little_more_than(username: str, bare: str) -> bool:
    """Whether a password is the user name with a few signs around, or the name again and again."""
    rest = bare.replace(username, "")
    return len(username) > 2 and rest != bare and len(rest) < SHORTEST // 2


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one; takes equally long when there is no such hash."""
    known = password_hash if password_hash is not None and password_hash.startswith("$argon2") else None
    try:
        verified = PasswordHasher().verify(known or _NO_ACCOUNT, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return verified and known is not None


def made_up() -> str:
    """A random password of 80 bits that can be read aloud: `xxxx-xxxx-xxxx-xxxx`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
