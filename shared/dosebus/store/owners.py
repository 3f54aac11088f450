"""Who owns which schema of the one database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """A service, the package that carries its migrations, and the schemas it alone writes."""

    service: str
    package: str
    schema: str
    more_schemas: tuple[str, ...] = ()
    web_reads: tuple[str, ...] = ()
    """Published tables that web reads; `*` stands for all but the mailbox."""
    everybody_reads: tuple[str, ...] = ()
    """Schemas whose tables every service reads."""

    @property
    def role(self) -> str:
        """The PostgreSQL role that owns the schemas and that the service logs in with."""
        return f"dosebus_{self.service}"

    @property
    def schemas(self) -> tuple[str, ...]:
        """Every schema of the owner, the one with mailbox and version table first."""
        return (self.schema, *self.more_schemas)


OWNERS: tuple[Owner, ...] = (
    Owner("ingest", "dosebus_ingest", "ingest", web_reads=("object",)),
    Owner("extract", "dosebus_extract", "dose", everybody_reads=("dose",)),
    Owner("alerts", "dosebus_alerts", "alerts", web_reads=("*",)),
    Owner("export", "dosebus_export", "export", web_reads=("job",)),
    Owner("qr", "dosebus_qr", "qr", web_reads=("*",)),
    Owner("web", "dosebus_web", "web", more_schemas=("config",), everybody_reads=("config",)),
)

BUS_OWNER = Owner("bus", "dosebus.bus", "bus")
"""The durable rows of the local bus; every role reads and writes them."""


def owner_of(service: str) -> Owner:
    """The owner entry of a service. Raises LookupError."""
    for owner in (*OWNERS, BUS_OWNER):
        if owner.service == service:
            return owner
    raise LookupError(f"no schema owner is called {service!r}")
