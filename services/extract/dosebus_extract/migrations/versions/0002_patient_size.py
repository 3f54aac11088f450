"""Patient sizes that are imported beside the objects."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of imported sizes."""
    op.execute(
        """
        CREATE TABLE dose.patient_size (
            study_instance_uid text NOT NULL, quantity text NOT NULL, value double precision NOT NULL,
            wins boolean NOT NULL, imported_at timestamptz NOT NULL, imported_by text NOT NULL,
            PRIMARY KEY (study_instance_uid, quantity),
            CONSTRAINT patient_size_quantity_known
                CHECK (quantity IN ('patient_height_m', 'patient_weight_kg')),
            CONSTRAINT patient_size_positive CHECK (value > 0),
            FOREIGN KEY (study_instance_uid) REFERENCES dose.study (study_instance_uid) ON DELETE CASCADE
        )
        """
    )


def downgrade() -> None:
    """Drop it. Sizes that stand in records stay there until these are derived again."""
    op.execute("DROP TABLE dose.patient_size")
