"""What lists, charts and the home page ask of a whole listing, without reading studies one by one.

Events know of their study what charts ask of it, and each listing has an index of its events. Names are indexed
without test data, so that an index alone counts them. Devices have a tally of their studies.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FACTS = """
CREATE FUNCTION dose.listed_in(modality_types text[]) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((modality_types @> '{CT}')::int + (modality_types @> '{RF}')::int * 2 + (modality_types @> '{MG}')::int * 4
        + (modality_types && '{DX,CR,PX}')::int * 8 + (modality_types @> '{NM}')::int * 16)::smallint
$$;
ALTER TABLE dose.ct_event ADD COLUMN study_at timestamp, ADD COLUMN device_id bigint,
    ADD COLUMN patient_weight_kg double precision, ADD COLUMN test_data boolean, ADD COLUMN listed_in smallint;
ALTER TABLE dose.projection_event ADD COLUMN study_at timestamp, ADD COLUMN device_id bigint,
    ADD COLUMN patient_weight_kg double precision, ADD COLUMN test_data boolean, ADD COLUMN listed_in smallint;
DROP INDEX dose.ct_event_chart;
DROP INDEX dose.projection_event_chart;
"""

COPIED = """
UPDATE dose.{table} AS e SET study_at = s.study_at, device_id = s.device_id, patient_weight_kg = s.patient_weight_kg,
    test_data = s.not_patient_indicator IS NOT NULL, listed_in = dose.listed_in(s.modality_types)
FROM dose.study AS s WHERE s.id = e.study_id
"""

KEPT_EQUAL = """
CREATE FUNCTION dose.give_event_its_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE dose.' || quote_ident(TG_TABLE_NAME) || ' AS e SET study_at = s.study_at,
        device_id = s.device_id, patient_weight_kg = s.patient_weight_kg,
        test_data = s.not_patient_indicator IS NOT NULL, listed_in = dose.listed_in(s.modality_types)
        FROM dose.study AS s WHERE s.id = e.study_id AND e.id = $1' USING NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER ct_event_study AFTER INSERT ON dose.ct_event FOR EACH ROW
    WHEN (NEW.listed_in IS NULL) EXECUTE FUNCTION dose.give_event_its_study();
CREATE TRIGGER projection_event_study AFTER INSERT ON dose.projection_event FOR EACH ROW
    WHEN (NEW.listed_in IS NULL) EXECUTE FUNCTION dose.give_event_its_study();

CREATE FUNCTION dose.give_study_to_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    listed smallint := dose.listed_in(NEW.modality_types);
    test boolean := NEW.not_patient_indicator IS NOT NULL;
BEGIN
    UPDATE dose.ct_event SET study_at = NEW.study_at, device_id = NEW.device_id,
        patient_weight_kg = NEW.patient_weight_kg, test_data = test, listed_in = listed WHERE study_id = NEW.id;
    UPDATE dose.projection_event SET study_at = NEW.study_at, device_id = NEW.device_id,
        patient_weight_kg = NEW.patient_weight_kg, test_data = test, listed_in = listed WHERE study_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER study_events AFTER UPDATE ON dose.study FOR EACH ROW
    WHEN ((OLD.study_at, OLD.device_id, OLD.patient_weight_kg, OLD.modality_types, OLD.not_patient_indicator)
        IS DISTINCT FROM
        (NEW.study_at, NEW.device_id, NEW.patient_weight_kg, NEW.modality_types, NEW.not_patient_indicator))
    EXECUTE FUNCTION dose.give_study_to_events();
"""
"""Extract tells an event of its study when it writes it; these keep it true when the study alone changes."""

TALLY = """
CREATE TABLE dose.study_tally (listed_in smallint NOT NULL, device_id bigint, studies bigint NOT NULL);
INSERT INTO dose.study_tally SELECT dose.listed_in(modality_types), device_id, count(*)
    FROM dose.study WHERE not_patient_indicator IS NULL GROUP BY 1, 2;
CREATE FUNCTION dose.tally_study() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.not_patient_indicator IS NULL THEN
        INSERT INTO dose.study_tally VALUES (dose.listed_in(OLD.modality_types), OLD.device_id, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.not_patient_indicator IS NULL THEN
        INSERT INTO dose.study_tally VALUES (dose.listed_in(NEW.modality_types), NEW.device_id, 1);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER study_tally_gone_or_new AFTER INSERT OR DELETE ON dose.study FOR EACH ROW
    EXECUTE FUNCTION dose.tally_study();
CREATE TRIGGER study_tally_other AFTER UPDATE ON dose.study FOR EACH ROW
    WHEN ((OLD.device_id, OLD.modality_types, OLD.not_patient_indicator IS NULL)
        IS DISTINCT FROM (NEW.device_id, NEW.modality_types, NEW.not_patient_indicator IS NULL))
    EXECUTE FUNCTION dose.tally_study();
"""

STEPS = """
CREATE FUNCTION dose.{name}_step(value double precision) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT width_bucket(value, '{{{edges}}}'::double precision[]) $$
"""
STEPS_A_DECADE = {"fine": 32, "coarse": 16}
DECADES = range(-9, 8)
"""Quartiles are looked for in steps of equal ratio: a nano to ten millions, in stored units."""
STEPPED = {
    "ct_event": ("dlp_mgycm", "ctdivol_mgy"),
    "projection_event": ("dap_gym2", "kvp_mean", "exposure_mas", "agd_mgy"),
    "study": (
        "total_dlp_mgycm",
        "total_dap_gym2",
        "dose_rp_total_gy",
        "total_fluoro_time_s",
        "administered_activity_mbq",
        "number_of_events::double precision",
    ),
}

EVENT_FACTS = "study_at, device_id, patient_weight_kg, test_data"
CHARTED_EVENTS = {
    "ct": ("ct_event", 1, "acquisition_protocol, event_type_code, dlp_mgycm, ctdivol_mgy"),
    "rf": ("projection_event", 2, "acquisition_protocol, dap_gym2, kvp_mean, exposure_mas"),
    "mg": (
        "projection_event",
        4,
        "acquisition_protocol, view_meaning, kvp_mean, exposure_mas, agd_mgy, compressed_thickness_mm",
    ),
    "dx": ("projection_event", 8, "acquisition_protocol, dap_gym2, kvp_mean, exposure_mas"),
}
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
    """Add what events know of their study, the tally, and the indexes that read them."""
    op.execute(FACTS)
    for table in ("ct_event", "projection_event"):
        op.execute(COPIED.format(table=table))
    op.execute(KEPT_EQUAL)
    op.execute(TALLY)
    for name, (table, bit, read) in CHARTED_EVENTS.items():
        op.execute(
            f"CREATE INDEX {table}_chart_{name} ON dose.{table} (study_id) INCLUDE ({read}, {EVENT_FACTS})"
            f" WHERE (listed_in & {bit}) <> 0"
        )
    for table in ("ct_event", "projection_event"):
        op.execute(f"DROP INDEX dose.{table}_protocol")
        op.execute(
            f"CREATE INDEX {table}_protocol ON dose.{table} (acquisition_protocol, study_id)"
            " INCLUDE (test_data, listed_in)"
        )
        for period in PERIODS:
            op.execute(
                f"CREATE STATISTICS dose.{table}_{period} ON (date_trunc('{period}', study_at)) FROM dose.{table}"
            )
    for name, many in STEPS_A_DECADE.items():
        edges = ",".join(repr(10.0 ** (decade + place / many)) for decade in DECADES for place in range(many))
        op.execute(STEPS.format(name=name, edges=edges))
        for table, columns in STEPPED.items():
            for column in columns:
                # So that PostgreSQL knows how few steps there are, and gathers by several processes.
                op.execute(
                    f"CREATE STATISTICS dose.{table}_{column.partition(':')[0]}_{name}"
                    f" ON (dose.{name}_step({column})) FROM dose.{table}"
                )
    for column in NAMED:
        for name, predicate in LISTED.items():
            op.execute(f"DROP INDEX dose.study_{name}_{column}")
            op.execute(
                f"CREATE INDEX study_{name}_{column} ON dose.study ({column})"
                f" WHERE {predicate} AND not_patient_indicator IS NULL"
            )
    op.execute("DROP INDEX dose.study_device_study_at")
    op.execute(
        "CREATE INDEX study_device_study_at ON dose.study"
        " (device_id, (coalesce(study_at, '-infinity'::timestamp)), id)"
        " INCLUDE (modality_types, not_patient_indicator)"
    )
    op.execute(
        "CREATE INDEX study_patient_weight ON dose.study (patient_weight_kg) WHERE patient_weight_kg IS NOT NULL"
    )
