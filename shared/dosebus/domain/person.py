"""Persons and devices that a dose report names (PS3.16 TID 1001 to 1004, 1020, 1021)."""

from __future__ import annotations

from dosebus.domain.base import Code, Part


class PersonParticipant(Part):
    """A person who took part (TID 1020)."""

    person_name: str | None = None
    person_role_in_procedure: Code | None = None
    person_id: str | None = None
    person_id_issuer: str | None = None
    organization_name: str | None = None
    person_role_in_organization: Code | None = None


class DeviceParticipant(Part):
    """A device that took part (TID 1021)."""

    device_role: Code | None = None
    device_name: str | None = None
    device_manufacturer: str | None = None
    device_model: str | None = None
    device_serial_number: str | None = None
    device_observer_uid: str | None = None


class Observer(Part):
    """Who or what observed the content (TID 1002)."""

    observer_type: Code | None = None
    person_observer_name: str | None = None
    person_observer_role_in_procedure: Code | None = None
    person_observer_role_in_organization: Code | None = None
    device_observer_uid: str | None = None
    device_observer_name: str | None = None
    device_observer_manufacturer: str | None = None
    device_observer_model: str | None = None
    device_observer_serial_number: str | None = None
    device_observer_physical_location: str | None = None
    device_role_in_procedure: Code | None = None
    is_pre_administration_activity_observer: bool | None = None
