"""A container's health check: `python -m dosebus.runtime.probe URL` ends with 0 when the URL answers 200."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import urlopen

TIMEOUT_SECONDS = 4.0


def answers(url: str) -> bool:
    """Whether an HTTP GET of the URL answers 200 in time."""
    if not url.startswith(("http://", "https://")):
        return False
    try:
        with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme is checked above
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(sys.argv[1]) else 1)
