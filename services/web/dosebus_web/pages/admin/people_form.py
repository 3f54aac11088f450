"""The form of the people policy: read, checked, and carried from the question to the answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import Depends, Form, HTTPException

from dosebus.domain.people import PeoplePolicy, matching
from dosebus_web.language import gettext as _

MOST_PATTERNS = 200
LONGEST_PATTERN = 100
Patterns = Annotated[str, Form(max_length=25_000)]
Way = Annotated[Literal["none", "plain", "pseudonym"], Form()]
Answer = Annotated[Literal["leave", "pseudonym", "remove", "rederive"], Form()]


def patterns(text: str) -> tuple[str, ...]:
    """The patterns of a text, one a line, each once. Raises HTTPException 400 for what cannot be one."""
    found = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(found) > MOST_PATTERNS or any(len(one) > LONGEST_PATTERN or "\0" in one for one in found):
        raise HTTPException(
            400,
            _(
                "There may be %(most)s patterns of at most %(longest)s characters.",
                most=MOST_PATTERNS,
                longest=LONGEST_PATTERN,
            ),
        )
    everybody = sorted(matching(found, [""]))
    if everybody:
        raise HTTPException(400, _("The pattern %(one)s would match everybody.", one=everybody[0]))
    return found


def wanted_policy(
    *,
    patient_name: Way,
    patient_id: Way,
    accession_number: Way,
    patient_birth_date: Annotated[Literal["none", "plain"], Form()],
    not_patient_id_patterns: Patterns = "",
    not_patient_name_patterns: Patterns = "",
) -> PeoplePolicy:
    """The policy that a form asks for. Raises HTTPException 400."""
    return PeoplePolicy(
        patient_name=patient_name,
        patient_id=patient_id,
        accession_number=accession_number,
        patient_birth_date=patient_birth_date,
        not_patient_id_patterns=patterns(not_patient_id_patterns),
        not_patient_name_patterns=patterns(not_patient_name_patterns),
    )


def answers(
    *,
    do_patient_name: Answer = "leave",
    do_patient_id: Answer = "leave",
    do_accession_number: Answer = "leave",
    do_patient_birth_date: Answer = "leave",
    do_not_patient_indicator: Answer = "leave",
) -> dict[str, str]:
    """What is to be done with what is stored, by item."""
    return {
        "patient_name": do_patient_name,
        "patient_id": do_patient_id,
        "accession_number": do_accession_number,
        "patient_birth_date": do_patient_birth_date,
        "not_patient_indicator": do_not_patient_indicator,
    }


def needs_key(policy: PeoplePolicy) -> bool:
    """Whether a policy makes pseudonyms."""
    return "pseudonym" in (policy.patient_name, policy.patient_id, policy.accession_number)


def changed_settings(before: PeoplePolicy, after: PeoplePolicy) -> dict[str, object]:
    """What a change says in the audit log: ways to keep, and numbers of patterns, since a pattern may be a name."""
    found: dict[str, object] = {}
    for key, value in after:
        if value != getattr(before, key):
            found[key] = _told(value)
    return found


def _told(value: str | Iterable[str]) -> str | int:
    return value if isinstance(value, str) else len(tuple(value))


Wanted = Annotated[PeoplePolicy, Depends(wanted_policy)]
Answers = Annotated[dict[str, str], Depends(answers)]
