"""All long work of all services in one list, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from dosebus_web.pages.tasks.kinds import KINDS, PHASE_OF, UNDER_WAY, Kind

PAGE = 100


@dataclass(frozen=True)
class Task:
    """One piece of long work as the page shows it."""

    kind: Kind
    id: str
    state: str
    phase: str
    done: int
    total: int | None
    requested_by: str
    requested_at: datetime
    duration: timedelta | None
    reason: str | None
    may_cancel: bool
    may_retry: bool

    @property
    def page(self) -> str:
        """Where it is shown with everything."""
        return self.kind.page.format(id=self.id)


@dataclass(frozen=True)
class Asked:
    """Who looks, and for what."""

    username: str
    may: frozenset[str]
    phase: str = ""
    kind: str = ""
    before: datetime | None = None


def tasks(connection: sa.Connection, asked: Asked) -> tuple[list[Task], datetime | None]:
    """A page of tasks, and the moment before which the next page begins (None: there is none).

    An administrator sees all, others what they asked for themselves.
    """
    kinds = [kind for kind in KINDS.values() if kind.group in asked.may and asked.kind in ("", kind.key)]
    if not kinds:
        return [], None
    every = sa.union_all(*(kind.select() for kind in kinds)).subquery()
    where = []
    if "admin" not in asked.may:
        where.append(every.c.requested_by == asked.username)
    if asked.phase:
        words = [word for word, phase in PHASE_OF.items() if phase == asked.phase]
        where.append(every.c.state.in_(words))
    if asked.before is not None:
        where.append(every.c.requested_at < asked.before)
    wanted = sa.select(every).where(*where).order_by(every.c.requested_at.desc(), every.c.id).limit(PAGE + 1)
    rows = connection.execute(wanted).all()
    further = rows[PAGE - 1].requested_at if len(rows) > PAGE else None
    return list(_shown(rows[:PAGE])), further


def _shown(rows: Iterable[Any]) -> Iterable[Task]:
    now = datetime.now(UTC)
    for row in rows:
        kind, phase = KINDS[row.kind], PHASE_OF.get(row.state, "running")
        end = row.finished_at or (now if phase == "running" else None)
        yield Task(
            kind=kind,
            id=row.id,
            state=row.state,
            phase=phase,
            done=row.done or 0,
            total=row.total or None,
            requested_by=row.requested_by or "",
            requested_at=row.requested_at,
            duration=end - row.started_at if end and row.started_at else None,
            reason=row.reason,
            may_cancel=kind.cancel is not None and phase in UNDER_WAY,
            may_retry=kind.retry is not None and phase not in UNDER_WAY,
        )
