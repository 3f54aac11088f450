"""Waiting for what must come about."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg


def eventually(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether a condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def ids(url: str, table: str) -> list[str]:
    """The notes in a table of the probe service, in order, repeated ones repeated."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(f"SELECT export_id::text FROM export.{table} ORDER BY 1")  # noqa: S608
        return [row[0] for row in rows]
