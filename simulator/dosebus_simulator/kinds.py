"""Every kind of study that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType

from dosebus_simulator.breast_images import (
    make_hologic_projections,
    make_tomosynthesis,
    make_tomosynthesis_images,
)
from dosebus_simulator.ct import make_ct
from dosebus_simulator.ct_series import (
    make_continued_ct,
    make_cumulative_ct,
    make_dose_check_ct,
    make_dual_source_ct,
)
from dosebus_simulator.devices import devices_for
from dosebus_simulator.dose_info import make_philips_dose_info
from dosebus_simulator.dose_screens import GE, TOSHIBA, make_dose_screen
from dosebus_simulator.enhanced_report import make_enhanced
from dosebus_simulator.images import (
    make_cr_images,
    make_dx_images,
    make_mg_images,
    make_nm_images,
    make_pet_ct,
)
from dosebus_simulator.mammography import make_mg
from dosebus_simulator.odd import (
    make_arcadis,
    make_duplicate,
    make_non_dose,
    make_random,
    make_test_patient,
    make_truncated,
    make_undated,
    make_without_study,
)
from dosebus_simulator.patient_dose import make_patient_dose
from dosebus_simulator.projection import make_biplane, make_rf
from dosebus_simulator.radiography import make_dx
from dosebus_simulator.radiopharmaceutical import make_nm
from dosebus_simulator.simulated import SimulatedStudy
from dosebus_simulator.styles import STYLES, Style

Maker = Callable[..., SimulatedStudy]
"""Takes the parts of a seed, and `day`; makes the study."""

SOP_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.88.67",
    "1.2.840.10008.5.1.4.1.1.88.68",
    "1.2.840.10008.5.1.4.1.1.88.73",
    "1.2.840.10008.5.1.4.1.1.88.76",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.13.1.3",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.20",
    "1.2.840.10008.5.1.4.1.1.128",
)
"""The storage classes of everything that is made: dose and other SR, CR, DX, MG, secondary capture, NM, PET."""

CT_HEAD_BYTES, CT_EVENT_BYTES = 3_500, 6_100
RF_HEAD_BYTES, RF_EVENT_BYTES = 7_000, 8_700


def makers() -> dict[str, Maker]:
    """Kind: who makes it. `ct-STYLE`, `rf-STYLE` and so on are reports written in a vendor style."""
    made: dict[str, Maker] = {
        "ct": make_ct,
        "rf": make_rf,
        "biplane": make_biplane,
        "dx": make_dx,
        "mg": make_mg,
        "nm": make_nm,
        "dx-images": make_dx_images,
        "cr-images": make_cr_images,
        "mg-images": make_mg_images,
        "nm-images": make_nm_images,
        "pet-ct": make_pet_ct,
        "philips-dose-info": make_philips_dose_info,
        GE.kind: partial(make_dose_screen, GE),
        TOSHIBA.kind: partial(make_dose_screen, TOSHIBA),
        "cumulative": make_cumulative_ct,
        "continued": make_continued_ct,
        "dose-check": make_dose_check_ct,
        "dual-source": make_dual_source_ct,
        "tomosynthesis": make_tomosynthesis,
        "tomosynthesis-images": make_tomosynthesis_images,
        "hologic-projections": make_hologic_projections,
        "arcadis": make_arcadis,
        "enhanced-xray": make_enhanced,
        "patient-dose": make_patient_dose,
        "test-patient": make_test_patient,
        "undated": make_undated,
        "duplicate": make_duplicate,
        "truncated": make_truncated,
        "random": make_random,
        "without-study": make_without_study,
        "non-dose": make_non_dose,
    }
    for style in STYLES.values():
        for modality in style.modalities:
            made[f"{modality.lower()}-{style.name}"] = _in_style(modality, style)
    return made


STYLED: Mapping[str, Maker] = MappingProxyType({"CT": make_ct, "RF": make_rf, "MG": make_mg, "DX": make_dx})


def _in_style(modality: str, style: Style) -> Maker:
    """The maker of a modality's reports in a style, on the device that has it if only one model does."""
    if style.only_model is None:
        return partial(STYLED[modality], style=style.name)
    device = next(
        one for one in devices_for(modality) if style.only_model in (one.equipment.model or "").casefold()
    )
    return partial(STYLED[modality], style=style.name, device=device)


def events_for(kind: str, size_bytes: int) -> int:
    """The number of events with which a report of that kind comes nearest to a size.

    Raises:
        ValueError: the size of that kind cannot be chosen.
    """
    if kind.startswith("ct"):
        head, event = CT_HEAD_BYTES, CT_EVENT_BYTES
    elif kind.startswith("rf"):
        head, event = RF_HEAD_BYTES, RF_EVENT_BYTES
    else:
        raise ValueError(f"the size of a {kind} study cannot be chosen, only that of ct and rf")
    return max(1, round((size_bytes - head) / event))


def make(kind: str, *seed: object, day: date, size_bytes: int | None = None) -> SimulatedStudy:
    """One study of a kind.

    Raises:
        ValueError: there is no such kind, or its size cannot be chosen.
    """
    maker = makers().get(kind)
    if maker is None:
        raise ValueError(f"no kind {kind!r}; there are {', '.join(makers())}")
    if size_bytes is None:
        return maker(*seed, day=day)
    return maker(*seed, day=day, events=events_for(kind, size_bytes))
