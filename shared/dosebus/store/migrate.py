"""Brings a database to the newest shape: roles, schemas, every owner's Alembic history, GRANTs."""

import importlib.util
from collections.abc import Collection, Mapping
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from dosebus.store.engine import driver_url
from dosebus.store.grants import apply_grants, quoted
from dosebus.store.owners import BUS_OWNER, OWNERS, Owner

MIGRATION_LOCK = 0x646F7365
"""Key of the advisory lock that lets one migration run at a time."""


def migrate(
    admin_url: str, only: Collection[str] | None = None, passwords: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """Make roles and schemas, run the histories of all owners (or of the services in `only`), set the GRANTs.

    `passwords` gives roles theirs by role name; a role without one can only be taken on by the admin login or
    by servers that trust. Safe to run again and at the same time. Gives the revision of each service.
    """
    engine = create_engine(driver_url(admin_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            for owner in (*OWNERS, BUS_OWNER):
                make_owner(connection, owner, (passwords or {}).get(owner.role))
            offer_extensions(connection)
            revisions = {
                owner.service: run_history(connection, owner)
                for owner in (*OWNERS, BUS_OWNER)
                if only is None or owner.service in only
            }
            apply_grants(connection)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    engine.dispose()
    return revisions


def make_owner(connection: Connection, owner: Owner, password: str | None) -> None:
    """The role of an owner, with its password if given, and its schemas."""
    role = quoted(owner.role)
    exists = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": owner.role}
    ).scalar()
    if not exists:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    if password is not None:
        literal = "'" + password.replace("'", "''") + "'"
        # `:` would start a bind parameter in SQLAlchemy's text.
        connection.exec_driver_sql(f"ALTER ROLE {role} PASSWORD {literal}".replace("%", "%%"))
    connection.execute(text(f"GRANT {role} TO CURRENT_USER"))
    for schema in owner.schemas:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)} AUTHORIZATION {role}"))


def offer_extensions(connection: Connection) -> None:
    """Install pg_trgm where the server has it; queries give the same answers without."""
    has = connection.execute(text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")).scalar()
    if has:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))


def migrations_of(owner: Owner) -> ScriptDirectory | None:
    """The packaged migrations of an owner, or None where its package is not installed or has none."""
    if importlib.util.find_spec(owner.package.split(".")[0]) is None:
        return None
    spec = importlib.util.find_spec(owner.package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "migrations"
    if not (folder / "versions").is_dir():
        return None
    return ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])


def run_history(connection: Connection, owner: Owner) -> str | None:
    """Upgrade one owner's schemas to the newest revision, acting as its role; gives that revision."""
    script = migrations_of(owner)
    if script is None:
        return None

    def upgrade(revision: object, _context: MigrationContext) -> object:
        return script._upgrade_revs("heads", revision)  # type: ignore[arg-type]

    with connection.engine.connect() as plain:
        worker = plain.execution_options(isolation_level="READ COMMITTED")
        worker.execute(text(f"SET ROLE {quoted(owner.role)}"))
        worker.commit()
        with EnvironmentContext(Config(), script, fn=upgrade) as environment:
            environment.configure(
                connection=worker, version_table_schema=owner.schema, transaction_per_migration=True
            )
            with environment.begin_transaction():
                environment.run_migrations()
        worker.commit()
    return script.get_current_head()


def revision_of(connection: Connection, owner: Owner) -> str | None:
    """The revision a database stands at for an owner; None before its first migration."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": owner.schema})
    return context.get_current_revision()
