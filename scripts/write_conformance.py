"""Write docs/conformance.md from the code's tables. `--check` tells whether it is current."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from pydicom.pixels.decoders.base import get_decoder
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from dosebus.dicom import storage
from dosebus.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dosebus_extract.images import registry as images
from dosebus_extract.images.captures import CAPTURE_CLASSES
from dosebus_extract.images.dose_screen import pixels
from dosebus_extract.kinds import (
    arcadis,
    ct,
    participants,
    projection,
    projection_event,
    radiopharmaceutical,
    report,
    structured,
)
from dosebus_extract.kinds import registry as kinds
from dosebus_extract.quirks import registry as quirks
from dosebus_extract.quirks.leniency import LENIENCIES
from dosebus_extract.read import ReadOptions
from dosebus_extract.sr import units
from dosebus_extract.sr.concepts import Row, Table
from dosebus_ingest.settings import IngestSettings
from dosebus_qr.peers import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from dosebus_qr.settings import QrSettings

FOLDER = Path(__file__).parents[1] / "docs"
PAGE = FOLDER / "conformance.md"
TEXT = FOLDER / "developer" / "conformance.in.md"
"""The page with a line `<!-- NAME -->` where a table is to stand."""

MODULES: tuple[ModuleType, ...] = (
    report,
    participants,
    ct,
    projection,
    projection_event,
    radiopharmaceutical,
    arcadis,
)
PRIVATE_NAMES = {storage.SIEMENS_CSA_NON_IMAGE: "Siemens CSA Non-Image Storage (private)"}
WAYS = {
    "code": "code",
    "text": "text",
    "uid": "UID",
    "count": "whole number",
    "moment": "date and time",
    "configured": "yes or no",
    "as_sent": "figure as sent",
}
"""How a value is read, by the name of the function that reads it."""


def uid_name(uid: str) -> str:
    """The registered name of a UID."""
    return PRIVATE_NAMES.get(uid) or UID(uid).name


def what_is_done(uid: str) -> str:
    """What extract does with objects of a storage class."""
    if uid in kinds._SR_CLASSES:
        return "read when the document title is a dose report's"
    if uid in CAPTURE_CLASSES:
        captures = ", ".join(f"`{kind}`" for _fits, (kind, _read) in images._CAPTURES)
        return f"read where it is one of {captures}"
    if uid == images._CT_IMAGE:
        return f"read where it is a `{images._DOSE_SCREEN[0]}`"
    known = images._BY_CLASS.get(uid)
    return "kept, not read" if known is None else f"header read as `{known[0]}`"


def class_lines() -> Iterator[str]:
    yield "| SOP class | UID | what is done |\n|---|---|---|"
    for uid in storage.STORAGE_CLASSES:
        yield f"| {uid_name(uid)} | {uid} | {what_is_done(uid)} |"


def syntax_lines() -> Iterator[str]:
    yield "| transfer syntax | UID | data set |\n|---|---|---|"
    for uid in storage.TRANSFER_SYNTAXES:
        read = "read" if uid in storage.UNCOMPRESSED else f"header read; {_pixels(uid)}"
        yield f"| {uid_name(uid)} | {uid} | {read} |"


def _pixels(uid: str) -> str:
    """What becomes of the pixels of a dose screen in a compressed transfer syntax."""
    if uid in pixels.LOSSLESS_JPEG | pixels.HIGH_THROUGHPUT:
        return "dose screens decoded"
    try:
        decodable = get_decoder(uid).is_available
    except NotImplementedError:
        decodable = False
    return "dose screens decoded" if decodable else "pixels not decoded: dose screens are kept for review"


def kind_lines() -> Iterator[str]:
    yield "| kind | document title | template | also known by its content |\n|---|---|---|---|"
    content = {kind: sorted(codes) for codes, kind in structured._CONTENT}
    titles = {kind: title for title, kind in structured._TITLES.items() if kind}
    templates = {kind: template for template, kind in structured._TEMPLATES.items()}
    for kind in structured._READERS:
        told = (titles.get(kind, "113701"), templates.get(kind, "none"), ", ".join(content.get(kind, ())))
        yield f"| `{kind}` | {told[0]} | {told[1]} | {told[2] or '–'} |"


def unit_lines() -> Iterator[str]:
    yield "| quantity | units (UCUM, without regard to case) |\n|---|---|"
    quantities: dict[str, list[str]] = {}
    for unit, (dimension, _factor) in units._UNITS.items():
        quantities.setdefault(dimension.replace("_", " "), []).append(unit.rstrip("_"))
    for quantity, known in quantities.items():
        yield f"| {quantity} | {', '.join(known)} |"


def leniency_lines() -> Iterator[str]:
    yield "| what devices do | what comes of it | in the code | seen in |\n|---|---|---|---|"
    for one in LENIENCIES:
        yield f"| {one.name} | {one.reason} | `{one.place}` | {one.seen_in or 'reported, no sample'} |"


def role_lines() -> Iterator[str]:
    yield "| service | SOP class | role |\n|---|---|---|"
    yield f"| C-ECHO | {uid_name(storage.VERIFICATION)} | SCP and SCU |"
    yield f"| C-STORE | the {len(storage.STORAGE_CLASSES)} storage classes below | SCP; SCU for `dosebus send` |"
    yield f"| C-FIND | {uid_name(STUDY_ROOT_FIND)} ({STUDY_ROOT_FIND}) | SCU |"
    yield f"| C-MOVE | {uid_name(STUDY_ROOT_MOVE)} ({STUDY_ROOT_MOVE}) | SCU; objects come to the own C-STORE SCP |"
    yield "| STOW-RS | `POST /dicom-web/studies`, `POST /dicom-web/studies/{study}` | origin server |"


def limit_lines() -> Iterator[str]:
    told = (
        (IngestSettings, "ingest_ae_title", "AE title"),
        (IngestSettings, "dicom_port", "port"),
        (IngestSettings, "max_associations", "associations at once"),
        (IngestSettings, "max_pdu_bytes", "largest PDU received, bytes"),
        (IngestSettings, "acse_timeout_seconds", "acceptor: time for the association request, s"),
        (IngestSettings, "network_timeout_seconds", "acceptor: idle association is aborted after, s"),
        (IngestSettings, "max_object_bytes", "largest object, bytes"),
        (IngestSettings, "min_free_bytes", "room on the disk below which objects are refused, bytes"),
        (QrSettings, "connect_timeout_seconds", "requestor: time for the connection, s"),
        (QrSettings, "acse_timeout_seconds", "requestor: time for the association, s"),
        (QrSettings, "dimse_timeout_seconds", "requestor: time for the next answer, s"),
    )
    yield "| what | default | setting |\n|---|---|---|"
    for settings, name, meaning in told:
        service = "ingest" if settings is IngestSettings else "qr"
        yield f"| {meaning} | {settings.model_fields[name].default} | {service}: `DOSEBUS_{name.upper()}` |"
    yield f"| implementation class UID | {IMPLEMENTATION_CLASS_UID} | |"
    yield f"| implementation version name | {IMPLEMENTATION_VERSION_NAME} | |"


def concept_names() -> dict[str, str]:
    """Code value -> meaning of the standard's concepts (DCM and SNOMED CT)."""
    found: dict[str, str] = {}
    for scheme in (codes.DCM, codes.SCT):
        for keyword in scheme.dir():
            try:
                entry = getattr(scheme, keyword)
            except (AttributeError, RuntimeError):
                continue
            found.setdefault(entry.value, entry.meaning)
    return found


def way_of(how: Callable[..., Any]) -> str:
    """How a row reads its value, in words."""
    made_by = how.__qualname__.partition(".")[0]
    if made_by in ("quantity", "quantities"):
        unit = inspect.getclosurevars(how).nonlocals["unit"]
        many = ", one a pulse" if made_by == "quantities" else ""
        return f"number in {unit}{many}" if unit else f"number{many}"
    if made_by == "code_or_text":
        return "code or text"
    if made_by == "known":
        return "understood, adds nothing"
    return WAYS.get(made_by, "container or item with parts")


def key_of(row: Row) -> str:
    """The record's key, or what stands instead of one."""
    if row.key is not None:
        return f"`{row.key}`" + (" (each)" if row.many else "")
    key = inspect.getclosurevars(row.how).nonlocals.get("key")
    return f"`{key}`, `{key}_text`" if key else "–"


def table_lines(table: Table, names: dict[str, str]) -> Iterator[str]:
    yield "| code | concept | record key | value |\n|---|---|---|---|"
    rows = dict.fromkeys(row for several in table.rows.values() for row in several)
    for row in rows:
        if row in participants.OBSERVER_ROWS:
            continue
        meaning = next((names[code] for code in row.codes if code in names), "")
        yield f"| {', '.join(row.codes)} | {meaning} | {key_of(row)} | {way_of(row.how)} |"


def concept_lines() -> Iterator[str]:
    names = concept_names()
    for module in MODULES:
        title = (module.__doc__ or module.__name__).strip().rstrip(".")
        yield f"### {title}\n"
        for name, table in vars(module).items():
            if isinstance(table, Table) and not _borrowed(module, name):
                yield f"**{name.strip('_').replace('_', ' ').capitalize()}**\n"
                yield from table_lines(table, names)
                yield ""


def _borrowed(module: ModuleType, name: str) -> bool:
    """Whether a module only imports a table that another one declares."""
    return module is projection and name in vars(projection_event) and name == "EVENT"


def quirk_lines() -> Iterator[str]:
    yield "| oddity | what is put right, and why | seen in |\n|---|---|---|"
    for quirk in quirks.ALL:
        yield f"| {quirk.name} | {quirk.reason} | {quirk.seen_in or 'reported, no sample'} |"


def ignored_model_lines() -> Iterator[str]:
    models = ", ".join(ReadOptions().ignored_observer_uid_models)
    yield f"Device Observer UIDs that say nothing, because they change with every study: {models}."


TABLES: MappingProxyType[str, Callable[[], Iterator[str]]] = MappingProxyType({
    "ROLES": role_lines,
    "LIMITS": limit_lines,
    "CLASSES": class_lines,
    "SYNTAXES": syntax_lines,
    "CONCEPTS": concept_lines,
    "KINDS": kind_lines,
    "UNITS": unit_lines,
    "QUIRKS": quirk_lines,
    "LENIENCIES": leniency_lines,
    "IGNORED MODELS": ignored_model_lines,
})  # fmt: skip


def page() -> str:
    """The whole page. Raises ValueError when the text leaves a table out."""
    told = TEXT.read_text(encoding="utf-8")
    for name, lines in TABLES.items():
        mark = f"<!-- {name} -->"
        if told.count(mark) != 1:
            raise ValueError(f"{TEXT.name} must hold {mark} once")
        told = told.replace(mark, "\n".join(lines()).rstrip())
    return told


def main() -> int:
    wanted = page()
    if "--check" in sys.argv:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted
        print(
            "conformance page: current"
            if current
            else "docs/conformance.md is not current: run make contracts"
        )
        return 0 if current else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
