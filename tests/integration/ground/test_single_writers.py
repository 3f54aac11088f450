"""Each schema has one writer, and PostgreSQL itself sees to it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from dosebus.store.migrate import migrate
from dosebus.store.owners import BUS_OWNER, OWNERS, Owner

pytestmark = pytest.mark.services


def tables(url: str, schema: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema]
        )
        return [name for (name,) in rows]


def may(url: str, role: str, schema: str, table: str, right: str) -> bool:
    with psycopg.connect(url) as connection:
        name = sql.SQL("{}.{}").format(sql.Identifier(schema), sql.Identifier(table)).as_string()
        row = connection.execute("SELECT has_table_privilege(%s, %s, %s)", [role, name, right]).fetchone()
        assert row is not None
        return bool(row[0])


def may_enter(url: str, role: str, schema: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT has_schema_privilege(%s, %s, 'USAGE')", [role, schema]).fetchone()
        assert row is not None
        return bool(row[0])


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.service)
def test_only_the_owner_writes(postgres_url: str, owner: Owner) -> None:
    others = [other.role for other in (*OWNERS, BUS_OWNER) if other != owner]
    for schema in owner.schemas:
        found = tables(postgres_url, schema)
        assert found
        for table in found:
            assert may(postgres_url, owner.role, schema, table, "INSERT")
            for role in others:
                for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                    assert not may(postgres_url, role, schema, table, right), (role, right, schema, table)


def test_everybody_reads_dose_and_configuration_and_nobody_a_mailbox(postgres_url: str) -> None:
    private = {"inbox", "outbox", "alembic_version"}
    for schema, keeper in (("dose", "extract"), ("config", "web")):
        for table in tables(postgres_url, schema):
            for owner in OWNERS:
                if owner.service != keeper:
                    readable = may(postgres_url, owner.role, schema, table, "SELECT")
                    assert readable == (table not in private), (owner.role, schema, table)


def test_only_web_reads_what_others_publish(postgres_url: str) -> None:
    for schema, keeper in (("alerts", "alerts"), ("qr", "qr"), ("export", "export"), ("ingest", "ingest")):
        assert may_enter(postgres_url, "dosebus_web", schema)
        for owner in OWNERS:
            if owner.service not in (keeper, "web"):
                assert not may_enter(postgres_url, owner.role, schema), (owner.role, schema)
    assert may(postgres_url, "dosebus_web", "ingest", "object", "SELECT")
    assert not may(postgres_url, "dosebus_web", "ingest", "outbox", "SELECT")


def test_a_service_is_refused_in_the_act(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, options="-c role=dosebus_alerts") as connection:
        assert connection.execute("SELECT count(*) FROM dose.study").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM dose.study")


def test_migrating_again_changes_nothing(empty_postgres_url: str) -> None:
    first = migrate(empty_postgres_url, passwords={"dosebus_qr": "p%a's:s"})
    assert migrate(empty_postgres_url) == first
    assert all(revision is not None for revision in first.values())
