"""What the reports of CT and projection X-ray have in common at their root (TID 10001, 10011)."""

from __future__ import annotations

from typing import Final

from dosebus_extract.kinds.participants import OBSERVER_ROWS, observers
from dosebus_extract.sr.concepts import (
    Reading,
    Row,
    Table,
    Values,
    code,
    known,
    moment,
    reads_below,
    text,
    uid,
)
from dosebus_extract.sr.tree import Node

_INTENT: Final = Row(("G-C0E8", "363703001"), "has_intent", code)
_SCOPE: Final = Table(
    Row(("110180", "121126", "112002", "113853", "113769", "113764"), "scope_uid", uid),
)
REPORT_ROWS: Final = (
    Row(("121058",), "procedure_reported", code, properties=Table(_INTENT)),
    _INTENT,
    Row(("113705",), "scope_of_accumulation", code, properties=_SCOPE),
    Row(("113854",), "source_of_dose_information", code),
    Row(("113809",), "start_of_irradiation_datetime", moment),
    Row(("113810",), "end_of_irradiation_datetime", moment),
    Row(("121106",), "comment", text),
    # Language, the study's own UID, station, persons and devices at report level add nothing to the record.
    Row(("121049", "110180", "110119"), None, reads_below(known)),
    Row(("113870", "113876"), None, reads_below(known)),
    *OBSERVER_ROWS,
)


def report_values(table: Table, root: Node, reading: Reading) -> Values:
    """What a report's table reads, with the report's own UID and its observers."""
    return {
        "sop_instance_uid": reading.sop_instance_uid,
        "observers": observers(root, reading),
        **table.read(root, reading),
    }
