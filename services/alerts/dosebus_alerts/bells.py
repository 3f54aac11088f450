"""The bells that wake the senders of this process; of others, each looks for itself every second."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bells:
    """One bell a channel, so that no sender takes the other's ring."""

    mail: threading.Event = field(default_factory=threading.Event)
    webhook: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        """Wake both."""
        self.mail.set()
        self.webhook.set()
