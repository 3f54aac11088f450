"""What is stored of a patient, in another form: pure functions over one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dosebus.domain.study import Study
from dosebus.events.people import Choice
from dosebus_extract.people import Keeping, PeoplePolicy, kept

Choices = Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is kept of a patient: its key in the record, and the key that says that it is a pseudonym."""

    key: str
    hashed: str | None
    in_patient: bool

    def of(self, study: Study) -> tuple[Any, bool | None]:
        """The stored value, and whether it is a pseudonym."""
        part = study.patient if self.in_patient else study
        return getattr(part, self.key), getattr(part, self.hashed) if self.hashed else None


ITEMS = (
    Item("patient_name", "patient_name_is_hashed", in_patient=True),
    Item("patient_id", "patient_id_is_hashed", in_patient=True),
    Item("accession_number", "accession_number_is_hashed", in_patient=False),
    Item("patient_birth_date", None, in_patient=True),
    Item("not_patient_indicator", None, in_patient=True),
)


def wants_archive(choices: Choices) -> bool:
    """Whether archived objects have to be read again."""
    return "rederive" in choices.values()


def changed(study: Study, choices: Choices, key: bytes, fresh: Study | None) -> Study:
    """A record with its patient kept as chosen. `fresh` tells what is taken from the archive; what is left is left.

    Converting what is a pseudonym already, or removing what is not there, changes nothing: it may be done again.
    Raises ValueError where a pseudonym is asked for without a key.
    """
    patient: dict[str, Any] = {}
    header: dict[str, Any] = {}
    for item in ITEMS:
        value, hashed = _chosen(item, study, choices.get(item.key, "leave"), key, fresh)
        into = patient if item.in_patient else header
        into[item.key] = value
        if item.hashed:
            into[item.hashed] = hashed
    return study.model_copy(update={**header, "patient": study.patient.model_copy(update=patient)})


def without_archive(choices: Choices, policy: PeoplePolicy) -> dict[str, Choice]:
    """What can be done where the archive has lost the object: the policy, as far as what is stored allows."""
    narrowed: Mapping[Keeping, Choice] = {"none": "remove", "pseudonym": "pseudonym", "plain": "leave"}
    return {
        name: narrowed[getattr(policy, name)]
        if choice == "rederive" and name in PeoplePolicy.model_fields
        else ("leave" if choice == "rederive" else choice)
        for name, choice in choices.items()
    }


def identity(study: Study) -> tuple[Any, ...]:
    """What sums over time and lists of patients go by."""
    return study.patient.patient_id, study.patient.not_patient_indicator


def _chosen(
    item: Item, study: Study, choice: Choice, key: bytes, fresh: Study | None
) -> tuple[Any, bool | None]:
    value, hashed = item.of(study)
    if choice == "remove":
        return None, None
    if choice == "rederive" and fresh is not None:
        return item.of(fresh)
    if choice == "pseudonym" and value is not None and not hashed:
        return kept(value, "pseudonym", key)
    return value, hashed
