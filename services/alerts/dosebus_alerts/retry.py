"""When a mail that could not be delivered is tried again: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256


@dataclass(frozen=True)
class RetrySchedule:
    """Delays that double from `first_s` to `longest_s`, until `give_up_after_s` have passed."""

    first_s: float
    longest_s: float
    give_up_after_s: float

    def delay(self, attempt: int, key: str) -> timedelta:
        """The delay after the `attempt`-th try (from 1).

        Spread by up to a tenth, so that mails which failed together do not return together; the spread is
        drawn from the key, so the same mail always gets the same delays.
        """
        plain = min(self.first_s * 2.0 ** min(attempt - 1, 40), self.longest_s)
        spread = int.from_bytes(sha256(f"{key}:{attempt}".encode()).digest()[:4]) / 2**32
        return timedelta(seconds=plain * (1 + spread / 10))

    def next_attempt(self, now: datetime, begun: datetime, attempt: int, key: str) -> datetime | None:
        """When to try again after the `attempt`-th try; None when it is time to give up."""
        due = now + self.delay(attempt, key)
        return due if due <= begun + timedelta(seconds=self.give_up_after_s) else None
