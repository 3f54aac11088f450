"""What makes two studies be of one device."""

from __future__ import annotations

import pytest

from dosebus.domain.study import Equipment
from dosebus_extract.devices import default_display_name, identity_key


def test_a_software_upgrade_is_the_same_device() -> None:
    old = Equipment(manufacturer="GE", model="Revolution", device_serial_number="77", software_version="1")
    new = Equipment(manufacturer="ge ", model="REVOLUTION", device_serial_number="77", software_version="2")
    assert identity_key(old) == identity_key(new)


def test_a_moved_station_with_its_serial_number_is_the_same_device() -> None:
    one = Equipment(model="M", device_serial_number="77", station_name="A")
    other = Equipment(model="M", device_serial_number="77", station_name="B")
    assert identity_key(one) == identity_key(other)


@pytest.mark.parametrize("serial", [None, "", "0", "0000", "none", "N/A", "unknown", "12345", "xxxx"])
def test_a_serial_number_that_is_none_leaves_the_place(serial: str | None) -> None:
    one = Equipment(model="M", device_serial_number=serial, station_name="A")
    other = Equipment(model="M", device_serial_number=serial, station_name="B")
    assert identity_key(one) != identity_key(other)


def test_the_observer_uid_stands_in_for_a_serial_number() -> None:
    one = Equipment(model="M", device_observer_uid="1.2.3", station_name="A")
    other = Equipment(model="M", device_observer_uid="1.2.3", station_name="B")
    assert identity_key(one) == identity_key(other)


@pytest.mark.parametrize(
    ("equipment", "name"),
    [
        (Equipment(institution="St. Elsewhere", station_name="CT1", model="M"), "St. Elsewhere CT1"),
        (Equipment(station_name="CT1"), "CT1"),
        (Equipment(manufacturer="GE", model="M"), "GE M"),
        (Equipment(), "Unknown device"),
    ],
)
def test_default_names(equipment: Equipment, name: str) -> None:
    assert default_display_name(equipment) == name
