"""Jobs of extract that change records which stand: re-derivations and changes of how people are kept."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from dosebus.store.tables.dose import Instant, metadata

NO_DEVICE = 0
"""Stands in `rederivation_difference.device_id` for studies that no device is known of."""

rederivation = sa.Table(
    "rederivation",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("selection", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("ready_at", Instant),
    sa.Column("applied_by", sa.Text),
    sa.Column("apply_requested_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("discarded_at", Instant),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("extractor_version", sa.Text),
    sa.Column("people_key", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("studies_total", sa.BigInteger),
    sa.Column("studies_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_differing", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_failed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("objects_gone", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_swapped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_derived_again", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
    sa.CheckConstraint(
        "state IN ('queued', 'running', 'ready', 'applying', 'done', 'failed', 'cancelled')",
        name="rederivation_state_known",
    ),
    sa.Index("rederivation_requested_at", sa.text("requested_at DESC")),
)
"""A re-derivation. `selection` is what `RederivationRequested` says. `extractor_version` and `people_key` (a digest of
the people policy) are those of the shadow: under others it does not count any more. `studies_swapped` counts what
`applying` has done; of these `studies_derived_again` had changed since the shadow saw them."""

rederivation_study = sa.Table(
    "rederivation_study",
    metadata,
    sa.Column("rederivation_id", sa.ForeignKey(rederivation.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("study_id", sa.BigInteger, primary_key=True),
    sa.Column("device_id", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("base_revision", sa.Integer),
    sa.Column("differing_places", sa.Integer, nullable=False, server_default="0"),
    sa.Column("differences", JSONB),
    sa.Column("record", sa.LargeBinary),
    sa.Column("contributions", sa.LargeBinary),
    sa.Column("objects_gone", ARRAY(sa.Text)),
    sa.Column("reason_code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.CheckConstraint(
        "state IN ('waiting', 'same', 'differs', 'failed', 'swapped')", name="rederivation_study_state_known"
    ),
    sa.Index("rederivation_study_state", "rederivation_id", "state", "study_id"),
    sa.Index("rederivation_study_shadow", "study_id", postgresql_where=sa.text("contributions IS NOT NULL")),
)
"""What became of a study in shadow. `record` (packed as in `study`) and `contributions` (compressed JSON by object id)
stand only where something differs, and only until they are swapped in. `differences` names at most 200 places
`{place, before, after, relative}`; what tells who the patient is is `hidden` and has no values. There is no foreign key
to the study, because what was said of one that was removed since still counts."""

rederivation_difference = sa.Table(
    "rederivation_difference",
    metadata,
    sa.Column("rederivation_id", sa.ForeignKey(rederivation.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("device_id", sa.BigInteger, primary_key=True),
    sa.Column("studies", sa.BigInteger, nullable=False),
    sa.Column("places", sa.BigInteger, nullable=False),
    sa.Column("largest_relative", sa.Double),
    sa.Column("examples", ARRAY(sa.BigInteger), nullable=False),
)
"""The shadow's differences by field and device. `largest_relative` is |after - before| / |before| of the number that
differs most; `examples` are the first few studies."""

people_change = sa.Table(
    "people_change",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("choices", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_at", Instant, nullable=False),
    sa.Column("fence", sa.Text, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("studies_total", sa.BigInteger),
    sa.Column("studies_done", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("studies_failed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
    sa.CheckConstraint(
        "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="people_change_state_known"
    ),
    sa.Index("people_change_requested_at", sa.text("requested_at DESC")),
)
"""A change of what is stored of people. `choices` is by item `leave`, `pseudonym`, `remove` or `rederive`. No study is
listed before every transaction that began before `fence` (a transaction id) has ended: one of them may still record
under the former policy."""

people_change_study = sa.Table(
    "people_change_study",
    metadata,
    sa.Column("people_change_id", sa.ForeignKey(people_change.c.id, ondelete="CASCADE"), primary_key=True),
    sa.Column("study_id", sa.BigInteger, primary_key=True),
    sa.Column("patient_rank", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.CheckConstraint("state IN ('waiting', 'done', 'failed')", name="people_change_study_state_known"),
    sa.Index("people_change_study_order", "people_change_id", "state", "patient_rank", "study_id"),
)
"""The studies of a change. Those of one patient have one `patient_rank` and are changed together, so that no sum over
time is ever torn."""

people_default = sa.Table(
    "people_default",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("policy", JSONB, nullable=False),
    sa.Column("has_pseudonym_key", sa.Boolean, nullable=False),
    sa.Column("noted_at", Instant, nullable=False),
    sa.CheckConstraint("id = 1", name="people_default_is_one"),
)
"""One row: the people policy of extract's environment, and whether it has a key, as of its last start."""
