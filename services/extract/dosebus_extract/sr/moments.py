"""DICOM dates and times (PS3.5 table 6.2-1), local time without zone, forgiving of what devices write."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

_DATE: Final = re.compile(r"(\d{4})[-./]?(\d{2})[-./]?(\d{2})$")
_TIME: Final = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:[.,](\d{0,9}))?$")
_ZONE: Final = re.compile(r"(?:[+-]\d{2}:?\d{2}|Z)$")
_DAY_AND_CLOCK: Final = re.compile(r"(\d{4}[-./]\d{2}[-./]\d{2}|\d{8})[T\s]*(.*)$")


def as_date(text: str | None) -> date | None:
    """YYYYMMDD, also with separators; None where there is no such day."""
    found = _DATE.match((text or "").strip())
    if not found:
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def as_time(text: str | None) -> time | None:
    """HHMMSS.FFFFFF, shortened or with colons."""
    found = _TIME.match((text or "").strip())
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    try:
        micro = int(((fraction or "0") + "000000")[:6])
        return time(int(hour), int(minute or 0), min(int(second or 0), 59), micro)
    except ValueError:
        return None


def as_datetime(text: str | None) -> datetime | None:
    """YYYYMMDDHHMMSS.FFFFFF&ZZXX, also with separators; the zone is dropped, a date alone is midnight."""
    found = _DAY_AND_CLOCK.match((text or "").strip())
    day = as_date(found[1]) if found else None
    if found is None or day is None:
        return None
    rest = _ZONE.sub("", found[2]).strip()
    clock = as_time(rest) if rest else time()
    return datetime.combine(day, clock) if clock is not None else None


def sort_key(moment: datetime | None, missing: str = "") -> str:
    """A key that orders times as they are; what is missing comes first, or last with "9"."""
    return moment.isoformat() if moment is not None else missing
