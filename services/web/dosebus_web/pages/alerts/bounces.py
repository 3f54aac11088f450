"""Why messages came back, in words, and whether anybody looks for such messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from dosebus.store.tables.alerts import bounce_mailbox
from dosebus_web.language import gettext as _
from dosebus_web.language import marked

WHY: Mapping[str, str] = {
    "1.2": marked("the address names a server that does not exist"),
    "1.8": marked("the sender's address is not accepted"),
    "1": marked("the address does not exist"),
    "2.1": marked("the mailbox is closed"),
    "2.2": marked("the mailbox is full"),
    "2.3": marked("the message is too large"),
    "2": marked("the mailbox takes no messages"),
    "3.4": marked("the message is too large"),
    "3": marked("the recipient's mail server does not take it"),
    "4.7": marked("it could not be delivered in time"),
    "4": marked("the recipient's mail server cannot be reached"),
    "5": marked("the mail servers did not understand each other"),
    "6": marked("its contents are not accepted"),
    "7": marked("the recipient's mail server forbids it"),
}
"""By what follows the class in a status of RFC 3463: subject and detail, or the subject alone."""


def why_back(status: str | None) -> str:
    """Why a message came back, with its status."""
    _class, _dot, rest = (status or "").partition(".")
    reason = WHY.get(rest) or WHY.get(rest.partition(".")[0]) or marked("no reason is told")
    return _("%(why)s (%(status)s)", why=_(reason), status=status or "–")


def unread_mailboxes(connection: sa.Connection) -> list[Any]:
    """The mailboxes of bounces that cannot be read at present."""
    failing = bounce_mailbox.c.failing_since
    return list(connection.execute(sa.select(bounce_mailbox).where(failing.is_not(None)).order_by(failing)))
