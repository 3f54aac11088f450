"""The service board: how every service and queue is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from dosebus.bus.bus import Bus
from dosebus.bus.message import DeadLetter, QueueDepth
from dosebus.runtime.health import Neighbours, ServiceHealth
from dosebus.store.owners import OWNERS
from dosebus_web.language import gettext as _

SERVICES = tuple(owner.service for owner in OWNERS)
LETTERS = 50


@dataclass(frozen=True)
class Health:
    """What a service said of itself."""

    service: str
    state: str
    detail: str
    milliseconds: int | None


@dataclass(frozen=True)
class Board:
    """Services, queues and dead letters; `bus_away` when the bus does not answer."""

    services: tuple[Health, ...]
    queues: tuple[QueueDepth, ...]
    letters: tuple[DeadLetter, ...]
    bus_away: bool


def board(neighbours: Neighbours, bus: Bus) -> Board:
    """Ask every service and the bus."""
    queues: Sequence[QueueDepth] = ()
    letters: list[DeadLetter] = []
    away = False
    try:
        queues = bus.depths()
        for service in SERVICES:
            letters.extend(bus.dead_letters(service, LETTERS))
    except Exception as error:  # noqa: BLE001 - whatever the bus raises, the page must say so and go on
        structlog.get_logger().warning("services.bus_away", error=type(error).__name__)
        away = True
    letters.sort(key=lambda letter: letter.parked_at, reverse=True)
    ordered = tuple(sorted(queues, key=lambda queue: (queue.dead, queue.queue)))
    return Board(healths(neighbours), ordered, tuple(letters), away)


def healths(neighbours: Neighbours) -> tuple[Health, ...]:
    """How every service is; one that nobody can ask is unknown."""
    told = {state.service: state for state in neighbours.health()}
    return tuple(_health(service, told.get(service)) for service in SERVICES)


def _health(service: str, state: ServiceHealth | None) -> Health:
    if state is None:
        return Health(service, "unknown", _("no address is set (DOSEBUS_SERVICE_URLS)"), None)
    milliseconds = round(state.milliseconds)
    if not state.alive:
        return Health(service, "down", _("does not answer"), None)
    wrong = [name for name, verdict in state.checks.items() if verdict != "ok"]
    if state.ready:
        return Health(service, "healthy", _("ready"), milliseconds)
    return Health(
        service, "failed", _("not ready: %(checks)s", checks=", ".join(wrong) or _("unknown")), milliseconds
    )
