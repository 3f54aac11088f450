"""Ways in which vendors write their reports, as settings of the writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dosebus.domain.base import Code
from dosebus_simulator.concepts import GY, GYM2, MGY, Unit, retired


@dataclass(frozen=True)
class Style:
    """How a vendor writes. The factors turn Gy.m2 and Gy into the units written."""

    name: str = "standard"
    modalities: tuple[str, ...] = ("CT", "RF")
    retired_codes: bool = False
    dap_unit: Unit = GYM2
    dap_factor: float = 1.0
    dose_rp_unit: Unit = GY
    dose_rp_factor: float = 1.0
    template_declared: bool = True
    device_type_declared: bool = True
    intent_declared: bool = True
    lower_case_meanings: bool = False
    observer_uid_as_text: bool = False
    empty_measurements: bool = False
    reference_point_as_text: bool = False
    modulation_in_comment: bool = False
    patient_position_in_comment: bool = False
    private_xper_items: bool = False
    calls_itself_integrated: bool = False
    only_model: str | None = None
    """A word of the model's name, where the way of writing is one model's."""
    pulse_lists: bool = False
    zoned_times: bool = False
    containers_left_out: bool = False
    numbers_as_text: bool = False
    joined_deviations: bool = False
    nameless_person: bool = False
    grid_in: bool = False
    unit_spellings: tuple[tuple[str, str], ...] = ()
    sop_class_uid: str | None = None
    specific_character_set: str = "ISO_IR 192"

    def write(self, code: Code) -> Code:
        """The code as this vendor writes it."""
        return retired(code) if self.retired_codes else code


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        style.name: style
        for style in (
            Style(),
            Style(name="retired", retired_codes=True),
            Style(
                name="canon",
                modalities=("RF",),
                dap_unit=Unit("dGy.cm2", "dGy.cm2"),
                dap_factor=1e5,
                dose_rp_unit=MGY,
                dose_rp_factor=1e3,
            ),
            Style(
                name="no-template", modalities=("RF",), template_declared=False, device_type_declared=False
            ),
            Style(name="no-device-type", modalities=("RF",), device_type_declared=False),
            Style(
                name="pixelmed",
                lower_case_meanings=True,
                intent_declared=False,
                retired_codes=True,
                specific_character_set="ISO_IR 100",
            ),
            Style(
                name="ge-enhanced-sr",
                modalities=("CT",),
                intent_declared=False,
                retired_codes=True,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.88.22",
            ),
            Style(name="comprehensive-sr", sop_class_uid="1.2.840.10008.5.1.4.1.1.88.33"),
            Style(name="observer-text", observer_uid_as_text=True),
            Style(name="empty-values", modalities=("RF",), empty_measurements=True),
            Style(name="eurocolumbus", modalities=("RF",), reference_point_as_text=True, retired_codes=True),
            Style(name="siemens-ct", modalities=("CT",), modulation_in_comment=True, retired_codes=True),
            Style(
                name="siemens-rf", modalities=("RF",), patient_position_in_comment=True, retired_codes=True
            ),
            Style(name="philips-xper", modalities=("RF",), private_xper_items=True, retired_codes=True),
            Style(
                name="philips-azurion", modalities=("RF",), calls_itself_integrated=True, only_model="azurion"
            ),
            Style(
                name="ge-rf",
                modalities=("RF",),
                lower_case_meanings=True,
                observer_uid_as_text=True,
                empty_measurements=True,
                retired_codes=True,
            ),
            Style(name="pulse-lists", modalities=("RF", "MG"), pulse_lists=True),
            Style(name="hologic", modalities=("MG",), grid_in=True, retired_codes=True),
            Style(name="toshiba-vhp", modalities=("CT",), joined_deviations=True, retired_codes=True),
            Style(name="spectrum-dynamics", modalities=("CT",), nameless_person=True),
            Style(name="zoned-times", modalities=("CT", "RF", "MG", "DX"), zoned_times=True),
            Style(name="flat", modalities=("CT",), containers_left_out=True),
            Style(name="numbers-as-text", modalities=("CT", "RF", "DX"), numbers_as_text=True),
            Style(
                name="spelled-units",
                modalities=("CT", "RF", "MG", "DX"),
                unit_spellings=(
                    ("Gy.m2", "Gym2"),
                    ("mGy.cm", "mGycm"),
                    ("uA.s", "uAs"),
                    ("{pulse}/s", "pulse/s"),
                ),
            ),
        )
    }
)
"""Named after what they do or after the vendor that does it; each is told in `Style`'s fields."""
