"""Who may read what: the GRANTs that keep single writers, as data and the statements that follow from it."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from dosebus.store.mailbox import MAILBOX_TABLES
from dosebus.store.owners import BUS_OWNER, OWNERS, Owner

PRIVATE_TABLES = (*MAILBOX_TABLES, "alembic_version")


def quoted(name: str) -> str:
    """An SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def readable_tables(connection: Connection, schema: str, names: Iterable[str]) -> list[str]:
    """The tables and views of a schema among `names` (`*`: all) that are not private."""
    found = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = :schema AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY 1"
        ),
        {"schema": schema},
    ).scalars()
    wanted = set(names)
    return [name for name in found if name not in PRIVATE_TABLES and ("*" in wanted or name in wanted)]


def reading_statements(connection: Connection, owner: Owner) -> Iterator[str]:
    """GRANTs that let the others read what an owner publishes."""
    for schema in owner.everybody_reads:
        yield from _let_read(connection, schema, ("*",), [other.role for other in OWNERS if other != owner])
    if owner.web_reads:
        yield from _let_read(connection, owner.schema, owner.web_reads, ["dosebus_web"])


def _let_read(connection: Connection, schema: str, names: Iterable[str], roles: list[str]) -> Iterator[str]:
    to = ", ".join(quoted(role) for role in roles)
    yield f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {to}"
    for table in readable_tables(connection, schema, names):
        yield f"GRANT SELECT ON {quoted(schema)}.{quoted(table)} TO {to}"


def bus_statements() -> Iterator[str]:
    """GRANTs that let every service use the local bus."""
    to = ", ".join(quoted(owner.role) for owner in OWNERS)
    schema = quoted(BUS_OWNER.schema)
    yield f"GRANT USAGE ON SCHEMA {schema} TO {to}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {to}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {to}"


def apply_grants(connection: Connection) -> None:
    """Set every GRANT anew; what no rule gives is taken away."""
    for owner in (*OWNERS, BUS_OWNER):
        others = ", ".join(quoted(other.role) for other in (*OWNERS, BUS_OWNER) if other != owner)
        for schema in owner.schemas:
            connection.execute(
                text(f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted(schema)} FROM PUBLIC, {others}")
            )
            connection.execute(text(f"REVOKE ALL ON SCHEMA {quoted(schema)} FROM PUBLIC, {others}"))
    for owner in OWNERS:
        for statement in reading_statements(connection, owner):
            connection.execute(text(statement))
    for statement in bus_statements():
        connection.execute(text(statement))
