"""A map as it is sent: to the script that draws it, and as CSV.

`map.bin`: the length of a JSON head (uint32), the head in UTF-8 filled up with blanks to a multiple of eight with
those four bytes, `rows x columns` float64 (Gy), then what the steps gave: uint16 places in the flattened map and
float32 doses (Gy), one after the other as `steps` counts them. All little-endian.
"""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from dosebus_web.http.show import day
from dosebus_web.language import gettext as _
from dosebus_web.pages.skin.found import DoseMap, Member
from dosebus_web.pages.skin.scales import SCALES
from dosebus_web.pages.skin.wording import ISODOSES_GY, REGIONS, SCRIPT, SCRIPT_OF_SUM

ALIGNED = 8


def as_binary(found: DoseMap, events: Sequence[Any], address: str) -> bytes:
    """The map with its head; `events` are the study's events by number from 1, empty for a sum. `address` is that of
    the list of fluoroscopy."""
    head = json.dumps(_head(found, events, address), ensure_ascii=False).encode()
    head += b" " * (-(len(head) + 4) % ALIGNED)
    return struct.pack("<I", len(head)) + head + found.dose_bytes + found.step_bytes


def _head(found: DoseMap, events: Sequence[Any], address: str) -> dict[str, Any]:
    regions = list(REGIONS)
    words = {**SCRIPT, **SCRIPT_OF_SUM} if found.members else SCRIPT
    return {
        "rows": found.rows,
        "columns": found.columns,
        "stamp": found.stamp,
        "peak": {"row": found.peak_row, "column": found.peak_column, "gy": found.peak_gy},
        "parts": [
            {
                "first_row": part.first_row,
                "rows": part.rows,
                "first_column": part.first_column,
                "columns": part.columns,
                "first_y_cm": part.first_y_cm,
                "ring_cm": part.ring_cm,
                "regions": [regions.index(f"{part.name} {side}") for side in part.sides],
                "middles": dict(part.middles),
            }
            for part in found.parts
        ],
        "regions": [_(text) for text in REGIONS.values()],
        "steps": _steps(found, events, address),
        "isodoses_gy": ISODOSES_GY,
        "scales": [{"key": one.key, "label": _(one.label), "colours": one.colours} for one in SCALES],
        "words": {key: _(text) for key, text in words.items()},
    }


def _steps(found: DoseMap, events: Sequence[Any], address: str) -> list[dict[str, Any]]:
    """Events, runs of events, or the studies of a sum, each with what it was and where it is shown."""
    own = f"{address}/{found.study_id}"
    told = [(_told(step, events), f"{own}#event-{step['first_event']}") for step in found.steps]
    if found.members:
        told = [(_told_of(one), f"{address}/{one.study_id}/skin") for one in found.members]
    return [
        {
            "first": step["first_event"],
            "last": step["last_event"],
            "cells": step["cells"],
            "told": text,
            "address": link,
        }
        for step, (text, link) in zip(found.steps, told, strict=True)
    ]


def _told_of(member: Member) -> str:
    """What a study was: its day and its description."""
    parts = (day(member.study_date) if member.study_date else "", member.description)
    return ", ".join(part for part in parts if part)


def _told(step: Mapping[str, Any], events: Sequence[Any]) -> str:
    """What an event was: its type, protocol and angles."""
    if step["first_event"] != step["last_event"] or not 0 < step["first_event"] <= len(events):
        return ""
    event = events[step["first_event"] - 1]
    angles = (event.positioner_primary_angle_deg, event.positioner_secondary_angle_deg)
    texts = [event.event_type_meaning, event.acquisition_protocol]
    if None not in angles:
        texts.append(f"{angles[0]:.0f}° / {angles[1]:.0f}°")
    return ", ".join(text for text in texts if text)


def as_csv(found: DoseMap) -> str:
    """Rows and columns of the map with all digits of the dose (Gy); cells that are no skin are empty."""
    skin = {
        place
        for part in found.parts
        for row in range(part.first_row, part.first_row + part.rows)
        for place, _side in part.cells(row, found.columns)
    }
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([_("row \\ column, dose in Gy"), *range(found.columns)])
    for row in range(found.rows):
        places = range(row * found.columns, (row + 1) * found.columns)
        doses = (
            repr(found.dose_gy[place]) if place in skin or found.dose_gy[place] else "" for place in places
        )
        writer.writerow([row, *doses])
    return written.getvalue()
