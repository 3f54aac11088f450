"""What the readers take from any device although the standard has it otherwise: declared, so that it can be told.

Unlike the quirks these need no look at the maker: the places named here do it for every object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Leniency:
    """One departure that is read all the same: what devices do, what comes of it, where in the code, seen in what."""

    name: str
    reason: str
    place: str
    seen_in: str = ""


LENIENCIES: Final = (
    Leniency(
        "SNOMED-RT, SNOMED CT and UMLS codes",
        "concepts and values are matched in every scheme that devices use; what is kept is the code as sent",
        "kinds",
        "CT-RDSR-Siemens_Flash-TAP-SS",
    ),
    Leniency(
        "other words for a concept",
        "concepts are found by code, never by meaning: case, blanks and language of the "
        "meaning do not matter",
        "sr.tree",
        "CT-RDSR-ToshibaPixelMed",
    ),
    Leniency(
        "spellings of units",
        "Gym2, dGy·cm², cGy cm2, mGycm, uAs, pulse/s and their kin are the UCUM units that they "
        "mean; an absent unit is the one that the template asks for",
        "sr.units",
        "DX-RDSR-Carestream_DRXEvolution",
    ),
    Leniency(
        "number as text",
        "a number in a TEXT item, with decimal comma or with its unit behind it, is a number",
        "sr.concepts",
    ),
    Leniency(
        "number beside its place",
        "a Numeric Value outside the Measured Value Sequence, or only a Floating Point Value, is read",
        "sr.stray_values",
    ),
    Leniency(
        "decimal comma",
        "75,5 is 75.5 in reports and headers; a comma between two numbers of three digits parts a list",
        "sr.header",
    ),
    Leniency(
        "concept told by its name",
        "where the code is missing, or is one that nobody knows, the name of PS3.16 finds the concept; it fills gaps "
        "only, and names in a maker's own scheme (99...) say nothing",
        "sr.names",
    ),
    Leniency(
        "value told in words",
        "planes, sides, and types of acquisition without a code count as the code of their name",
        "sr.names",
    ),
    Leniency(
        "known values in an unknown group",
        "a container that no template has here is opened where it holds what belongs here; it fills gaps only",
        "sr.concepts",
    ),
    Leniency(
        "force in kilograms, age in days",
        "a mass told for a force is its weight; a span of time told for an age is years",
        "sr.units",
    ),
    Leniency(
        "sums at the root",
        "accumulated values without their container are the report's totals",
        "kinds.projection",
        "ct_rdsr_as_comprehensive_sr_synthetic",
    ),
    Leniency(
        "sums left out",
        "fluoroscopy and acquisition make the total of a plane; else the events do, glandular dose by breast",
        "totals",
    ),
    Leniency(
        "sum of all planes beside those of each",
        "the planes' own sums are added, that of all planes is not",
        "totals",
    ),
    Leniency(
        "source without its container",
        "tube voltage and current beside the acquisition's parameters are those of one source",
        "kinds.ct",
    ),
    Leniency(
        "dose report under another title",
        "an object of a dose report's SOP class whose content is one is read, whatever its title",
        "kinds.structured",
    ),
    Leniency(
        "value in another element",
        "a UID, a date, a name or a code that stands in the element of another value type is read from there",
        "sr.stray_values",
        "RF-RDSR-GE",
    ),
    Leniency(
        "value type missing",
        "it follows from the value that is there",
        "sr.stray_values",
        "ct_rdsr_as_comprehensive_sr_synthetic",
    ),
    Leniency(
        "empty measured value",
        "with or without a qualifier: the value is absent, the rest is read",
        "sr.concepts",
        "DX-RDSR-Canon_CXDI",
    ),
    Leniency(
        "several values in one number",
        "per-pulse quantities become lists; of others the first value stands",
        "sr.concepts",
        "RF-RDSR-Eurocolumbus",
    ),
    Leniency(
        "dates in other forms",
        "separators, fractions and time zones are taken; the zone is dropped, the local time "
        "stands; a date alone is midnight; what is no date is left out and noted",
        "sr.moments",
    ),
    Leniency(
        "item by reference",
        "an item that only refers to another one of the tree is told where it refers",
        "sr.references",
    ),
    Leniency(
        "template not declared or named otherwise",
        "content decides before the template, the procedure reported after it",
        "kinds.structured",
        "RF-RDSR-GE-OECEliteMiniView",
    ),
    Leniency(
        "root without a name",
        "a dose report one level down stands for the root",
        "kinds.structured",
        "ct_rdsr_as_comprehensive_sr_synthetic",
    ),
    Leniency(
        "containers of a CT event left out",
        "their content is read below the event itself; dose check details at either place",
        "kinds.ct",
    ),
    Leniency(
        "intent missing", "Procedure Reported without Has Intent is taken", "kinds.report", "CT-ESR-GE_Optima"
    ),
    Leniency("person without a name", "dropped, the rest of the container is read", "kinds.participants"),
    Leniency(
        "observers declared before their attributes",
        "attributes tell persons from devices",
        "kinds.participants",
        "DX-RDSR-Carestream_DRXEvolution",
    ),
    Leniency(
        "laterality below region or structure",
        "read at either place (CP-1676)",
        "kinds.projection_event",
        "RF-RDSR-Eurocolumbus",
    ),
    Leniency(
        "reference point as text", "kept as text beside the coded form", "sr.concepts", "DX-RDSR-Canon_CXDI"
    ),
    Leniency(
        "minimum of a filter above its maximum",
        "the two change places",
        "kinds.projection_event",
        "DX-Im-Carestream_DR7500-2",
    ),
    Leniency(
        "several filters in one element",
        "comma lists are as many filters as materials",
        "images.filters",
        "DX-Im-Carestream_DR7500-2",
    ),
    Leniency(
        "material and thickness in the filter's type",
        "CU_0.2_MM is a flat filter of 0.2 mm copper; so are 0.2mm Cu and several of them joined by +",
        "images.filters",
    ),
    Leniency("decimals in integer strings", "161.3 ms stays 161.3 ms", "sr.header"),
    Leniency(
        "numbers in another representation",
        "binary where text should be, and text where binary should be, are read",
        "sr.header",
    ),
    Leniency(
        "another transfer syntax than told",
        "the first element tells explicit from implicit and little from big endian; archives relabel files",
        "sr.reader",
    ),
    Leniency(
        "zeros behind the data set", "with which archives fill a file up are passed over", "sr.encoding"
    ),
    Leniency("private block without reservation", "the element of the first block is read", "sr.header"),
    Leniency(
        "side told by frame or series only",
        "Image Laterality, Frame Laterality, Laterality in this order",
        "images.exposure",
        "MG-Im-Hologic-PropProj",
    ),
    Leniency(
        "exposure in functional groups",
        "of an enhanced object the shared groups, the 3D acquisition and the first frame count; of projections the "
        "frames' exposures and doses are added",
        "images.functional_groups",
    ),
    Leniency(
        "mammogram in another class",
        "a CR or DX image whose modality is MG is a mammogram",
        "images.registry",
    ),
    Leniency(
        "field size only as Exposed Area",
        "its centimetres make the field where Field of View Dimensions are missing",
        "images.exposure",
    ),
    Leniency(
        "entrance dose in whole decigray only",
        "read where the one in mGy is missing; zero says nothing",
        "images.exposure",
    ),
    Leniency(
        "activity in the other unit",
        "100 000 MBq and more in an NM image are Bq, 1 to 10 000 Bq in a PET image are MBq",
        "images.nuclear_image",
    ),
    Leniency(
        "accession number and request in sequences",
        "Request Attributes and Referenced Request fill what the study's own elements leave empty",
        "study_header",
    ),
    Leniency(
        "report without study date",
        "Content Date, then Series Date; without any it stands under 1900-01-01 with an "
        "error noted; an image without date keeps none",
        "kinds.structured",
        "DX-Im-Date-Missing",
    ),
    Leniency(
        "age that dates contradict",
        "a birth date that gives a negative age, one above 120 years, or one that "
        "differs from the age string by more than 2 years is not used",
        "study_header",
        "NM-RRDSR-Siemens",
    ),
    Leniency("patient size or weight as text", "left out; the rest of the object is read", "study_header"),
    Leniency(
        "Philips dose information under another name",
        "a Philips capture whose series is named after dose and that holds an Exposure Dose Sequence is read like "
        "“Dose Info”",
        "images.registry",
    ),
    Leniency(
        "dose screen that lies on its side",
        "a screen that says to be one is turned until its print can be read",
        "images.dose_screen.looks",
    ),
    Leniency(
        "dose screen of a console in another language",
        "totals and types are known in English, German, French, Spanish and Italian; decimal commas and thousands are "
        "read",
        "images.dose_screen.ge",
    ),
    Leniency("several calibration dates", "left out; the rest of the object is read", "study_header"),
)
