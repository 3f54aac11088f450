"""What lists and charts ask most, found without reading a listing from end to end.

Each listing has indexes of its own names, so that a name that only other listings know is known to be absent.
PostgreSQL learns how many periods there are; without, it takes each study for a period of its own, and
gathers by one process.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LISTED = {
    "ct": "modality_types @> '{CT}'::text[]",
    "rf": "modality_types @> '{RF}'::text[]",
    "mg": "modality_types @> '{MG}'::text[]",
    "dx": "modality_types && '{DX,CR,PX}'::text[]",
    "nm": "modality_types @> '{NM}'::text[]",
}
NAMED = ("study_description", "requested_procedure", "procedure_code_meaning")
PERIODS = ("day", "week", "month", "quarter", "year")


def upgrade() -> None:
    """Index names as they are written instead of folded, by listing; count periods."""
    for column in NAMED:
        op.execute(f"DROP INDEX dose.study_raw_{column}")
        for name, predicate in LISTED.items():
            op.execute(f"CREATE INDEX study_{name}_{column} ON dose.study ({column}) WHERE {predicate}")
    for table in ("ct_event", "projection_event"):
        op.execute(f"DROP INDEX dose.{table}_raw_protocol")
        op.execute(f"CREATE INDEX {table}_protocol ON dose.{table} (acquisition_protocol, study_id)")
    for period in PERIODS:
        op.execute(
            f"CREATE STATISTICS dose.study_{period} ON (date_trunc('{period}', study_at)) FROM dose.study"
        )
