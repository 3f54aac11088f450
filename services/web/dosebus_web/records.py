"""A study's record as the JSON document of the API."""

from __future__ import annotations

import json
import zlib
from typing import Any

PERSONAL: dict[str, tuple[str, ...]] = {"patient": ("patient_name", "patient_id", "patient_birth_date")}
"""Keys that only the group (or scope) pid sees, by the part of the record; pseudonyms are for everybody."""


def record_document(packed: bytes | memoryview, *, allow_pid: bool) -> dict[str, Any]:
    """The record as it is stored, without patient identity unless `allow_pid`."""
    document: dict[str, Any] = json.loads(zlib.decompress(packed))
    if allow_pid:
        return document
    for part, keys in PERSONAL.items():
        held = document.get(part, {})
        for key in keys:
            if not held.get(f"{key}_is_hashed"):
                held.pop(key, None)
    return document
