"""The history of an alert: its entries of the audit chain as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dosebus.domain.alerting import JUSTIFICATIONS
from dosebus_web.http.show import significant, words
from dosebus_web.language import gettext as _
from dosebus_web.language import ngettext
from dosebus_web.pages.alerts.bounces import why_back
from dosebus_web.pages.alerts.quantities import written

SYSTEM = "dosebus"
"""The actor of an entry where no person acts."""


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: datetime
    sentence: str
    by: str
    """The person; empty where it happened by itself."""
    tone: str = ""
    words: str = ""
    """What the person wrote."""


@dataclass(frozen=True)
class Context:
    """What sentences need beside the entry."""

    quantity: str
    mails: Mapping[str, Any]
    """The alert's messages by their id as text."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What people wrote, by the hash under which the chain knows it."""

    def recipient(self, details: Mapping[str, Any]) -> str:
        """The name of who a message goes to."""
        row = self.mails.get(str(details.get("mail_id")))
        return row.recipient_name if row is not None else _("a recipient")


Tell = Callable[[Mapping[str, Any], Context], str]


def _value(details: Mapping[str, Any], context: Context, key: str = "value") -> str:
    return written(context.quantity, details.get(key), bool(details.get("at_most")))


def _raised(details: Mapping[str, Any], context: Context) -> str:
    value, level = _value(details, context), written(context.quantity, details.get("level"))
    told = ngettext("%(n)s message", "%(n)s messages", int(details.get("mails") or 0))
    note = f" ({words(details['mail_note'])})" if details.get("mail_note") else ""
    return _("Raised: %(value)s, level %(level)s; %(told)s", value=value, level=level, told=told) + note


def _revalued(details: Mapping[str, Any], context: Context) -> str:
    before, after = (_value(details, context, key) for key in ("before", "value"))
    return _("The value changed from %(before)s to %(after)s", before=before, after=after)


def _justified(details: Mapping[str, Any], _context: Context) -> str:
    reason = JUSTIFICATIONS.get(str(details.get("justification_code")), "–")
    return _("Justified: %(reason)s", reason=_(reason))


def _followed_up(details: Mapping[str, Any], _context: Context) -> str:
    told = ngettext("%(n)s message", "%(n)s messages", int(details.get("mails") or 0))
    hours = significant(details.get("after_hours"))
    return _("Not acknowledged for %(hours)s h: reminded, %(told)s", hours=hours, told=told)


def _failed(details: Mapping[str, Any], context: Context) -> str:
    why = words(details.get("reason_code"))
    return _("The message to %(name)s failed: %(why)s", name=context.recipient(details), why=why)


TOLD: Mapping[str, tuple[Tell, str]] = {
    "raised": (_raised, "warn"),
    "revalued": (_revalued, ""),
    "withdrawn": (lambda d, _c: _("Withdrawn: %(why)s", why=words(d.get("reason"))), ""),
    "reinstated": (
        lambda d, c: _("The level is reached again: %(value)s", value=_value(d, c)),
        "warn",
    ),
    "acknowledged": (lambda _d, _c: _("Acknowledged"), "brand"),
    "justified": (_justified, "brand"),
    "closed": (lambda _d, _c: _("Closed"), "good"),
    "reopened": (lambda _d, _c: _("Opened again"), "warn"),
    "followed_up": (_followed_up, "warn"),
    "mail_sent": (lambda d, c: _("Message to %(name)s sent", name=c.recipient(d)), "good"),
    "mail_failed": (_failed, "bad"),
    "mail_in_doubt": (
        lambda d, c: _("Nobody knows whether the message to %(name)s arrived", name=c.recipient(d)),
        "warn",
    ),
    "mail_bounced": (
        lambda d, c: _(
            "The message to %(name)s came back: %(why)s", name=c.recipient(d), why=why_back(d.get("status"))
        ),
        "bad",
    ),
    "mail_confirmed": (lambda d, c: _("The message to %(name)s did arrive", name=c.recipient(d)), "good"),
    "mail_sent_again": (lambda d, c: _("The message to %(name)s is sent again", name=c.recipient(d)), ""),
}
"""By action of the audit chain: the sentence and its tone."""


def moment(entry: Any, context: Context) -> Moment:
    """An entry as a sentence; one that is not known is told by its name."""
    told = TOLD.get(entry.action)
    sentence = told[0](entry.details, context) if told else words(entry.action)
    by = "" if entry.actor == SYSTEM else entry.actor
    words_of = context.notes.get(str(entry.details.get("note_sha256")), "")
    return Moment(entry.at, sentence, by, told[1] if told else "", words_of)
