"""Studies with several reports, vendors' own ways, and objects that are broken on purpose."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydicom import dcmread

from dosebus_simulator.bench import bench_reports
from dosebus_simulator.cli import simulate
from dosebus_simulator.ct_series import (
    make_continued_ct,
    make_cumulative_ct,
    make_dose_check_ct,
    make_dual_source_ct,
)
from dosebus_simulator.dose_info import make_philips_dose_info
from dosebus_simulator.images import make_dx_images, make_mg_images, make_pet_ct
from dosebus_simulator.kinds import makers
from dosebus_simulator.odd import (
    make_arcadis,
    make_duplicate,
    make_non_dose,
    make_random,
    make_truncated,
    make_without_study,
)
from dosebus_simulator.simulated import SimulatedObject
from dosebus_simulator.styles import STYLES


def event_uids(made: SimulatedObject) -> set[str]:
    return {
        str(item.UID)
        for container in made.dataset.ContentSequence
        for item in container.get("ContentSequence", [])
        if item.ValueType == "UIDREF" and item.ConceptNameCodeSequence[0].CodeValue == "113769"
    }


def test_cumulative_reports_grow_and_the_first_comes_again() -> None:
    made = make_cumulative_ct(1)
    first, second, third, again = made.objects
    assert event_uids(first) < event_uids(second) < event_uids(third)
    assert again.sop_instance_uid == first.sop_instance_uid
    assert again.outcome == "ignored"
    assert made.truth is not None
    assert made.truth.totals.number_of_events == 3
    assert len(made.truth.sop_instance_uids_processed) == 3
    assert len({one.study_instance_uid for one in made.objects}) == 1


def test_continued_reports_have_other_events_of_the_same_study() -> None:
    made = make_continued_ct(1)
    first, second = made.objects
    assert first.study_instance_uid == second.study_instance_uid
    assert event_uids(first).isdisjoint(event_uids(second))
    assert made.truth is not None
    assert len(made.truth.ct_reports) == 2
    assert made.truth.totals.number_of_events == 4


def test_dose_check_and_dual_source_are_written() -> None:
    checked = dcmread(BytesIO(make_dose_check_ct(1).objects[0].encoded())).to_json()
    assert "Dose Check Alert Details" in checked
    assert "Hirsch^Ada" in checked
    dual = make_dual_source_ct(1)
    assert dual.truth is not None
    event = dual.truth.ct_reports[0].events[-1]
    assert event.number_of_xray_sources == 2
    assert [source.source_id for source in event.sources] == ["A", "B"]


def test_arcadis_summary_has_totals_and_no_template() -> None:
    made = make_arcadis(1)
    dataset = made.objects[0].dataset
    assert "ContentTemplateSequence" not in dataset
    assert dataset.ConceptNameCodeSequence[0].CodingSchemeDesignator == "99SMS_RADSUM"
    told = {item.ConceptNameCodeSequence[0].CodeValue: item for item in dataset.ContentSequence}
    assert made.truth is not None
    assert float(told["C-204"].MeasuredValueSequence[0].NumericValue) / 10_000 == pytest.approx(
        made.truth.totals.total_dap_gym2
    )


def test_broken_objects_are_broken_and_expected_to_be_rejected() -> None:
    for maker in (make_truncated, make_random, make_without_study, make_non_dose):
        made = maker(1)
        assert made.truth is None
        assert [one.outcome for one in made.objects] == ["rejected"]
    assert "StudyInstanceUID" not in make_without_study(1).objects[0].dataset
    whole = make_truncated(1).objects[0]
    assert len(whole.encoded()) < len(SimulatedObject("ct", whole.dataset).encoded())
    first, again = make_duplicate(1).objects
    assert first.encoded() == again.encoded()
    assert (first.outcome, again.outcome) == ("recorded", "ignored")


def test_bench_reports_have_the_sizes_they_name() -> None:
    reports = dict(bench_reports())
    assert 85_000 < len(reports["simulated CT, 97 KB"]) < 110_000
    assert len(reports["simulated fluoroscopy, 400 events"]) > 3_000_000


def test_image_headers_tell_the_dose_in_the_units_of_images() -> None:
    made = make_mg_images(1)
    assert len(made.objects) == 8
    assert made.truth is not None
    events = made.truth.projection_reports[0].events
    for number, event in enumerate(events):
        processing, presentation = (
            dcmread(BytesIO(one.encoded())) for one in made.objects[2 * number : 2 * number + 2]
        )
        assert processing.AcquisitionTime == presentation.AcquisitionTime
        assert processing.SOPClassUID != presentation.SOPClassUID
        assert float(processing.OrganDose) * 100 == pytest.approx(event.agd_mgy)
    radiograph = make_dx_images(1)
    assert radiograph.truth is not None
    daps = [float(one.dataset.ImageAndFluoroscopyAreaDoseProduct) * 1e-5 for one in radiograph.objects]
    assert sum(daps) == pytest.approx(radiograph.truth.totals.total_dap_gym2)


def test_a_pet_ct_study_has_both_reports_and_two_series() -> None:
    made = make_pet_ct(1)
    assert made.truth is not None
    assert {one.study_instance_uid for one in made.objects} == {made.truth.study_instance_uid}
    report = made.truth.radiopharmaceutical_reports[0]
    assert len(report.pet_series) == 2
    assert made.truth.ct_reports
    told = made.objects[1].dataset.RadiopharmaceuticalInformationSequence[0]
    assert float(told.RadionuclideTotalDose) / 1e6 == pytest.approx(
        report.administrations[0].administered_activity_mbq
    )


def test_philips_dose_info_adds_up() -> None:
    made = make_philips_dose_info(1)
    assert made.truth is not None
    items = made.objects[0].dataset[0x0040030E].value
    doses = [float(item.private_block(0x00E1, "ELSCINT1")[0x21].value) for item in items]
    assert sum(doses) == pytest.approx(made.truth.totals.total_dlp_mgycm)


def test_styles_are_listed_and_belong_to_kinds(tmp_path: Path) -> None:
    listed = CliRunner().invoke(simulate, ["--style", "list"])
    assert listed.exit_code == 0
    assert "philips-azurion    RF" in listed.output.splitlines()
    made = CliRunner().invoke(
        simulate, ["--style", "philips-azurion", "--count", "1", "--out", str(tmp_path)]
    )
    assert made.exit_code == 0, made.output
    (path,) = tmp_path.iterdir()
    told = dcmread(path)
    assert "Azurion" in told.ManufacturerModelName
    for wrong in (["--kind", "ct", "--style", "canon"], ["--style", "nobody"]):
        refused = CliRunner().invoke(simulate, [*wrong, "--out", str(tmp_path)])
        assert refused.exit_code == 2
        assert "style" in refused.output


SHORT = 11
"""A seed whose fluoroscopy has few events."""


def test_every_style_changes_what_is_written() -> None:
    made = makers()
    modalities = {modality.lower() for style in STYLES.values() for modality in style.modalities}
    plain = {modality: made[modality](SHORT).objects[0].encoded() for modality in modalities}
    for style in STYLES.values():
        for modality in map(str.lower, style.modalities):
            kind = f"{modality}-{style.name}"
            written = made[kind](SHORT).objects[0].encoded()
            assert (written == plain[modality]) is (style.name == "standard"), kind
