"""How values are written on pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dosebus.catalogue.field import Field
from dosebus_web.language import gettext as _
from dosebus_web.language import marked, spoken
from dosebus_web.retelling import retold

DONE: Mapping[str, str] = {
    "saved": marked("Saved."),
    "added": marked("Added."),
    "deleted": marked("Deleted."),
    "password": marked("The password is set; all other sessions of the account have ended."),
    "requested": marked("Requested. It appears here in a moment."),
    "cancelling": marked("Cancelling."),
    "replayed": marked("Sent to its queue again."),
    "discarded": marked("Discarded."),
    "device": marked("Requested. The device and its studies change in a moment."),
    "reread": marked("The object will be read again."),
    "mail": marked("A test mail is on its way."),
    "removing": marked("The study is being removed."),
    "device-removing": marked("The device and its studies are being deleted."),
    "signed-out": marked("You are signed out."),
}
"""What a page says after a POST, by the `done` of its address."""

DASH = "–"


def instant(value: datetime | None) -> str:
    """A moment in local time to the minute."""
    if value is None:
        return DASH
    local = value.astimezone() if value.tzinfo else value
    return local.strftime(f"{spoken().day} %H:%M")


def day(value: date | datetime | None) -> str:
    """A date."""
    return DASH if value is None else value.strftime(spoken().day)


AGES: tuple[tuple[str, timedelta], ...] = (
    (marked("%(n)s d ago"), timedelta(days=1)),
    (marked("%(n)s h ago"), timedelta(hours=1)),
    (marked("%(n)s min ago"), timedelta(minutes=1)),
)


def ago(value: datetime | None) -> str:
    """How long ago, in one unit: `3 h ago`."""
    if value is None:
        return DASH
    now = datetime.now(UTC) if value.tzinfo else datetime.now()  # noqa: DTZ005 - device times have no zone
    passed = now - value
    if passed < timedelta(0):
        return instant(value)
    for sentence, length in AGES:
        if passed >= length:
            return _(sentence, n=passed // length)
    return _("just now")


def signed(plain: str) -> str:
    """A number that Python wrote, such as `1,234.5`, with the signs of the reader's language."""
    speech = spoken()
    return plain.translate({ord(","): speech.group, ord("."): speech.decimal})


def count(value: int | None) -> str:
    """A whole number with its thousands apart."""
    return DASH if value is None else signed(f"{value:,}")


def significant(value: float | None, digits: int = 3) -> str:
    """A number to so many significant digits, without an exponent for ordinary sizes."""
    if value is None:
        return DASH
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        rounded = float(f"{value:.{digits}g}")
        return signed(f"{rounded:,.10f}".rstrip("0").rstrip("."))
    return signed(f"{value:.{digits}g}")


def size(value: int | None) -> str:
    """A size in bytes with a decimal unit."""
    if value is None:
        return DASH
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{signed(f'{value / factor:.1f}')} {unit}"
    return f"{value} B"


def quantity(field: Field, value: Any) -> str:
    """A value of the catalogue as the reader writes it; absent is the empty text."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return signed(field.show(value))
    if isinstance(value, list | tuple):
        # A decimal comma is no sign to part numbers by.
        return ("; " if spoken().decimal == "," else ", ").join(quantity(field, one) for one in value)
    if isinstance(value, datetime):
        return value.strftime(f"{spoken().day} %H:%M")
    return day(value) if isinstance(value, date) else field.show(value)


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with so many decimals, so that those of a column stand one below the other."""
    return DASH if value is None else signed(f"{value:,.{digits}f}")


def duration(seconds: float) -> str:
    """How long something took, in one or two units: `0.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 100:
        return f"{signed(f'{seconds:.1f}')} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def percent(done: int | None, total: int | None) -> int:
    """How much is done, 0 to 100."""
    return min(100, round(100 * (done or 0) / total)) if total else 0


TONES: Mapping[str, str] = {
    "recorded": "good", "sent": "good", "completed": "good", "finished": "good", "done": "good", "closed": "good",
    "healthy": "good", "ok": "good", "answered": "good", "acknowledged": "brand", "justified": "brand",
    "ignored": "", "cancelled": "", "withdrawn": "", "queued": "brand", "running": "brand", "sending": "brand",
    "detected": "warn", "warning": "warn", "in_doubt": "warn", "info": "brand", "notice": "brand",
    "bounced": "bad", "failed": "bad", "rejected": "bad", "critical": "bad", "high": "bad", "error": "bad",
    "down": "bad",
}  # fmt: skip
"""The colour of a badge by the word on it."""


def tone(word: str | None) -> str:
    """The badge class of a state."""
    return TONES.get((word or "").lower(), "")


CODED = re.compile(r"(.+)_(\d{3})")
"""A reason with the code of a mail or web server: `recipient_refused_550`."""


def words(value: str | None) -> str:
    """An identifier as words: `in_doubt` is `in doubt`. A server's code at its end stays as it is."""
    coded = CODED.fullmatch(value or "")
    if coded is not None:
        return f"{_(coded[1].replace('_', ' '))} {coded[2]}"
    return _((value or DASH).replace("_", " "))


KINDS: Mapping[str, str] = {
    "ct_rdsr": marked("CT dose report (RDSR)"),
    "projection_rdsr": marked("Projection dose report (RDSR)"),
    "radiopharmaceutical_rdsr": marked("Radiopharmaceutical dose report (RRDSR)"),
    "patient_rdsr": marked("Patient dose report (P-RDSR)"),
    "enhanced_xray_rdsr": marked("Enhanced X-ray dose report (RDSR)"),
    "mg_image": marked("Mammography image"),
    "dx_image": marked("Radiography image"),
    "nm_image": marked("Nuclear medicine image"),
    "pet_image": marked("PET image"),
    "ct_dose_screen": marked("CT dose screen"),
    "philips_ct_dose_info": marked("Philips CT dose information"),
}
"""What a recorded object is."""


def kind(key: str) -> str:
    """The kind of an object as people call it."""
    return _(KINDS[key]) if key in KINDS else words(key)


def unit(field: Field) -> str:
    """The unit of shown values; `years` is the one that is a word."""
    return _(field.shown_unit) if field.shown_unit else ""


def said(options: Iterable[tuple[Any, str]]) -> list[tuple[Any, str]]:
    """The options of a table of ours, for a select."""
    return [(key, _(text)) for key, text in options]


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
    "said": said,
    "unit": unit,
    "told": _,
    "retold": retold,
    "kind": kind,
    "decimal": decimal,
    "duration": duration,
}
