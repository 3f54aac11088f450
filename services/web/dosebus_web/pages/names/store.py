"""Standard names in the database: read whole, changed by steps, with a history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from dosebus.catalogue.standard_names import raw_key
from dosebus.store.tables import config
from dosebus.store.tables import web as tables
from dosebus.store.transaction import Transaction
from dosebus_web.alerting import named_rules
from dosebus_web.auth import audit
from dosebus_web.live.hub import notify
from dosebus_web.pages.names import mapping
from dosebus_web.pages.names.mapping import (
    NameStep,
    Raw,
    RawStep,
    RefusedError,
    RejectionStep,
    State,
    Step,
)

NAME, RAW = config.standard_name, config.standard_name_raw
REJECTION, CHANGE = tables.standard_name_rejection, tables.standard_name_change
LOCK = "standard names"


@dataclass(frozen=True, slots=True)
class Chapter:
    """One mapping: the studies or the acquisitions of a modality."""

    modality_type: str
    kind: str

    def of(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of the chapter in a table of names, raw names or changes."""
        return sa.and_(table.c.modality_type == self.modality_type, table.c.kind == self.kind)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who changes what: the user, the action as the history names it, and what it was done to."""

    username: str
    action: str
    subject: str
    undoes: int | None = None


Make = Callable[[State, Callable[[], int]], Sequence[Step]]
"""Gives the steps of a change by what there is, and by where new ids come from."""


def read(connection: sa.Connection, chapter: Chapter) -> State:
    """The mapping of a chapter as it is."""
    names = connection.execute(sa.select(NAME.c.id, NAME.c.name).where(chapter.of(NAME))).all()
    columns = (RAW.c.source, RAW.c.raw_key, RAW.c.raw_name, RAW.c.standard_name_id)
    raws = connection.execute(sa.select(*columns).where(chapter.of(RAW))).all()
    sourced = REJECTION.c.source == "acquisition_protocol"
    rejected = connection.execute(
        sa.select(REJECTION.c.source, REJECTION.c.raw_key, REJECTION.c.standard_name_id).where(
            REJECTION.c.modality_type == chapter.modality_type,
            sourced if chapter.kind == "acquisition" else sa.not_(sourced),
        )
    ).all()
    return State(
        names={row.id: row.name for row in names},
        raws={(row.source, row.raw_key): Raw(row.raw_name, row.standard_name_id) for row in raws},
        rejected=frozenset((row.source, row.raw_key, row.standard_name_id) for row in rejected),
    )


def keys_of(connection: sa.Connection, raw_names: Iterable[str]) -> dict[str, str]:
    """Raw names with the form in which they are compared: PostgreSQL decides what is equal, here as in lists."""
    given = sorted(set(raw_names))
    raw = sa.func.unnest(sa.literal(given, sa.ARRAY(sa.Text))).column_valued("raw")
    return {row.raw: row.key for row in connection.execute(sa.select(raw, raw_key(raw).label("key")))}


def change(tx: Transaction, chapter: Chapter, deed: Deed, make: Make) -> int | None:
    """Change a mapping, one change at a time in all of the house; gives the change's id, None if nothing changed.

    Raises RefusedError, then nothing is changed.
    """
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(LOCK))))
    state = read(tx.connection, chapter)

    def fresh_id() -> int:
        sequence = sa.func.pg_get_serial_sequence("config.standard_name", "id")
        return int(tx.execute(sa.select(sa.func.nextval(sequence))).scalar_one())

    steps = tuple(make(state, fresh_id))
    if not steps:
        return None
    after = mapping.applied(state, steps)
    try:
        _write(tx, chapter, steps, after)
    except IntegrityError as error:
        # PostgreSQL folds a few letters otherwise than Python does.
        raise RefusedError("taken", deed.subject) from error
    if chapter.kind == "study":
        named_rules.follow(tx, state, steps, deed.username)
    return _note(tx, chapter, deed, steps)


def undo(tx: Transaction, chapter: Chapter, change_id: int, username: str) -> int | None:
    """Turn a change round, which is a change too. Raises RefusedError, LookupError for a change that is not there."""
    row = tx.execute(sa.select(CHANGE).where(CHANGE.c.id == change_id, chapter.of(CHANGE))).first()
    if row is None:
        raise LookupError(f"there is no change {change_id}")
    steps = mapping.inverse(mapping.from_json(row.steps))
    if tx.execute(sa.select(CHANGE.c.id).where(CHANGE.c.undoes == change_id)).first() is not None:
        raise RefusedError("changed", row.subject)
    deed = Deed(username, "undo", row.subject, undoes=change_id)
    return change(tx, chapter, deed, lambda _state, _fresh: steps)


def _write(tx: Transaction, chapter: Chapter, steps: Sequence[Step], after: State) -> None:
    """The steps in an order that keys permit: raw names leave, names change, raw names come."""
    place = {"modality_type": chapter.modality_type, "kind": chapter.kind}
    raws = [one for one in steps if isinstance(one, RawStep)]
    for raw in raws:
        if raw.before is not None:
            key = (RAW.c.source == raw.key[0], RAW.c.raw_key == raw.key[1])
            tx.execute(sa.delete(RAW).where(chapter.of(RAW), *key))
    _write_names(tx, place, [one for one in steps if isinstance(one, NameStep)])
    coming = [
        {
            **place, "source": one.key[0], "raw_name": one.after.raw_name,
            "standard_name_id": one.after.name_id, "name": after.names[one.after.name_id],
        }
        for one in raws
        if one.after is not None
    ]  # fmt: skip
    if coming:
        tx.execute(sa.insert(RAW), coming)
    for step in steps:
        if isinstance(step, RejectionStep):
            _write_rejection(tx, chapter, step)


def _write_names(tx: Transaction, place: Mapping[str, str], steps: Sequence[NameStep]) -> None:
    for step in sorted(steps, key=lambda one: (one.after is not None, one.before is None)):
        if step.after is None:
            tx.execute(sa.delete(NAME).where(NAME.c.id == step.name_id))
        elif step.before is None:
            tx.execute(sa.insert(NAME).values(id=step.name_id, name=step.after, **place))
        else:
            tx.execute(sa.update(NAME).where(NAME.c.id == step.name_id).values(name=step.after))


def _write_rejection(tx: Transaction, chapter: Chapter, step: RejectionStep) -> None:
    row = {
        "modality_type": chapter.modality_type,
        "source": step.key[0],
        "raw_key": step.key[1],
        "standard_name_id": step.key[2],
    }
    if step.after:
        tx.execute(sa.insert(REJECTION).values(row))
    else:
        tx.execute(sa.delete(REJECTION).where(*(REJECTION.c[name] == value for name, value in row.items())))


def _note(tx: Transaction, chapter: Chapter, deed: Deed, steps: Sequence[Step]) -> int:
    row = {
        "username": deed.username, "modality_type": chapter.modality_type, "kind": chapter.kind,
        "action": deed.action, "subject": deed.subject[:200], "steps": mapping.as_json(steps),
        "undoes": deed.undoes,
    }  # fmt: skip
    change_id = int(tx.execute(sa.insert(CHANGE).values(row).returning(CHANGE.c.id)).scalar_one())
    details: dict[str, Any] = {
        "modality_type": chapter.modality_type, "kind": chapter.kind, "steps": len(steps), "undoes": deed.undoes,
    }  # fmt: skip
    audit.note(tx, deed.username, f"standard_name.{deed.action}", str(change_id), details=details)
    notify(tx, "study")
    return change_id


def raw_names(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The raw names that a change of the history touched, each once."""
    touched = (one["after"] or one["before"] for one in steps if one["of"] == "raw")
    return list(dict.fromkeys(raw[0] for raw in touched))


def history(connection: sa.Connection, chapter: Chapter, before: int | None, limit: int) -> Sequence[Any]:
    """The changes of a chapter, newest first, with the number of raw names and by what each was undone."""
    later = CHANGE.alias("later")
    wanted = (
        sa.select(
            CHANGE.c.id, CHANGE.c.at, CHANGE.c.username, CHANGE.c.action, CHANGE.c.subject, CHANGE.c.undoes,
            CHANGE.c.steps, later.c.id.label("undone_by"),
        )
        .select_from(CHANGE.outerjoin(later, later.c.undoes == CHANGE.c.id))
        .where(chapter.of(CHANGE))
        .order_by(CHANGE.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        wanted = wanted.where(CHANGE.c.id < before)
    return connection.execute(wanted).all()
