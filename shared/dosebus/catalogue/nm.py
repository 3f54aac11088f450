"""Nuclear medicine: PET, SPECT and planar."""

from __future__ import annotations

import sqlalchemy as sa

from dosebus.catalogue.field import Field, Grain, Kind, quantity, text
from dosebus.catalogue.filter import between, contains
from dosebus.catalogue.listing import Listing, exists_in
from dosebus.catalogue.standard_names import study_names
from dosebus.catalogue.study_fields import COMMON_FILTERS, EVENT, EXPORTED, LISTED, S
from dosebus.store.tables import dose

A = dose.administration.c
NAMES = study_names("NM")
ACTIVITY = quantity(
    "administered_activity_mbq", "Activity", S.administered_activity_mbq, "MBq", 1, concept="DCM:113507"
)
AGENT = text(
    "radiopharmaceutical_agent", "Agent",
    sa.func.coalesce(A.radiopharmaceutical_agent_meaning, A.radiopharmaceutical_agent_text),
    grain=EVENT, concept="SCT:349358000",
)  # fmt: skip
NUCLIDE = text("radionuclide", "Nuclide", A.radionuclide_meaning, grain=EVENT, concept="SCT:89457008")

EVENT_FIELDS = (
    AGENT,
    NUCLIDE,
    quantity("radionuclide_half_life_s", "Half-life", A.radionuclide_half_life_s, "s", 0, grain=EVENT,
             concept="SCT:304283002"),
    quantity("event_activity_mbq", "Administered activity", A.administered_activity_mbq, "MBq", 1, grain=EVENT,
             concept="DCM:113507"),
    quantity("effective_dose_msv", "Effective dose", A.effective_dose_msv, "mSv", 2, grain=EVENT,
             concept="DCM:113839"),
    Field("start_datetime", "Start", A.start_datetime, Kind.INSTANT, Grain.EVENT, concept="DCM:123003"),
    Field("stop_datetime", "Stop", A.stop_datetime, Kind.INSTANT, Grain.EVENT, concept="DCM:123004"),
    text("route_of_administration", "Route", A.route_of_administration_meaning, grain=EVENT,
         concept="SCT:410675002"),
    text("site_of_administration", "Site", A.site_of_administration_meaning, grain=EVENT, concept="SCT:272737002"),
    text("laterality", "Laterality", A.laterality_meaning, grain=EVENT),
    quantity("injected_volume_cm3", "Injected volume", A.injected_volume_cm3, "cm³", 2, grain=EVENT),
    Field("persons", "Persons", A.persons, Kind.NESTED, Grain.EVENT),
    Field("organ_doses", "Organ doses", A.organ_doses, Kind.NESTED, Grain.EVENT, concept="DCM:113518"),
    text("comment", "Comment", A.comment, grain=EVENT, concept="DCM:121106"),
    text("administration_event_uid", "Administration Event UID", A.administration_event_uid, grain=EVENT,
         concept="DCM:113503"),
)  # fmt: skip

NM = Listing(
    name="nm",
    title="Nuclear medicine",
    modality_types=("NM",),
    predicate=dose.NM,
    event_table=dose.administration,
    study_joins=NAMES.joins,
    event_order=(A.report_index, A.event_index),
    columns=(*LISTED, ACTIVITY, NAMES.field),
    filters=(
        *COMMON_FILTERS,
        *NAMES.filters,
        contains("agent", AGENT, within=exists_in(dose.administration, "nm")),
        contains("nuclide", NUCLIDE, within=exists_in(dose.administration, "nm")),
        *between("activity", ACTIVITY),
    ),
    study_fields=(*EXPORTED, NAMES.field, ACTIVITY),
    event_fields=EVENT_FIELDS,
    event_columns=(
        "radiopharmaceutical_agent", "radionuclide", "radionuclide_half_life_s", "event_activity_mbq",
        "effective_dose_msv", "start_datetime", "stop_datetime", "route_of_administration",
        "site_of_administration", "laterality", "injected_volume_cm3", "comment",
    ),
    groupings=(
        "display_name", "study_description", "standard_study_name",
        "requested_procedure", "radiopharmaceutical_agent",
    ),
)  # fmt: skip
