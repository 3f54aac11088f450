"""What alerts and the pages about them call things: severities, reasons, and what a message may tell."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SEVERITIES = ("notice", "warning", "critical")

OPEN_STATES = ("detected", "queued", "sent", "failed")
"""States in which nobody has yet dealt with an alert; only such an alert is withdrawn."""

BEFORE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "acknowledged": OPEN_STATES,
        "justified": (*OPEN_STATES, "acknowledged"),
        "closed": (*OPEN_STATES, "acknowledged", "justified"),
        "reopened": ("acknowledged", "justified", "closed"),
    }
)
"""What a person can do with an alert, and in which states. Reopened is no state: the alert is open again, in the one
that its messages give it."""

JUSTIFICATIONS: Mapping[str, str] = MappingProxyType(
    {
        "complex_procedure": "The procedure was complex",
        "large_patient": "The patient is large",
        "repeated_procedure": "Planned repeated procedures",
        "emergency": "Emergency",
        "image_quality": "The task needed a higher image quality",
        "equipment_fault": "Fault of the equipment",
        "operator_error": "Error in operation",
        "protocol_unsuitable": "The protocol did not suit the task",
        "wrong_data": "The recorded dose is wrong",
        "other": "Another reason",
    }
)
"""The coded reasons by which a person justifies an alert."""

TELLABLE: Mapping[str, str] = MappingProxyType(
    {
        "patient_name": "Patient's name",
        "patient_id": "Patient ID",
        "patient_birth_date": "Birth date",
        "patient_sex": "Sex",
        "patient_age_years": "Age in years",
        "patient_weight_kg": "Weight in kg",
        "accession_number": "Accession number",
        "study_date": "Study date",
        "study_description": "Study description",
        "requested_procedure": "Requested procedure",
    }
)
"""Columns of `dose.study` that a message may tell if the site's policy (`alerts.mail_fields`) names them; by default
none. What is stored as a pseudonym is never told."""
