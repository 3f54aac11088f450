"""The migrations of `dose` make exactly the published tables."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from dosebus.store.engine import driver_url
from dosebus.store.tables import dose, dose_changes, dose_imports

COLUMNS = """
    SELECT table_name, column_name, udt_name, is_nullable, is_identity
    FROM information_schema.columns WHERE table_schema = 'dose'
"""
INDEXES = "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'dose'"
CONSTRAINTS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'dose'::regnamespace
"""
FUNCTIONS = """
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'dose'::regnamespace AND prokind = 'f'
"""
MAILBOX = ("inbox", "outbox", "alembic_version")


def _shape(url: str) -> dict[str, set[tuple[object, ...]]]:
    engine = sa.create_engine(driver_url(url))
    with engine.connect() as connection:
        found = {
            what: {
                tuple(row)
                for row in connection.execute(sa.text(query))
                if str(row[0]).removeprefix("dose.") not in MAILBOX
            }
            for what, query in (("columns", COLUMNS), ("indexes", INDEXES), ("constraints", CONSTRAINTS))
        }
    engine.dispose()
    return found


def _functions(url: str) -> list[str]:
    engine = sa.create_engine(driver_url(url))
    with engine.connect() as connection:
        found = list(connection.execute(sa.text(FUNCTIONS)).scalars())
    engine.dispose()
    return found


@pytest.mark.services
def test_tables_and_migrations_agree(postgres_url: str, empty_postgres_url: str) -> None:
    engine = sa.create_engine(driver_url(empty_postgres_url))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA dose"))
        connection.exec_driver_sql("SET check_function_bodies = off")
        # Generated columns call them; tables declare columns, not functions.
        for definition in _functions(postgres_url):
            connection.exec_driver_sql(definition)
        for tables in (dose, dose_changes, dose_imports):
            tables.metadata.create_all(connection)
    engine.dispose()
    migrated, declared = _shape(postgres_url), _shape(empty_postgres_url)
    for what in ("columns", "indexes", "constraints"):
        assert migrated[what] == declared[what], what
