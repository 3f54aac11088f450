"""Keyed pseudonyms: what stands for an identifier where the site does not keep it."""

from __future__ import annotations

import hashlib
import hmac


def pseudonym(value: str, key: bytes) -> str:
    """HMAC-SHA-256 of a trimmed, case-folded identifier: equal input, equal pseudonym; useless without the key."""
    return hmac.new(key, value.strip().casefold().encode(), hashlib.sha256).hexdigest()
