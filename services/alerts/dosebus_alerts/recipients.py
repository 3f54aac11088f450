"""Whom to warn, how, and when: pure functions over a recipient's wishes and the site's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dosebus_alerts.rules import Rule

Channel = Literal["mail", "webhook"]
CRITICAL = "critical"


@dataclass(frozen=True)
class Recipient:
    """Somebody, or a program, to be warned. `rules` names rules by key; None means all.

    `digest_hour`: one message a day at that hour of the site; `quiet_from` and `quiet_until`: no message between
    these times of the site, be it over midnight. What is critical may break through either.
    """

    id: int
    name: str
    email: str | None
    locale: str
    rules: frozenset[str] | None
    channel: Channel = "mail"
    webhook_url: str | None = None
    webhook_secret: str | None = None
    digest_hour: int | None = None
    digest_critical_at_once: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    quiet_critical_at_once: bool = True

    @property
    def address(self) -> str | None:
        """Where messages go, as it is kept with each of them; None where nothing can be sent."""
        if self.channel == "webhook":
            return f"webhook:{self.id}" if self.webhook_url else None
        return self.email.lower() if self.email else None

    def wants(self, rule: Rule) -> bool:
        """Whether the recipient is to hear of this rule."""
        if rule.recipients is not None:
            return self.id in rule.recipients
        return self.rules is None or rule.key in self.rules

    def gathers(self, severity: str) -> bool:
        """Whether an alert of this severity waits for the digest."""
        if self.digest_hour is None:
            return False
        return not (severity == CRITICAL and self.digest_critical_at_once)

    def quiet_ends(self, now: datetime, zone: ZoneInfo, severity: str | None) -> datetime | None:
        """When the quiet hours end in which `now` lies; None when it lies in none, or the severity breaks through."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        if severity == CRITICAL and self.quiet_critical_at_once:
            return None
        local = now.astimezone(zone)
        since, until, clock = self.quiet_from, self.quiet_until, local.time()
        if since < until:
            inside, days = since <= clock < until, 0
        else:
            inside, days = clock >= since or clock < until, int(clock >= since)
        if not inside:
            return None
        ends = datetime.combine(local.date() + timedelta(days=days), until, zone).astimezone(UTC)
        # Where a clock is put back, the end told by the wall may already be over.
        return max(ends, now)

    def last_digest(self, now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
        """The day and the instant of the recipient's last digest hour that is not in the future. Raises ValueError
        for one without digests."""
        if self.digest_hour is None:
            raise ValueError(f"recipient {self.id} has no digest")
        day = now.astimezone(zone).date()
        due = _instant(day, self.digest_hour, zone)
        if due > now:
            day -= timedelta(days=1)
            due = _instant(day, self.digest_hour, zone)
        return day, due


def _instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
