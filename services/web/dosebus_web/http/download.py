"""Files as answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 1 << 18


def attachment(name: str) -> str:
    """A Content-Disposition that saves under a harmless name."""
    return f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:120]}"'


def chunks(file: BinaryIO) -> Iterator[bytes]:
    """The content of a file, which is closed at its end."""
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
