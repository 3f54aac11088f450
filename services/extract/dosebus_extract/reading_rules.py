"""The rules on reading that a page configures, as this process knows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock
from typing import Any

import sqlalchemy as sa

from dosebus.domain.reading import (
    DELETE_SETTING,
    DELETION_CLASSES,
    IGNORED_OBSERVER_MODELS_SETTING,
    DeletionClass,
    IgnoreRule,
)
from dosebus.store.tables.config import device_name_rule, ignore_rule, setting
from dosebus.store.transaction import Transaction
from dosebus_extract.read import ReadOptions
from dosebus_extract.settings import ExtractSettings

FRESH_S = 1.0
"""How long rules are taken for fresh: a change counts after this time at most, and no object waits for a query."""


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """What is not read, whose Device Observer UID says nothing (None: as in the settings), what is deleted."""

    ignore: tuple[IgnoreRule, ...] = ()
    ignored_observer_uid_models: tuple[str, ...] | None = None
    deletes: frozenset[DeletionClass] = frozenset()

    def options(self, settings: ExtractSettings) -> ReadOptions:
        """How objects are read: as the settings say, changed by these rules."""
        options = settings.read_options()
        changes: dict[str, Any] = {"ignore": self.ignore} if self.ignore else {}
        if self.ignored_observer_uid_models is not None:
            changes["ignored_observer_uid_models"] = self.ignored_observer_uid_models
        return options.model_copy(update=changes) if changes else options


NO_RULES = ReadingRules()


class ReadingCache:
    """The rules of the database, read again when they are older than `fresh_s` seconds. For any number of threads."""

    def __init__(self, fresh_s: float = FRESH_S) -> None:
        self._fresh_s = fresh_s
        self._lock = Lock()
        self._rules = NO_RULES
        self._read_at: float | None = None

    def rules(self, tx: Transaction) -> ReadingRules:
        """The rules as they are, or were a moment ago."""
        with self._lock:
            if self._read_at is not None and time.monotonic() - self._read_at < self._fresh_s:
                return self._rules
        found = load_rules(tx)
        with self._lock:
            self._rules, self._read_at = found, time.monotonic()
        return found


def load_rules(tx: Transaction) -> ReadingRules:
    """The rules as they stand in the database."""
    keys = (IGNORED_OBSERVER_MODELS_SETTING, DELETE_SETTING)
    said = {row.key: row.value for row in tx.execute(sa.select(setting).where(setting.c.key.in_(keys))).all()}
    rules = tx.execute(sa.select(ignore_rule).order_by(ignore_rule.c.id)).mappings()
    deletes = _texts(said.get(DELETE_SETTING)) or ()
    return ReadingRules(
        ignore=tuple(IgnoreRule.model_validate(dict(row)) for row in rules),
        ignored_observer_uid_models=_texts(said.get(IGNORED_OBSERVER_MODELS_SETTING)),
        deletes=frozenset(one for one in DELETION_CLASSES if one in deletes),
    )


def derivation_rules(tx: Transaction) -> ReadingRules:
    """The rules for reading again what is recorded: a device that is ignored since keeps its studies."""
    said = tx.execute(
        sa.select(setting.c.value).where(setting.c.key == IGNORED_OBSERVER_MODELS_SETTING)
    ).scalar()
    return ReadingRules(ignored_observer_uid_models=_texts(said))


def name_by_rule(tx: Transaction, device_observer_uid: str) -> str | None:
    """What a device of this UID is called, if a rule says so."""
    named = device_name_rule.c
    return tx.execute(
        sa.select(named.display_name).where(named.device_observer_uid == device_observer_uid)
    ).scalar()


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) else None
