"""Makes CT studies of scanners that send a screen instead of a dose report: the dose stands in the pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import FileDataset

from dosebus.domain.ct import CTAccumulated, CTEvent, CTReport
from dosebus.domain.study import Equipment, Study
from dosebus_simulator import concepts as c
from dosebus_simulator.concepts import retired
from dosebus_simulator.ct import ct_study
from dosebus_simulator.devices import Device
from dosebus_simulator.image_writer import SECONDARY_CAPTURE, new_image
from dosebus_simulator.restyle import restyled_study
from dosebus_simulator.simulated import SimulatedObject, SimulatedStudy
from dosebus_simulator.styles import STYLES
from dosebus_simulator.totals import rounded_sum
from dosebus_simulator.visit import REFERENCE_DAY, Visit, visit

SIDE, LINE = 512, 20
READ_OFF = c.dcm("113868", "Derived From Human-Readable Reports")
GE_TYPES = MappingProxyType(
    {
        c.CONSTANT_ANGLE.code_value: "Scout",
        retired(c.SPIRAL).code_value: "Helical",
        c.SEQUENCED.code_value: "Axial",
        c.STATIONARY_CT.code_value: "Smart Prep",
    }
)
TOSHIBA_TYPES = MappingProxyType(
    {
        c.CONSTANT_ANGLE.code_value: "Scanoscope",
        retired(c.SPIRAL).code_value: "Helical",
        c.SEQUENCED.code_value: "S&S",
        c.STATIONARY_CT.code_value: "SureStart",
    }
)
PHANTOMS = MappingProxyType({c.HEAD_PHANTOM.code_value: "Head 16", c.BODY_PHANTOM.code_value: "Body 32"})

Print = tuple[int, int, str]
"""Left and top in pixels, and what is printed there."""


@dataclass(frozen=True)
class Layout:
    """How one vendor's screen looks, and who sends it. `digits` are those of DLP."""

    kind: str
    equipment: Equipment
    series_description: str
    series_number: str
    digits: int
    print_size: int
    prints: Callable[[Sequence[CTEvent], float], list[Print]]


def _scanner(maker: str, model: str, station: str) -> Equipment:
    place = "Riverside Teaching Hospital"
    return Equipment(
        manufacturer=maker,
        model=model,
        institution=place,
        station_name=station,
        display_name=f"{place} {station}",
    )


def _ge_range(event: CTEvent) -> str:
    """Two positions in mm, S towards the head, I towards the feet."""
    top, bottom = event.top_z_of_reconstructable_volume_mm, event.bottom_z_of_reconstructable_volume_mm
    if top is None or bottom is None:
        return "-"
    return "-".join(f"{'S' if z >= 0 else 'I'}{abs(z):.3f}" for z in (top, bottom))


def _ge_row(number: int, event: CTEvent) -> tuple[str, ...]:
    kind = GE_TYPES[event.event_type.code_value if event.event_type else None]
    if event.dlp_mgycm is None:
        return (str(number), kind, "-", "-", "-", "-")
    phantom = PHANTOMS[event.ctdiw_phantom_type.code_value if event.ctdiw_phantom_type else None]
    return (
        str(number),
        kind,
        _ge_range(event),
        f"{event.ctdivol_mgy:.2f}",
        f"{event.dlp_mgycm:.2f}",
        phantom,
    )


def ge_prints(events: Sequence[CTEvent], total: float) -> list[Print]:
    """Exam, a table of series, the total."""
    lefts = (20, 75, 150, 270, 330, 410)
    headings = ("Series", "Type", "Scan Range", "CTDIvol", "DLP", "Phantom")
    units = ("", "", "(mm)", "(mGy)", "(mGy-cm)", "cm")
    rows = [headings, units, *(_ge_row(number, event) for number, event in enumerate(events, start=1))]
    prints = [(20, 20, "Exam Description: CT"), (200, 80, "Dose Report")]
    for place, cells in enumerate(rows):
        prints += [(left, 110 + LINE * place, cell) for left, cell in zip(lefts, cells, strict=True) if cell]
    below = 110 + LINE * (len(rows) + 1)
    return [*prints, (180, below, "Total Exam DLP:"), (330, below, f"{total:.2f}"), (250, 480, "1/1")]


def toshiba_prints(events: Sequence[CTEvent], total: float) -> list[Print]:
    """Totals by phantom, then every acquisition under its own headings."""
    body = any(event.ctdiw_phantom_type == c.BODY_PHANTOM for event in events)
    told = (f"(Head): - (Body): {total:.1f}") if body else (f"(Head): {total:.1f} (Body): -")
    prints = [(20, 20, "Patient Name: SIMULATED"), (20, 45, "<<Dose Information>>")]
    prints += [(30, 65, f"DLP.e (mGy.cm) {told}"), (20, 90, "<<Detail Information>>")]
    lefts, headings = (30, 140, 290, 410), ("Total mAs", "Exposure Time", "CTDIvol.e", "DLP.e")
    top = 112
    for number, event in enumerate(events, start=1):
        kind = TOSHIBA_TYPES[event.event_type.code_value if event.event_type else None]
        values = ["2310", f"{event.exposure_time_s:.1f}"]
        if event.dlp_mgycm is not None:
            values += [f"{event.ctdivol_mgy:.1f}", f"{event.dlp_mgycm:.1f}"]
        prints.append((20, top, f"{number}.Scan {kind}"))
        named = zip(lefts, headings, values, strict=False)
        for left, heading, value in named:
            prints += [(left, top + LINE, heading), (left + 5, top + 2 * LINE, value)]
        top += 3 * LINE + 10
    return prints


GE = Layout(
    "ge-dose-screen",
    _scanner("GE MEDICAL SYSTEMS", "LightSpeed VCT", "CTOLD5"),
    "Dose Report",
    "999",
    2,
    13,
    ge_prints,
)
TOSHIBA = Layout(
    "toshiba-dose-screen",
    _scanner("TOSHIBA", "Aquilion", "CTOLD6"),
    "Dose Summary",
    "1000",
    1,
    14,
    toshiba_prints,
)


def drawn(prints: Iterable[Print], print_size: int) -> bytes:
    """White print on black: 512 x 512 grey values."""
    picture = Image.new("L", (SIDE, SIDE), 0)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(print_size)
    for left, top, words in prints:
        pen.text((left, top), words, fill=255, font=font)
    return picture.tobytes()


def _screen(layout: Layout, visited: Visit, study: Study, pixels: bytes) -> FileDataset:
    image = new_image(
        study,
        SECONDARY_CAPTURE,
        visited.source.uid(),
        modality="CT",
        taken=visited.started,
        series_uid=visited.source.uid(),
    )
    image.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    image.ConversionType = "WSD"
    image.Laterality = ""
    image.SeriesDescription, image.SeriesNumber = layout.series_description, layout.series_number
    image.Rows = image.Columns = SIDE
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.PixelData = pixels
    image["PixelData"].VR = "OB"
    return image


def _as_told(event: CTEvent, digits: int) -> CTEvent:
    """What of an event a screen shows: scout views without dose, doses with few digits."""
    scout = event.event_type == c.CONSTANT_ANGLE
    shown: dict[str, Any] = {
        "irradiation_event_uid": None,
        "ctdivol_mgy": None if scout else round(event.ctdivol_mgy or 0.0, digits),
        "dlp_mgycm": None if scout else round(event.dlp_mgycm or 0.0, digits),
    }
    return event.model_copy(update=shown)


def _truth(study: Study, uid: str, events: tuple[CTEvent, ...], total: float) -> Study:
    told = tuple(
        CTEvent(event_type=event.event_type, ctdivol_mgy=event.ctdivol_mgy, dlp_mgycm=event.dlp_mgycm)
        for event in events
    )
    report = CTReport(
        source_of_dose_information=READ_OFF,
        accumulated=(CTAccumulated(ct_dlp_total_mgycm=total),),
        events=told,
    )
    left_out = (
        "series_instance_uid", "series_time", "content_time", "requested_procedure", "requested_procedure_code_value",
    )  # fmt: skip
    totals = study.totals.model_copy(update={"total_dlp_mgycm": total, "number_of_events": len(told)})
    return study.model_copy(
        update={
            "ct_reports": (report,),
            "totals": totals,
            "sop_instance_uids_processed": (uid,),
            **dict.fromkeys(left_out),
        }
    )


def make_dose_screen(layout: Layout, *seed: object, day: date = REFERENCE_DAY) -> SimulatedStudy:
    """A CT study told by one screen of a layout."""
    device = Device("CT", layout.equipment)
    visited = visit("CT", layout.kind, *seed, device=device, day=day, child=False)
    study = restyled_study(ct_study(visited), STYLES["retired"])
    events = tuple(_as_told(event, layout.digits) for event in study.ct_reports[0].events[:5])
    total = rounded_sum((event.dlp_mgycm for event in events), layout.digits)
    image = _screen(layout, visited, study, drawn(layout.prints(events, total), layout.print_size))
    made = SimulatedObject(layout.kind, image)
    return SimulatedStudy(layout.kind, (made,), _truth(study, made.sop_instance_uid, events, total))
