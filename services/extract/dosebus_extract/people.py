"""Who may be known: policies for name, ID, accession number and birth date, and not-patient patterns."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dosebus.domain.contribution import Contribution

Keeping = Literal["none", "plain", "pseudonym"]


class PeoplePolicy(BaseModel):
    """How each identifier is kept: not at all, as it is, or as a keyed pseudonym."""

    model_config = ConfigDict(frozen=True)

    patient_name: Keeping = "none"
    patient_id: Keeping = "pseudonym"
    accession_number: Keeping = "plain"
    patient_birth_date: Keeping = "none"
    not_patient_id_patterns: tuple[str, ...] = ()
    not_patient_name_patterns: tuple[str, ...] = ()

    @classmethod
    def everything_plain(cls) -> PeoplePolicy:
        """Nothing hidden: for reading at the command line."""
        return cls(
            patient_name="plain", patient_id="plain", accession_number="plain", patient_birth_date="plain"
        )


def pseudonym(value: str, key: bytes) -> str:
    """HMAC-SHA-256 of a trimmed, case-folded identifier: equal input, equal pseudonym; useless without the key."""
    return hmac.new(key, value.strip().casefold().encode(), hashlib.sha256).hexdigest()


def not_patient_indicator(
    patient_id: str | None, patient_name: str | None, policy: PeoplePolicy
) -> str | None:
    """Which patterns (shell wildcards, any case) the ID and the name match, as text; None where none does."""
    ids = sorted(_matching(policy.not_patient_id_patterns, [patient_id or ""]))
    names = sorted(_matching(policy.not_patient_name_patterns, _spellings(patient_name or "")))
    return f"IDs: {' '.join(ids)} | Names: {' '.join(names)}" if ids or names else None


def apply_policy(contribution: Contribution, policy: PeoplePolicy, key: bytes) -> Contribution:
    """The same contribution with its patient's identifiers kept as the policy says.

    Raises ValueError where a pseudonym is asked for without a key.
    """
    patient = contribution.study.patient
    name, name_hashed = _kept(patient.patient_name, policy.patient_name, key)
    identity, identity_hashed = _kept(patient.patient_id, policy.patient_id, key)
    accession, accession_hashed = _kept(contribution.study.accession_number, policy.accession_number, key)
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


def _kept(value: str | None, keeping: Keeping, key: bytes) -> tuple[str | None, bool | None]:
    if not value or keeping == "none":
        return None, None
    if keeping == "plain":
        return value, None
    if not key:
        raise ValueError("a pseudonym needs a key, and none is set")
    return pseudonym(value, key), True


def _spellings(name: str) -> list[str]:
    """A name as DICOM writes it (family^given) and as people do (family, given)."""
    family, _, rest = name.partition("^")
    return [name, f"{family}, {rest.replace('^', ' ').strip()}" if rest else family]


def _matching(patterns: Iterable[str], values: list[str]) -> set[str]:
    lowered = [pattern.casefold() for pattern in patterns]
    return {p for p in lowered if any(fnmatch.fnmatchcase(value.casefold(), p) for value in values)}
