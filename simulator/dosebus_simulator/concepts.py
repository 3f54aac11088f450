"""Coded concepts and units of the dose templates (PS3.16 TID 10001 to 10024), as a current device writes them.

SNOMED CT where the standard has it; `retired` gives the SNOMED-RT form that older devices still send.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from dosebus.domain.base import Code


class Unit(NamedTuple):
    """A UCUM unit with the meaning that devices give it."""

    code: str
    meaning: str


def dcm(value: str, meaning: str) -> Code:
    """A concept of the DICOM scheme (PS3.16 annex D)."""
    return Code(code_value=value, coding_scheme_designator="DCM", code_meaning=meaning)


def sct(value: str, meaning: str) -> Code:
    """A concept of SNOMED CT."""
    return Code(code_value=value, coding_scheme_designator="SCT", code_meaning=meaning)


RETIRED_VALUES = MappingProxyType(
    {
        "363703001": "G-C0E8",
        "261004008": "R-408C3",
        "371931008": "R-002E9",
        "77477000": "P5-08000",
        "116152004": "P5-08001",
        "71651007": "P5-40010",
        "44491008": "P5-06000",
        "15869005": "A-2C090",
        "38266002": "T-D0010",
        "818981001": "T-D4000",
        "816094009": "T-D3000",
        "69536005": "T-D1100",
        "80891009": "T-32000",
        "816092008": "T-D6000",
        "76752008": "T-04000",
        "408730004": "G-C32C",
        "399331006": "P5-0808E",
        "27483000": "P5-00100",
        "373066001": "R-0038D",
        "373067005": "R-00339",
        "24028007": "G-A100",
        "7771000": "G-A101",
        "73056007": "T-04020",
        "80248007": "T-04030",
        "272741003": "G-C171",
        "363698007": "G-C0E3",
        "399162004": "R-10242",
        "399368009": "R-10226",
        "399348003": "R-10206",
        "102538003": "F-10450",
        "40199007": "F-10340",
        "102540008": "F-10470",
        "66925006": "C-127F9",
        "12503006": "C-120F9",
        "59801003": "C-167F9",
        "71128006": "C-150F9",
        "41967008": "C-137F9",
        "91723000": "T-D0005",
        "349358000": "F-61FDB",
        "89457008": "C-10072",
        "304283002": "R-42806",
        "35321007": "C-B1031",
        "77004003": "C-111A1",
        "72454006": "C-163A8",
        "410675002": "G-C340",
        "47625008": "G-D101",
        "363589002": "G-C2D0",
        "241443006": "P5-0A00A",
    }
)
"""SNOMED CT concept: SNOMED-RT code that devices used before 2017 (PS3.16 annex O)."""


def retired(code: Code) -> Code:
    """The SNOMED-RT form of a SNOMED CT concept; any other concept as it is."""
    value = RETIRED_VALUES.get(code.code_value or "") if code.coding_scheme_designator == "SCT" else None
    if value is None:
        return code
    return Code(code_value=value, coding_scheme_designator="SRT", code_meaning=code.code_meaning)


GYM2 = Unit("Gy.m2", "Gy.m2")
GY = Unit("Gy", "Gy")
MGY = Unit("mGy", "mGy")
MGYCM = Unit("mGy.cm", "mGy.cm")
MSV = Unit("mSv", "mSv")
MM = Unit("mm", "mm")
MM2 = Unit("mm2", "mm2")
M2 = Unit("m2", "m2")
CM2 = Unit("cm2", "cm2")
SECONDS = Unit("s", "s")
MILLISECONDS = Unit("ms", "ms")
KV = Unit("kV", "kV")
MA = Unit("mA", "mA")
UAS = Unit("uA.s", "uA.s")
DEGREES = Unit("deg", "deg")
NEWTON = Unit("N", "N")
KILOPASCAL = Unit("kPa", "kPa")
NO_UNITS = Unit("1", "no units")
RATIO = Unit("{ratio}", "ratio")
PERCENT = Unit("%", "Percent")
EVENTS = Unit("{events}", "events")
SOURCES = Unit("{X-Ray sources}", "X-Ray sources")
PULSES_PER_SECOND = Unit("{pulse}/s", "pulse/s")
MBQ = Unit("MBq", "MBq")
YEARS = Unit("a", "year")
METRES = Unit("m", "m")
KILOGRAMS = Unit("kg", "kg")

DOSE_REPORT = dcm("113701", "X-Ray Radiation Dose Report")
PROCEDURE_REPORTED = dcm("121058", "Procedure reported")
PROJECTION_XRAY = dcm("113704", "Projection X-Ray")
MAMMOGRAPHY = sct("71651007", "Mammography")
COMPUTED_TOMOGRAPHY = sct("77477000", "Computed Tomography X-Ray")
HAS_INTENT = sct("363703001", "Has Intent")
DIAGNOSTIC_INTENT = sct("261004008", "Diagnostic Intent")
COMBINED_INTENT = sct("371931008", "Combined Diagnostic and Therapeutic Procedure")
SCOPE_OF_ACCUMULATION = dcm("113705", "Scope of Accumulation")
STUDY_SCOPE = dcm("113014", "Study")
STUDY_INSTANCE_UID = dcm("110180", "Study Instance UID")
SOURCE_OF_DOSE_INFORMATION = dcm("113854", "Source of Dose Information")
AUTOMATED = dcm("113856", "Automated Data Collection")
OBSERVER_TYPE = dcm("121005", "Observer Type")
OBSERVER_DEVICE = dcm("121007", "Device")
COMMENT = dcm("121106", "Comment")
YES = sct("373066001", "Yes")
NO = sct("373067005", "No")
TARGET_REGION = dcm("123014", "Target Region")
EVENT_UID = dcm("113769", "Irradiation Event UID")
DATETIME_STARTED = dcm("111526", "DateTime Started")
ACQUISITION_PROTOCOL = dcm("125203", "Acquisition Protocol")
LATERALITY = sct("272741003", "Laterality")
RIGHT = sct("24028007", "Right")
LEFT = sct("7771000", "Left")
RIGHT_BREAST = sct("73056007", "Right breast")
LEFT_BREAST = sct("80248007", "Left breast")
DEVICE_ROLE = dcm("113876", "Device Role in Procedure")
IRRADIATING_DEVICE = dcm("113859", "Irradiating Device")

HEAD = sct("69536005", "Head")
CHEST = sct("816094009", "Chest")
ABDOMEN = sct("818981001", "Abdomen")
PELVIS = sct("816092008", "Pelvis")
HEART = sct("80891009", "Heart")
BREAST = sct("76752008", "Breast")
ENTIRE_BODY = sct("38266002", "Entire body")
HAND = sct("85562004", "Hand")
FOOT = sct("56459004", "Foot")

SINGLE_PLANE = dcm("113622", "Single Plane")
PLANE_A = dcm("113620", "Plane A")
PLANE_B = dcm("113621", "Plane B")
ALL_PLANES = dcm("113890", "All Planes")
FLUOROSCOPY = sct("44491008", "Fluoroscopy")
STATIONARY = dcm("113611", "Stationary Acquisition")
STEPPING = dcm("113612", "Stepping Acquisition")
ROTATIONAL = dcm("113613", "Rotational Acquisition")
PULSED = dcm("113631", "Pulsed")
FLUOROSCOPY_SYSTEM = dcm("113957", "Fluoroscopy-Guided Projection Radiography System")
INTEGRATED_SYSTEM = dcm("113958", "Integrated Projection Radiography System")
CASSETTE_SYSTEM = dcm("113959", "Cassette-based Projection Radiography System")
FIFTEEN_CM_FROM_ISOCENTER = dcm("113860", "15cm from Isocenter toward Source")
STRIP_FILTER = dcm("113650", "Strip filter")
FLAT_FILTER = dcm("113653", "Flat filter")
COPPER = sct("66925006", "Copper or Copper compound")
ALUMINUM = sct("12503006", "Aluminum or Aluminum compound")
RHODIUM = sct("59801003", "Rhodium or Rhodium compound")
MOLYBDENUM = sct("71128006", "Molybdenum or Molybdenum compound")
SILVER = sct("41967008", "Silver or Silver compound")
TUNGSTEN = sct("26194003", "Tungsten or Tungsten compound")

CONSTANT_ANGLE = dcm("113805", "Constant Angle Acquisition")
STATIONARY_CT = dcm("113806", "Stationary Acquisition")
SEQUENCED = dcm("113804", "Sequenced Acquisition")
SPIRAL = sct("116152004", "Spiral Acquisition")
FREE_CT = dcm("113807", "Free Acquisition")
HEAD_PHANTOM = dcm("113690", "IEC Head Dosimetry Phantom")
BODY_PHANTOM = dcm("113691", "IEC Body Dosimetry Phantom")
WITHOUT_CONTRAST = sct("399331006", "CT without contrast")
WITH_CONTRAST = sct("27483000", "Diagnostic radiography with contrast media")
