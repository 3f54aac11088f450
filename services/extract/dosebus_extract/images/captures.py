"""The storage classes of secondary captures: single and multi-frame (PS3.4 B.5)."""

from __future__ import annotations

from typing import Final

CAPTURE_CLASSES: Final = frozenset(
    {"1.2.840.10008.5.1.4.1.1.7", *(f"1.2.840.10008.5.1.4.1.1.7.{form}" for form in (1, 2, 3, 4))}
)
