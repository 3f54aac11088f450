"""Who may be known: policies for name, ID, accession number and birth date, and not-patient patterns."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

Keeping = Literal["none", "plain", "pseudonym"]
PEOPLE_SETTING = "people"
"""Where `config.setting` has the policy that a page set."""


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


def not_patient_indicator(
    patient_id: str | None, patient_name: str | None, policy: PeoplePolicy
) -> str | None:
    """Which patterns (shell wildcards, any case) the ID and the name match, as text; None where none does."""
    ids = sorted(matching(policy.not_patient_id_patterns, [patient_id or ""]))
    names = sorted(matching(policy.not_patient_name_patterns, spellings(patient_name or "")))
    return f"IDs: {' '.join(ids)} | Names: {' '.join(names)}" if ids or names else None


def spellings(name: str) -> list[str]:
    """A name as DICOM writes it (family^given) and as people do (family, given)."""
    family, _, rest = name.partition("^")
    return [name, f"{family}, {rest.replace('^', ' ').strip()}" if rest else family]


def matching(patterns: Iterable[str], values: list[str]) -> set[str]:
    """The patterns, case-folded, that one of the values matches."""
    lowered = [pattern.casefold() for pattern in patterns]
    return {p for p in lowered if any(fnmatch.fnmatchcase(value.casefold(), p) for value in values)}
