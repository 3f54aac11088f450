"""Commands that extract takes to change what is stored of people, and what it tells of that."""

from typing import ClassVar, Literal
from uuid import UUID

from dosebus.events.base import Command, Event

Choice = Literal["leave", "pseudonym", "remove", "rederive"]


class PeopleChangeRequested(Command):
    """Change what is stored of people, item by item; what arrives follows the published policy already."""

    topic: ClassVar[str] = "people.change.requested.v1"
    owner: ClassVar[str] = "web"

    people_change_id: UUID
    patient_name: Choice = "leave"
    patient_id: Choice = "leave"
    accession_number: Choice = "leave"
    patient_birth_date: Literal["leave", "remove", "rederive"] = "leave"
    not_patient_indicator: Literal["leave", "rederive"] = "leave"
    requested_by: str


class PeopleChangeCancelRequested(Command):
    """Stop a change of what is stored of people; studies that were changed stay so."""

    topic: ClassVar[str] = "people.change.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    people_change_id: UUID
    requested_by: str


class PeopleChangeProgressed(Event):
    """A change of what is stored of people went on or changed its state. Readers look at the table."""

    topic: ClassVar[str] = "people.change.progressed.v1"
    owner: ClassVar[str] = "extract"

    people_change_id: UUID
    state: str


class PatientIdentityChanged(Event):
    """The patients of these studies are stored in another form, or are marked as no patients; the doses are the same.

    All studies of one patient that change stand in one event, unless there are hundreds.
    """

    topic: ClassVar[str] = "patient.identity.changed.v1"
    owner: ClassVar[str] = "extract"
    mandatory: ClassVar[bool] = True

    study_instance_uids: tuple[str, ...]
