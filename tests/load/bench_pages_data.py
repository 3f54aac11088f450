"""A million studies and four million events made in SQL, spread as a group of hospitals would have them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

STUDIES = 1_000_000
EVENTS = 4_000_000
YEARS = 5


@dataclass(frozen=True)
class Share:
    """One modality's part: its studies of every 50, its devices, its names,
    and SQL for how many events study `n` has."""

    modality: str
    of_fifty: int
    devices: int
    descriptions: tuple[str, ...]
    protocols: tuple[str, ...]
    events: str


SHARES = (
    Share("CT", 15, 24, ("CT head", "CT thorax with contrast", "CT abdomen and pelvis", "CT thorax low dose",
        "CT angiography aorta", "CT cervical spine", "CT sinuses", "CT trauma whole body", "CT coronary angiography",
        "CT colonography", "CT kidney stones", "CT lumbar spine"),
        ("Topogram", "Head routine", "Thorax venous", "Abdomen venous", "Thorax low dose", "Bolus tracking",
        "Angio aorta", "Spine bone", "Sinus", "Polytrauma", "Cardiac prospective", "Perfusion"),
        "3 + (n / 15) % 4"),
    Share("DX", 20, 40, ("Chest", "Chest bedside", "Hand left", "Hand right", "Knee left", "Knee right", "Pelvis",
        "Hip", "Abdomen", "Lumbar spine", "Cervical spine", "Shoulder", "Ankle", "Foot", "Wrist", "Skull"),
        ("Chest PA", "Chest lat", "Chest AP bed", "Hand", "Knee AP", "Knee lat", "Pelvis AP", "Hip axial",
        "Abdomen AP", "L spine AP", "L spine lat", "C spine", "Shoulder", "Ankle", "Foot", "Skull"),
        "1 + (n / 20) % 2"),
    Share("MG", 6, 10, ("Screening mammography", "Diagnostic mammography", "Mammography follow-up"),
        ("Standard", "Combo", "Spot", "Tomo HD"), "4 + ((n / 6) % 10 < 3)::int"),
    Share("RF", 5, 14, ("Coronary angiography", "PCI", "Cerebral angiography", "Swallow", "Pacemaker", "TACE",
        "ERCP", "EVAR"),
        ("Fluoro low", "Fluoro normal", "Cardiac 15 fps", "DSA 3 fps", "Single shot", "Roadmap"),
        "10 + (n / 5) % 10 + ((n / 5) % 25 = 0)::int"),
    Share("NM", 4, 6, ("FDG PET-CT", "Bone scan", "Myocardial perfusion", "Thyroid scan", "PSMA PET-CT"),
        ("FDG",), "1"),
)  # fmt: skip
"""Of every fifty studies; the numbers of events add up to exactly four million in a million studies."""

DEVICES = """
INSERT INTO dose.device (identity_key, manufacturer, model, institution, department, station_name,
    device_serial_number, display_name, first_seen_at, last_seen_at)
SELECT m || n, (ARRAY['SIEMENS', 'GE MEDICAL SYSTEMS', 'Philips', 'Canon'])[1 + n %% 4], m || ' model ' || n %% 7,
    (ARRAY['Riverside Hospital', 'St Elsewhere', 'Hill Clinic', 'University Hospital'])[1 + n %% 4], 'Radiology',
    m || 'STATION' || n, (100000 + n)::text, m || ' room ' || n, now() - interval '5 years', now()
FROM unnest(%(modalities)s::text[], %(counts)s::int[]) AS made(m, many), generate_series(1, many) AS n
"""

STUDY = """
INSERT INTO dose.study (study_instance_uid, modality_types, study_at, modality_type, accession_number, study_date,
    study_time, study_description, requested_procedure, procedure_code_value, procedure_code_meaning,
    referring_physician, performing_physician, operator, patient_id, patient_id_is_hashed, patient_sex,
    patient_age_years, patient_height_m, patient_weight_kg, not_patient_indicator, number_of_events,
    total_dlp_mgycm, number_of_ct_sequenced_events, number_of_ct_spiral_events, number_of_ct_stationary_events,
    number_of_ct_constant_angle_events, total_dap_gym2, dose_rp_total_gy, total_fluoro_time_s,
    accumulated_agd_left_mgy, accumulated_agd_right_mgy, administered_activity_mbq, software_version, device_id,
    record, extractor_version, first_received_at, recorded_at, revision)
SELECT '2.25.' || %(modality_number)s * 10000000000::bigint + n, ARRAY[%(modality)s], at, %(modality)s,
    'A' || (%(modality_number)s * 10000000 + n), at::date, at::time, names[pick],
    upper(names[pick]) || CASE WHEN n %% 3 = 0 THEN ' URGENT' ELSE '' END, 'P' || pick, names[pick],
    'Referrer^' || n %% 300, 'Physician^' || n %% 35, 'Operator^' || n %% 60,
    md5((n %% 400000)::text) || md5('x'), true,
    (ARRAY['F', 'M'])[1 + n %% 2], 1 + 90 * random(), 1.5 + 0.4 * random(), exp(4.3 + 0.25 * normal),
    CASE WHEN n %% 400 = 0 THEN 'IDs: *qa*' END, events,
    CASE WHEN %(modality)s = 'CT' THEN exp(5 + pick * 0.15 + 0.6 * normal) END,
    CASE WHEN %(modality)s = 'CT' THEN events / 4 END, CASE WHEN %(modality)s = 'CT' THEN events - 1 - events / 4 END,
    CASE WHEN %(modality)s = 'CT' THEN 0 END, CASE WHEN %(modality)s = 'CT' THEN 1 END,
    CASE WHEN %(modality)s IN ('RF', 'DX') THEN exp(-11 + pick * 0.2 + 0.9 * normal) END,
    CASE WHEN %(modality)s = 'RF' THEN exp(-1.5 + 0.8 * normal) END,
    CASE WHEN %(modality)s = 'RF' THEN exp(6 + 0.7 * normal) END,
    CASE WHEN %(modality)s = 'MG' THEN exp(0.9 + 0.3 * normal) END,
    CASE WHEN %(modality)s = 'MG' THEN exp(0.9 + 0.3 * normal) END,
    CASE WHEN %(modality)s = 'NM' THEN exp(5.5 + 0.3 * normal) END, 'V' || n / 100000,
    devices[1 + n %% cardinality(devices)],
    packed.record, 'bench', at, at + interval '1 hour', 1
FROM (SELECT n, %(events_sql)s AS events, 1 + floor(power(random(), 2) * %(many_names)s)::int AS pick,
        %(names)s::text[] AS names,
        (SELECT array_agg(id ORDER BY id) FROM dose.device WHERE identity_key LIKE %(modality)s || '%%') AS devices,
        (random() + random() + random() + random() + random() + random() - 3) * 1.414 AS normal,
        date_trunc('day', now()::timestamp - interval '1 day' - interval '5 years' * (1 - n::float8 / %(studies)s))
            + interval '1 second' * floor(3600 * (6 + 7 * (random() + random()))) AS at
    FROM generate_series(1, %(studies)s) AS n) AS made
JOIN packed ON packed.number = n %% 64
"""

CT_EVENTS = """
INSERT INTO dose.ct_event (study_id, report_index, event_index, uid_occurrence, irradiation_event_uid,
    datetime_started,
    acquisition_protocol, target_region_meaning, event_type_code, event_type_meaning, exposure_time_s,
    scanning_length_mm,
    nominal_single_collimation_mm, nominal_total_collimation_mm, pitch, number_of_xray_sources, xray_modulation_type,
    ctdivol_mgy, ctdiw_phantom_type_code, ctdiw_phantom_type_meaning, dlp_mgycm, comment,
    study_at, device_id, patient_weight_kg, test_data, listed_in)
SELECT id, 0, n, 1, study_instance_uid || '.' || n, study_at + n * interval '1 minute',
    (%(protocols)s::text[])[1 + CASE WHEN n = 0 THEN 0 ELSE (id + n) %% %(many_protocols)s END], 'Chest',
    CASE WHEN n = 0 THEN '113805' WHEN n %% 4 = 3 THEN '113804' ELSE '116152004' END,
    CASE WHEN n = 0 THEN 'Constant Angle Acquisition' WHEN n %% 4 = 3 THEN 'Sequenced Acquisition' ELSE 'Spiral
    Acquisition' END,
    4 + random(), 300 * random(), 0.6, 38.4, 0.9, 1, 'XYZ_EC',
    exp(1.5 + (id %% 8) * 0.1 + 1.2 * (random() - 0.5)), '113691',
    'IEC Body Dosimetry Phantom', exp(4.5 + (id %% 8) * 0.1 + 1.6 * (random() - 0.5)), 'Reconstructed with kernel Br40',
    study_at, device_id, patient_weight_kg, not_patient_indicator IS NOT NULL, dose.listed_in(modality_types)
FROM dose.study, generate_series(0, number_of_events - 1) AS n WHERE modality_type = 'CT'
"""

CT_SOURCES = """
INSERT INTO dose.ct_source (study_id, report_index, event_index, source_index, source_id, kvp, max_ma, ma,
    exposure_time_per_rotation_s)
SELECT study_id, 0, event_index, 0, 'A', 100 + 20 * (event_index % 2), 400, 150 + 100 * random(),
    0.5 FROM dose.ct_event
"""

PROJECTION_EVENTS = """
INSERT INTO dose.projection_event (study_id, report_index, event_index, uid_occurrence, irradiation_event_uid,
    datetime_started, event_type_code, event_type_meaning, acquisition_plane_code, acquisition_plane_meaning,
    acquisition_protocol, anatomical_structure_code, anatomical_structure_meaning, laterality_code, laterality_meaning,
    view_code, view_meaning, dap_gym2, dose_rp_gy, kvp, tube_current_ma, exposure_uas, exposure_time_ms, filters,
    agd_mgy,
    compressed_thickness_mm, compression_force_n, anode_target_material_meaning, exposure_control_mode,
    positioner_primary_angle_deg, positioner_secondary_angle_deg, distance_source_detector_mm, exposure_index,
    study_at, device_id, patient_weight_kg, test_data, listed_in)
SELECT id, 0, n, 1, study_instance_uid || '.' || n, study_at + n * interval '1 minute', '113611',
    'Stationary Acquisition',
    '113622', 'Single Plane', (%(protocols)s::text[])[1 + (id + n) %% %(many_protocols)s], '43799004', 'Thorax',
    '7771000',
    (ARRAY['Left', 'Right'])[1 + n %% 2], '399162004', (ARRAY['cranio-caudal',
    'medio-lateral oblique'])[1 + (n / 2) %% 2],
    CASE WHEN modality_type <> 'MG' THEN exp(-12 + (id %% 8) * 0.2 + 2 * (random() - 0.5)) END,
    CASE WHEN modality_type = 'RF' THEN 0.01 * random() END,
    CASE WHEN modality_type = 'RF' THEN array_fill(60 + 40 * random(), ARRAY[8]) ELSE ARRAY[25 + 95 * random()] END,
    ARRAY[200 * random()], ARRAY[exp(9 + random())], 20 * random(),
    '[{"type": {"code_meaning": "Flat filter"}, "material": {"code_meaning": "Aluminum or Aluminum compound"},
    "thickness_max_mm": 1}]',
    CASE WHEN modality_type = 'MG' THEN exp(0.4 + (random() - 0.5)) END,
    CASE WHEN modality_type = 'MG' THEN 20 + 60 * random() END,
    CASE WHEN modality_type = 'MG' THEN 60 + 60 * random() END,
    CASE WHEN modality_type = 'MG' THEN 'Tungsten or Tungsten compound' END,
    CASE WHEN modality_type = 'MG' THEN 'AUTOMATIC' END,
    10 * random(), 10 * random(), 1100, 300 + 100 * random(),
    study_at, device_id, patient_weight_kg, not_patient_indicator IS NOT NULL, dose.listed_in(modality_types)
FROM dose.study, generate_series(0, number_of_events - 1) AS n WHERE modality_type = %(modality)s
"""

ADMINISTRATIONS = """
INSERT INTO dose.administration (study_id, report_index, event_index, administration_event_uid,
    radiopharmaceutical_agent_meaning, radionuclide_meaning, radionuclide_half_life_s, administered_activity_mbq,
    start_datetime, stop_datetime, route_of_administration_meaning)
SELECT id, 0, 0, study_instance_uid || '.1', (ARRAY['FDG F^18^', 'MDP Tc^99m^', 'Sestamibi Tc^99m^',
    'PSMA Ga^68^'])[1 + id %% 4],
    (ARRAY['^18^Fluorine', '^99m^Technetium'])[1 + id %% 2], 6586, administered_activity_mbq, study_at, study_at,
    'Intravenous route'
FROM dose.study WHERE modality_type = 'NM'
"""

TALLY = """
INSERT INTO dose.study_tally SELECT dose.listed_in(modality_types), device_id, count(*)
FROM dose.study WHERE not_patient_indicator IS NULL GROUP BY 1, 2
"""

EVENTS_OF = {"CT": CT_EVENTS, "RF": PROJECTION_EVENTS, "MG": PROJECTION_EVENTS, "DX": PROJECTION_EVENTS,
             "NM": ADMINISTRATIONS}  # fmt: skip


def fill(url: str, studies: int = STUDIES) -> None:
    """Make `studies` studies with four times as many events in a migrated, empty database,
    and let it learn of them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '512MB'")
        # Without triggers: neither foreign keys nor tallies are looked after row by row.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SELECT setseed(0.4711)")
        connection.execute(
            "CREATE TEMP TABLE packed AS SELECT number, string_agg(decode(md5(random()::text || number), 'hex'), '')"
            " AS record FROM generate_series(0, 63) AS number, generate_series(1, 90) GROUP BY number"
        )
        values = {"modalities": [one.modality for one in SHARES], "counts": [one.devices for one in SHARES]}
        connection.execute(DEVICES, values)
        with unindexed(connection):
            for number, share in enumerate(SHARES):
                _make(connection, share, number, studies * share.of_fifty // 50)
            connection.execute(CT_SOURCES)
        connection.execute(TALLY.encode())
        connection.execute("VACUUM (ANALYZE)")


RARE_NAMES = """
UPDATE dose.study SET study_description = CASE WHEN place <= 50 THEN 'Old protocol'
    ELSE study_description || ' ' || place / 1000 % 60 END
FROM (SELECT id, row_number() OVER (PARTITION BY modality_type ORDER BY study_at) AS place FROM dose.study) AS placed
WHERE placed.id = study.id AND (place <= 50 OR place % 1000 = 0)
"""
"""A name that only the oldest studies have, and several hundred that few have."""

RAW_NAMES = """
CREATE TEMP TABLE raw_name AS
SELECT modality_type, 'study_description' AS source, 'study' AS kind, min(study_description) AS raw_name
    FROM dose.study WHERE study_description IS NOT NULL GROUP BY modality_type, lower(btrim(study_description))
UNION ALL SELECT modality_type, 'requested_procedure', 'study', min(requested_procedure)
    FROM dose.study WHERE requested_procedure LIKE '%URGENT' GROUP BY modality_type, lower(btrim(requested_procedure))
UNION ALL SELECT 'CT', 'acquisition_protocol', 'acquisition', min(acquisition_protocol)
    FROM dose.ct_event GROUP BY lower(btrim(acquisition_protocol))
UNION ALL SELECT modality_type, 'acquisition_protocol', 'acquisition', min(acquisition_protocol)
    FROM dose.projection_event JOIN dose.study ON study.id = projection_event.study_id
    GROUP BY modality_type, lower(btrim(acquisition_protocol))
"""
STANDARD_NAMES = """
INSERT INTO config.standard_name (modality_type, kind, name)
SELECT DISTINCT modality_type, kind, rtrim('Standard ' || lower(substr(raw_name, 1, 6))) FROM raw_name
"""
MAPPED_NAMES = """
INSERT INTO config.standard_name_raw (modality_type, source, raw_name, standard_name_id, kind, name)
SELECT raw_name.modality_type, source, raw_name, standard_name.id, kind, name
FROM raw_name JOIN config.standard_name USING (modality_type, kind)
WHERE name = rtrim('Standard ' || lower(substr(raw_name, 1, 6)))
"""


def give_names(url: str) -> None:
    """Give some studies rare names, and map the raw names to standard ones, unless it is done."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM config.standard_name LIMIT 1").fetchone():
            return
        for made in (RARE_NAMES, RAW_NAMES, STANDARD_NAMES, MAPPED_NAMES):
            connection.execute(made.encode())
        connection.execute("VACUUM (ANALYZE)")


class unindexed:  # noqa: N801 - used as a function
    """Drops what slows the making down, the indexes that no constraint needs, and makes them again at the end."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._made: list[tuple[str, str]] = []

    def __enter__(self) -> None:
        self._made = self._connection.execute(
            "SELECT format('%I.%I', schemaname, indexname), indexdef FROM pg_indexes"
            " WHERE schemaname = 'dose' AND NOT EXISTS"
            " (SELECT 1 FROM pg_constraint WHERE conindid = format('%I.%I', schemaname, indexname)::regclass)"
        ).fetchall()
        for name, _ in self._made:
            self._connection.execute(f"DROP INDEX {name}".encode())

    def __exit__(self, *_: object) -> None:
        for _name, definition in self._made:
            self._connection.execute(definition.encode())


def _make(connection: psycopg.Connection, share: Share, number: int, studies: int) -> None:
    values = {
        "modality": share.modality, "modality_number": number, "studies": studies, "names": list(share.descriptions),
        "many_names": len(share.descriptions), "protocols": list(share.protocols),
        "many_protocols": len(share.protocols),
    }  # fmt: skip
    connection.execute(STUDY.replace("%(events_sql)s", share.events.replace("%", "%%")).encode(), values)
    connection.execute("ANALYZE dose.study")
    connection.execute(EVENTS_OF[share.modality].encode(), values)
