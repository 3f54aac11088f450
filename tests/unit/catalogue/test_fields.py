"""Fields: how values are shown, and that every listing holds together."""

from __future__ import annotations

from datetime import datetime

import pytest

from dosebus.catalogue.field import Grain
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.schema import describe
from dosebus.catalogue.study_fields import STUDY_AT, TOTAL_DAP


def test_dap_is_shown_in_the_clinical_unit_and_kept_in_si() -> None:
    assert TOTAL_DAP.unit == "Gy·m²"
    assert TOTAL_DAP.heading == "DAP (cGy·cm²)"
    assert TOTAL_DAP.show(0.00126596) == "1266.0"
    assert TOTAL_DAP.converted(0.00126596) == pytest.approx(1265.96)


def test_absent_values_are_shown_as_nothing() -> None:
    assert TOTAL_DAP.show(None) == ""
    assert STUDY_AT.show(datetime(2026, 1, 31, 9, 5)) == "2026-01-31 09:05"  # noqa: DTZ001 - device time has no zone


@pytest.mark.parametrize("name", LISTINGS)
def test_keys_are_unique_and_filters_and_columns_known(name: str) -> None:
    listing = LISTINGS[name]
    keys = [field.key for field in (*listing.study_fields, *listing.event_fields)]
    assert len(keys) == len(set(keys))
    filters = [one.key for one in listing.filters]
    assert len(filters) == len(set(filters))
    assert set(listing.event_columns) <= {field.key for field in listing.event_fields}
    assert set(listing.groupings) <= set(listing.fields)
    assert all(field.grain is Grain.EVENT for field in listing.event_fields)


@pytest.mark.parametrize("name", LISTINGS)
def test_the_schema_tells_units_and_hides_patient_data(name: str) -> None:
    hidden, shown = describe(LISTINGS[name]), describe(LISTINGS[name], allow_pid=True)
    assert "patient_name" not in hidden["study"]["properties"]
    assert "patient_name" in shown["study"]["properties"]
    assert "patient_id" not in {one["name"] for one in hidden["filters"]}


def test_the_schema_of_ct_names_concept_and_unit() -> None:
    dlp = describe(LISTINGS["ct"])["row"]["properties"]["total_dlp_mgycm"]
    assert dlp["x-unit"] == "mGy·cm"
    assert dlp["x-concept"] == "DCM:113813"
