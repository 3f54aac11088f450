"""Rules on reading mean the devices that their patterns say, and deletion classes the objects that they name."""

from __future__ import annotations

import pytest

from dosebus.domain.reading import DELETION_CLASSES, IgnoreRule, deletion_class, ignored_by
from dosebus.domain.study import Equipment

DEVICE = Equipment(
    manufacturer="SIEMENS Healthineers",
    model="Artis zee [1]",
    station_name="PHYS1",
    software_version="VC21\\VD10",
)


@pytest.mark.parametrize(
    ("rule", "means"),
    [
        ({"manufacturer": "siemens*"}, True),
        ({"manufacturer": "siemens"}, False),
        ({"manufacturer": " SIEMENS HEALTHINEERS "}, True),
        ({"model": "artis zee [1]"}, True),
        ({"model": "artis zee 1"}, False),
        ({"station_name": "phys?"}, True),
        ({"station_name": "phys??"}, False),
        ({"software_version": "VD*"}, True),
        ({"software_version": "VC21\\VD10"}, True),
        ({"software_version": "VE*"}, False),
        ({"device_serial_number": "*"}, False),
        ({"station_name": "PHYS*", "model": "Artis*"}, True),
        ({"station_name": "PHYS*", "model": "Axiom*"}, False),
        ({}, False),
        ({"manufacturer": ".*"}, False),
    ],
)
def test_a_rule_means_what_all_its_patterns_match(rule: dict[str, str], means: bool) -> None:
    assert (ignored_by([IgnoreRule(**rule)], DEVICE) is not None) == means


def test_of_several_rules_one_that_keeps_for_download_counts() -> None:
    rules = [IgnoreRule(model="*"), IgnoreRule(station_name="PHYS*", keep_for_download=True)]
    found = ignored_by(rules, DEVICE)
    assert found is not None
    assert found.keep_for_download


@pytest.mark.parametrize(
    ("outcome", "kind", "chosen"),
    [
        ("ignored", None, "unmatched"),
        ("rejected", "mg_image", "unmatched"),
        ("recorded", "mg_image", "mg"),
        ("recorded", "dx_image", "dx"),
        ("recorded", "nm_image", "nm"),
        ("recorded", "pet_image", "nm"),
        ("recorded", "philips_ct_dose_info", "ct_screen"),
        ("recorded", "ct_dose_screen", "ct_screen"),
        ("recorded", "ct", "report"),
        ("recorded", "patient_dose", "report"),
    ],
)
def test_every_object_belongs_to_one_class(outcome: str, kind: str | None, chosen: str) -> None:
    assert deletion_class(outcome, kind) == chosen
    assert chosen in DELETION_CLASSES
