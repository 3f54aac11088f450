"""Raw names as the mapping of standard names compares them: without case and outer blanks."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = """
CREATE INDEX study_raw_study_description ON dose.study (lower(btrim(study_description)));
CREATE INDEX study_raw_requested_procedure ON dose.study (lower(btrim(requested_procedure)));
CREATE INDEX study_raw_procedure_code_meaning ON dose.study (lower(btrim(procedure_code_meaning)));
DROP INDEX dose.ct_event_acquisition_protocol;
CREATE INDEX ct_event_raw_protocol ON dose.ct_event (lower(btrim(acquisition_protocol)));
DROP INDEX dose.projection_event_acquisition_protocol;
CREATE INDEX projection_event_raw_protocol ON dose.projection_event (lower(btrim(acquisition_protocol)));
"""


def upgrade() -> None:
    """Index the raw names; an equal protocol is found by its key from now on."""
    op.execute(INDEXES)
