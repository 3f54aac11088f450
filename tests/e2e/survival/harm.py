"""What kills parts of the house, in an order that a seed fixes."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass
class Harm:
    """Kills a part every few seconds, each once a round, until the rounds are over or it is told to stop."""

    victims: Mapping[str, Callable[[], None]]
    seconds_between: float
    rounds: int
    seed: int = 20
    kills: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to kill."""
        self._thread = threading.Thread(target=self._run, name="harm", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Kill no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self.seed)
        for _ in range(self.rounds):
            round_of = list(self.victims)
            chance.shuffle(round_of)
            for name in round_of:
                if self._stop.wait(self.seconds_between):
                    return
                self.victims[name]()
                self.kills[name] += 1
