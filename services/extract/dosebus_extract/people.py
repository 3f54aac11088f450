"""Keeps of a contribution's patient what the policy lets be known."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dosebus.domain.contribution import Contribution
from dosebus.domain.people import PEOPLE_SETTING, Keeping, PeoplePolicy, not_patient_indicator
from dosebus.domain.pseudonym import pseudonym
from dosebus.store.tables.config import setting

__all__ = [
    "Keeping", "PeoplePolicy", "apply_policy", "changed_policy", "kept", "not_patient_indicator", "pseudonym",
]  # fmt: skip

SAID = sa.select(setting.c.value).where(setting.c.key == PEOPLE_SETTING)
"""What the published configuration says of people."""


def changed_policy(policy: PeoplePolicy, said: Any) -> PeoplePolicy:
    """The policy of the settings, changed by what the published configuration says."""
    return PeoplePolicy.model_validate(policy.model_dump() | said) if isinstance(said, dict) else policy


def apply_policy(contribution: Contribution, policy: PeoplePolicy, key: bytes) -> Contribution:
    """The same contribution with its patient's identifiers kept as the policy says.

    Raises ValueError where a pseudonym is asked for without a key.
    """
    patient = contribution.study.patient
    name, name_hashed = kept(patient.patient_name, policy.patient_name, key)
    identity, identity_hashed = kept(patient.patient_id, policy.patient_id, key)
    accession, accession_hashed = kept(contribution.study.accession_number, policy.accession_number, key)
    return contribution.model_copy(
        update={
            "study": contribution.study.model_copy(
                update={
                    "accession_number": accession,
                    "accession_number_is_hashed": accession_hashed,
                    "patient": patient.model_copy(
                        update={
                            "patient_name": name,
                            "patient_name_is_hashed": name_hashed,
                            "patient_id": identity,
                            "patient_id_is_hashed": identity_hashed,
                            "patient_birth_date": (
                                patient.patient_birth_date if policy.patient_birth_date == "plain" else None
                            ),
                            "not_patient_indicator": not_patient_indicator(
                                patient.patient_id, patient.patient_name, policy
                            ),
                        }
                    ),
                }
            )
        }
    )


def kept(value: str | None, keeping: Keeping, key: bytes) -> tuple[str | None, bool | None]:
    """An identifier as it is kept, and whether that is a pseudonym. Raises ValueError where a key is missing."""
    if not value or keeping == "none":
        return None, None
    if keeping == "plain":
        return value, None
    if not key:
        raise ValueError("a pseudonym needs a key, and none is set")
    return pseudonym(value, key), True
