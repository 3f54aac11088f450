"""Radiopharmaceutical dose reports (PS3.16 TID 10021 to 10024); codes of SNOMED RT and SNOMED CT alike."""

from __future__ import annotations

from typing import Final

from dosebus.domain.person import Observer
from dosebus.domain.radiopharmaceutical import (
    Administration,
    GlomerularFiltrationRate,
    Language,
    OrganDose,
    PatientCharacteristics,
    RadiopharmaceuticalReport,
)
from dosebus.domain.study import Study
from dosebus_extract.kinds.participants import OBSERVER_ROWS, PERSON_ROW, observers
from dosebus_extract.kinds.report import report_values
from dosebus_extract.sr.concepts import (
    Reading,
    Row,
    Table,
    Values,
    code,
    known,
    moment,
    part,
    quantity,
    reads_below,
    spread,
    text,
    uid,
)
from dosebus_extract.sr.tree import Node

_LATERALITY: Final = Row(("G-C171", "272741003"), "laterality", code)
_METHOD: Final = ("G-C036", "370129005")


def as_sent(node: Node, reading: Reading) -> str | None:
    """A figure as the device wrote it; its unit differs from site to site."""
    return node.value.split("\\")[0] if isinstance(node.value, str) and node.value else text(node, reading)


@reads_below
def _organ_mass(node: Node, reading: Reading) -> Values:
    method = node.first(*_METHOD)
    found: Values = {"organ_mass_g": quantity("g")(node, reading)}
    found["mass_measurement_method_text"] = text(method, reading) if method is not None else None
    return {key: value for key, value in found.items() if value is not None}


@reads_below
def _organ_dose(node: Node, reading: Reading) -> Values:
    found: Values = {"organ_dose_mgy": quantity("mGy")(node, reading)}
    authority = node.first("121406")
    if authority is not None:
        key = "reference_authority" if authority.coded else "reference_authority_text"
        found[key] = authority.coded or authority.text
    return {key: value for key, value in found.items() if value is not None}


_ORGAN: Final = Table(
    Row(("G-C0E3", "363698007"), "organ", code, properties=Table(_LATERALITY)),
    _LATERALITY,
    Row(("G-D701", "118538004"), None, _organ_mass),
    Row(("113518",), None, _organ_dose),
)
_AGENT: Final = Table(
    Row(("C-10072", "89457008"), "radionuclide", code),
    Row(("R-42806", "304283002"), "radionuclide_half_life_s", quantity("s")),
    Row(("123007",), "radiopharmaceutical_specific_activity_bq_per_mol", quantity("Bq/mol")),
    Row(("113510",), "drug_product_identifiers", code, many=True),
)
_SITE: Final = Row(("G-C581", "272737002"), "site_of_administration", code, properties=Table(_LATERALITY))


def _measured(when: str) -> Table:
    """Activity measured before or after: with the device, and who observed it."""
    return Table(Row(("113540",), f"{when}_administration_activity_measurement_device", code), *OBSERVER_ROWS)


def _observers_of(pre: bool) -> Row:
    @reads_below
    def read(node: Node, reading: Reading) -> Values:
        seen = observers(node, reading)
        flagged = tuple(
            Observer(**{**dict(one), "is_pre_administration_activity_observer": pre}) for one in seen
        )
        return {"observers": flagged} if flagged else {}

    return Row(("113508" if pre else "113509",), None, read)


_EFFECTIVE: Final = Row(("113839",), "effective_dose_msv", reads_below(quantity("mSv")))
_ADMINISTRATION: Final = Table(
    Row(("F-61FDB", "349358000"), "radiopharmaceutical_agent", code, properties=_AGENT),
    *(row for rows in _AGENT.rows.values() for row in rows),
    Row(("113503",), "administration_event_uid", uid),
    Row(("123003",), "start_datetime", moment),
    Row(("123004",), "stop_datetime", moment),
    Row(("113507",), "administered_activity_mbq", quantity("MBq")),
    Row(
        ("113508",), "pre_administration_measured_activity_mbq", quantity("MBq"), properties=_measured("pre")
    ),
    Row(
        ("113509",),
        "post_administration_measured_activity_mbq",
        quantity("MBq"),
        properties=_measured("post"),
    ),
    _observers_of(pre=True),
    _observers_of(pre=False),
    Row(("123005",), "injected_volume_cm3", quantity("cm3")),
    Row(("113506",), "estimated_extravasation_activity_percent", quantity("%")),
    Row(("113505",), "extravasation_symptoms", code, many=True),
    Row(("G-C340", "410675002"), "route_of_administration", code, properties=Table(_SITE, _LATERALITY)),
    _SITE,
    _LATERALITY,
    Row(("113517",), "organ_doses", part(OrganDose, _ORGAN), many=True),
    _EFFECTIVE,
    Row(("99SHS:220001",), None, spread(Table(_EFFECTIVE))),
    Row(("121147",), "billing_codes", code, many=True),
    Row(("113511",), "dispense_unit_identifier", text),
    Row(("111529",), "brand_name", text),
    Row(("113512",), "lot_identifiers", text, many=True),
    Row(("113513",), "reagent_vial_identifiers", text, many=True),
    Row(("113514",), "radionuclide_identifiers", text, many=True),
    Row(("113516",), "prescription_identifier", text),
    Row(("121106",), "comment", text),
    PERSON_ROW,
)
_RATE: Final = Table(
    Row(_METHOD, "measurement_method", code),
    Row(("121050",), "equivalent_meaning", code),
)


@reads_below
def _filtration(node: Node, reading: Reading) -> GlomerularFiltrationRate:
    return GlomerularFiltrationRate(
        glomerular_filtration_rate_as_reported=as_sent(node, reading), **_RATE.read(node, reading)
    )


_CHARACTERISTICS: Final = Table(
    Row(("121033", "445518008"), "subject_age_years", quantity("a")),
    Row(("121032",), "subject_sex", code),
    Row(("8302-2",), "patient_height_m", quantity("m")),
    Row(("8302-2",), "patient_height_as_reported", as_sent),
    Row(("29463-7",), "patient_weight_kg", quantity("kg")),
    Row(("29463-7",), "patient_weight_as_reported", as_sent),
    Row(("8277-6", "301898006"), "body_surface_area_m2", quantity("m2"),
        properties=Table(Row(("8278-4", "121420"), "body_surface_area_formula", code))),
    Row(("F-01860", "60621009"), "body_mass_index_kg_per_m2", quantity("kg/m2"),
        properties=Table(Row(("121420",), "body_mass_index_equation", code))),
    Row(("F-12290", "14749-6", "2339-0", "2345-7"), "glucose_as_reported", as_sent),
    Row(("113550",), "fasting_duration_as_reported", as_sent),
    Row(("113551",), "hydration_volume_ml", quantity("mL")),
    Row(("113552",), "recent_physical_activity", text),
    Row(("2160-0", "14682-9"), "serum_creatinine_as_reported", as_sent),
    Row(("109054",), "patient_states", code, many=True),
    Row(("F-70210", "80274001"), "glomerular_filtration_rates", _filtration, many=True),
    Row(("8278-4",), "body_surface_area_formula", code),
    Row(("121106",), None, known),
)  # fmt: skip
_PROCEDURE: Final = Table(Row(("G-C0E8", "363703001"), "has_intent", code))


@reads_below
def _language(node: Node, _reading: Reading) -> Language:
    country = node.first("121046")
    return Language(language=node.coded, country=country.coded if country is not None else None)


_REPORT: Final = Table(
    Row(("G-C2D0", "363589002"), "associated_procedure", code, properties=_PROCEDURE),
    Row(("G-C0E8", "363703001"), "has_intent", code),
    Row(("121049",), "languages", _language, many=True),
    Row(("113502",), "administrations", lambda n, r: Administration(**_ADMINISTRATION.read(n, r)), many=True),
    Row(("121118",), "patient_characteristics", part(PatientCharacteristics, _CHARACTERISTICS), many=True),
    Row(("121106",), "comment", text),
    *OBSERVER_ROWS,
)


def read_radiopharmaceutical(root: Node, reading: Reading, study: Study) -> Study:
    """A radiopharmaceutical report; nuclear medicine."""
    report = RadiopharmaceuticalReport(**report_values(_REPORT, root, reading))
    return study.model_copy(update={"modality_type": "NM", "radiopharmaceutical_reports": (report,)})
