"""How values are written on pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

DONE: Mapping[str, str] = {
    "saved": "Saved.",
    "added": "Added.",
    "deleted": "Deleted.",
    "password": "The password is set; all other sessions of the account have ended.",
    "requested": "Requested. It appears here in a moment.",
    "cancelling": "Cancelling.",
    "replayed": "Sent to its queue again.",
    "discarded": "Discarded.",
    "device": "Requested. The device and its studies change in a moment.",
    "reread": "The object will be read again.",
    "mail": "A test mail is on its way.",
    "removing": "The study is being removed.",
    "device-removing": "The device and its studies are being deleted.",
    "signed-out": "You are signed out.",
}
"""What a page says after a POST, by the `done` of its address."""

DASH = "–"


def instant(value: datetime | None) -> str:
    """A moment in local time to the minute."""
    if value is None:
        return DASH
    local = value.astimezone() if value.tzinfo else value
    return local.strftime("%Y-%m-%d %H:%M")


def day(value: date | datetime | None) -> str:
    """A date."""
    return DASH if value is None else value.strftime("%Y-%m-%d")


def ago(value: datetime | None) -> str:
    """How long ago, in one unit: `3 h ago`."""
    if value is None:
        return DASH
    now = datetime.now(UTC) if value.tzinfo else datetime.now()  # noqa: DTZ005 - device times have no zone
    passed = now - value
    if passed < timedelta(0):
        return instant(value)
    if passed < timedelta(minutes=1):
        return "just now"
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if passed >= length:
            return f"{passed // length} {unit} ago"
    return instant(value)


def count(value: int | None) -> str:
    """A whole number with thin spaces between thousands."""
    return DASH if value is None else f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def significant(value: float | None, digits: int = 3) -> str:
    """A number to so many significant digits, without an exponent for ordinary sizes."""
    if value is None:
        return DASH
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        rounded = float(f"{value:.{digits}g}")
        text = f"{rounded:,.10f}".rstrip("0").rstrip(".")
        return text.replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.{digits}g}"


def size(value: int | None) -> str:
    """A size in bytes with a decimal unit."""
    if value is None:
        return DASH
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} B"


def percent(done: int | None, total: int | None) -> int:
    """How much is done, 0 to 100."""
    return min(100, round(100 * (done or 0) / total)) if total else 0


TONES: Mapping[str, str] = {
    "recorded": "good", "sent": "good", "completed": "good", "finished": "good", "done": "good", "closed": "good",
    "healthy": "good", "ok": "good", "answered": "good", "acknowledged": "brand", "justified": "brand",
    "ignored": "", "cancelled": "", "withdrawn": "", "queued": "brand", "running": "brand", "sending": "brand",
    "detected": "warn", "warning": "warn", "in_doubt": "warn", "info": "brand", "notice": "brand",
    "failed": "bad", "rejected": "bad", "critical": "bad", "high": "bad", "error": "bad", "down": "bad",
}  # fmt: skip
"""The colour of a badge by the word on it."""


def tone(word: str | None) -> str:
    """The badge class of a state."""
    return TONES.get((word or "").lower(), "")


def words(value: str | None) -> str:
    """An identifier as words: `in_doubt` is `in doubt`."""
    return (value or DASH).replace("_", " ")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "instant": instant,
    "day": day,
    "ago": ago,
    "count": count,
    "significant": significant,
    "size": size,
    "percent": percent,
    "tone": tone,
    "words": words,
}
