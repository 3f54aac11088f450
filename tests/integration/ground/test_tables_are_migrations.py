"""The tables in the code are the tables that the migrations make."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table, create_engine
from sqlalchemy.pool import NullPool

import dosebus.store.tables
from dosebus.store.engine import driver_url
from dosebus.store.mailbox import inbox_table, outbox_table
from dosebus.store.owners import OWNERS, Owner

pytestmark = pytest.mark.services


def modules_of(owner: Owner) -> Iterator[ModuleType]:
    """Where an owner's tables may be declared: the published ones in shared, its own in its package."""
    for found in pkgutil.iter_modules(dosebus.store.tables.__path__):
        yield importlib.import_module(f"dosebus.store.tables.{found.name}")
    package = importlib.import_module(owner.package)
    for found in pkgutil.walk_packages(package.__path__, f"{owner.package}."):
        if "table" in found.name.rpartition(".")[2]:
            yield importlib.import_module(found.name)


def tables_of(owner: Owner) -> dict[str, Table]:
    declared = {
        table.key: table
        for module in modules_of(owner)
        for value in vars(module).values()
        for table in (value.tables.values() if isinstance(value, MetaData) else [value])
        if isinstance(table, Table) and table.schema in owner.schemas
    }
    mailbox = {table.key: table for table in (inbox_table(owner.schema), outbox_table(owner.schema))}
    return declared | mailbox


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.service)
def test_tables_are_what_migrations_make(postgres_url: str, owner: Owner) -> None:
    metadata = MetaData()
    for table in tables_of(owner).values():
        table.to_metadata(metadata)

    def is_ours(name: str | None, kind: str, parents: object) -> bool:
        if kind == "schema":
            return name in owner.schemas
        return not (kind == "table" and name == "alembic_version")

    engine = create_engine(driver_url(postgres_url), poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_schemas": True, "include_name": is_ours, "compare_type": True},
        )
        found = compare_metadata(context, metadata)
    # Indexes that only migrations know (partial ones, trigrams) are left to them.
    differences = [change for change in found if not is_index(change)]
    assert differences == []


def is_index(change: object) -> bool:
    """Whether a difference is about an index, as alembic writes them: (verb, subject...)."""
    return isinstance(change, tuple) and change[0] in ("remove_index", "add_index")
