"""Sentences that services wrote into the database, told again in the reader's language.

Services write English, with numbers, names and UIDs filled in. A sentence is looked up with its fillings taken out; one
that is put together (`what: why`, `what (where)`) is told part by part.
"""

from __future__ import annotations

import re

from dosebus_web.language import gettext, spoken

OBJECTS = (
    "The study holds an object with this SOP Instance UID already.",
    "Another report of the study contains all its events.",
    "A rule on reading ignores this device.",
    "The study was removed.",
    "The reader failed",
    "A value cannot be stored",
    "it has no SOP Class UID or no SOP Instance UID",
    "it has no Study Instance UID",
    "objects of SOP class %(n1)s tell no dose that is read",
    "it is no radiation dose report",
    "its document title is %(n1)s (%(n2)s)",
    "its document title is %(n1)s",
    "its document title is missing",
    "its template (%(n1)s) and its content tell no known kind",
    "its template (none declared) and its content tell no known kind",
    "the object announces no dose screen of a known layout",
    "the screen shows no dose table",
    "the dose screen is not read",
    "its pixels cannot be decoded",
    "reading dose screens needs the program tesseract",
    "the program tesseract failed",
    "recognition took more than %(n1)s s",
    "confidence %(n1)s is below %(n2)s",
    "%(n1)s lines read, %(n2)s in doubt, their DLP make the total",
    "%(n1)s lines read, %(n2)s in doubt, their DLP do not make the total",
    "%(n1)s lines read, %(n2)s in doubt, there is no total to hold them against",
)
"""Why an object gave no record."""
BROKEN = (
    "not a DICOM object",
    "holds no data set",
    "ends inside the file meta information",
    "the file meta information is not explicit VR",
    "cannot be inflated",
    "inflates to more than %(n1)s bytes",
    "the deflated data set is cut off",
    "more than %(n1)s bytes in a rare encoding",
    "a rare encoding",
    "a deflated object has no part before its pixel data",
    "broken encoding",
    "ends inside an element's head",
    "ends inside an item",
    "ends inside an item's head",
    "ends inside a value",
    "ends inside a sequence",
    "a sequence has no end",
    "an item is longer than its sequence",
    "nested deeper than %(n1)s sequences",
    "more than %(n1)s elements",
    "data set",
    "byte %(n1)s",
    "element %(n1)s at byte %(n2)s",
)
"""How an object is broken, and where."""
FINDINGS = (
    "no object tells the date of the study",
    "the report tells no total DLP; the events' sum stands for it",
    "total DLP is %(n1)s mGy·cm, the events' sum %(n2)s",
    "%(n1)s events announced, %(n2)s told",
    "DLP is %(n1)s x CTDIvol x scanning length",
    "plane A: total DAP is %(n1)s cGy·cm², the events' sum %(n2)s",
    "plane B: total DAP is %(n1)s cGy·cm², the events' sum %(n2)s",
    "the report tells no accumulated dose",
    "%(n1)s events lack angles or distances",
    "irradiation ends before it starts",
    "%(n1)s times are days away from the study's date",
    "event %(n1)s is told %(n2)s times",
    "the study's objects name %(n1)s different patient IDs",
    "the report tells no date; it stands under 1900-01-01",
    "the report tells no time of the study; it stands under 00:00",
    "read off the pixels with confidence %(n1)s",
    "%(n1)s holds no date and time",
    "%(n1)s holds no number",
    "%(n1)s is in %(n2)s instead of %(n3)s",
    "%(n1)s lines of the dose screen could not be read or do not hold together",
    "an image tells another start datetime than the report",
    "an image tells another stop datetime than the report",
    "an image tells another administered activity mbq than the report",
    "an image tells another radionuclide half life s than the report",
)
"""What is odd about a study."""
HISTORY = (
    "height of the patient imported by %(n1)s",
    "weight of the patient imported by %(n1)s",
    "height and weight of the patient imported by %(n1)s",
    "derived again by extractor %(n1)s",
    "modality of the device set to what the content says by %(n1)s",
    "modality of the device set to RF by %(n1)s",
    "modality of the device set to DX by %(n1)s",
    "modality of the device set to dual by %(n1)s",
    "modality of the device set to none by %(n1)s",
)
"""Why a record was replaced."""
WORK = (
    "It broke off several times; the log of the extract service says why.",
    "Stopped while swapping; it can go on.",
    "The export broke off several times; the log of the export service says why.",
    "More than %(n1)s rows do not fit a worksheet; export CSV instead.",
    "%(n1)s events of one study do not fit the columns of a worksheet; export CSV.",
    "no connection",
    "the node did not accept in time",
    "the node rejected the association",
    "the node does not offer the service",
    "the node stopped answering C-FIND",
    "the node stopped answering C-MOVE",
    "the node has too many answers",
    "the node cannot send",
    "the association ended",
    "no answer to C-ECHO",
    "more than %(n1)s answers",
    "more than %(n1)s answers, even for one day",
    "the node has too many answers, even for one day",
    "C-ECHO answered with status %(n1)s",
    "C-FIND ended with status %(n1)s",
)
"""How a task in the background failed."""
SKIN = (
    "the model is not on the list of systems whose skin dose is mapped",
    "skin dose maps are switched off for this model",
    "no report lists the study's irradiation events",
    "no event reaches the phantom",
    "more than %(n1)s frames: the number of pulses or the angles cannot be right",
    "the study has no events",
    "no event has a place on the skin; %(n1)s of %(n2)s because",
    "no map of this study",
    "the dose at the reference point is missing or zero",
    "the distance from source to isocentre is missing",
    "the dose area product is missing",
    "the dose area product is negative",
    "kVp is missing",
    "the irradiation event type is missing",
    "the end angle of a rotational acquisition is missing",
    "the number of frames of a rotational acquisition is missing",
    "the reference point is at the source",
    "the reference point is not in front of the source",
    "the reference point has no distance",
    "the reference point is above the table top and the beam is nearly level with it",
    "the table position is missing",
    "no position",
    "the table position is missing and nothing names a body region",
    "table type none",
    "without a table of its own the system tells no patient position",
    "table type tilting",
    "the tilt of the table is missing",
    "the tube would be inside the patient",
    "position, orientation or size cannot be right",
    "the beam does not meet the patient",
    "the time for this study is over",
)
"""Why an event or a study has no place on a map of the skin."""
MESSAGES = (*OBJECTS, *BROKEN, *FINDINGS, *HISTORY, *WORK, *SKIN)

FILLED = re.compile(
    r"\([0-9A-F]{4},[0-9A-F]{4}\)|(?<=status )[0-9A-F]{4}\b|(?<= by )[\w.@-]+$|(?<= instead of )\S+$"
    r"|(?<![\w.,:-])\d+(?:\.\d+)*(?:e[-+]?\d+)?(?![\w-]|:\d)|“[^”]*”"
)
"""What a service filled into a sentence: tags, states, who asked for it, numbers, UIDs, and what stands in quotes."""
DECIMAL = re.compile(r"\d+\.\d+(?:e[-+]?\d+)?")
"""A number with decimals; versions and UIDs have more points than one."""
PUT_TOGETHER = (
    re.compile(r"(?P<head>[^:]+)(?P<between>: )(?P<rest>.+)"),
    re.compile(r"(?P<head>.+?)(?P<between> \()(?P<rest>.+)\)"),
)


def retold(message: str) -> str:
    """Such a sentence in the reader's language, numbers written as there; one that is not known stays English."""
    speech = spoken()
    filled = {f"n{number}": part for number, part in enumerate(FILLED.findall(message), 1)}
    names = iter(filled)
    sentence = FILLED.sub(lambda _part: f"%({next(names)})s", message)
    told = gettext(sentence)
    if told != sentence:
        written = {
            name: part.replace(".", speech.decimal) if DECIMAL.fullmatch(part) else part
            for name, part in filled.items()
        }
        return told % written if written else told
    return _in_parts(message)


def _in_parts(message: str) -> str:
    for way in PUT_TOGETHER:
        found = way.fullmatch(message)
        if found and (head := retold(found["head"])) != found["head"]:
            end = ")" if found["between"] == " (" else ""
            return f"{head}{found['between']}{retold(found['rest'])}{end}"
    return message
