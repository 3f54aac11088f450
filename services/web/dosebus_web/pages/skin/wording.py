"""The sentences of the skin dose page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dosebus_web.language import marked

ISODOSES_GY: Final = (2, 3, 5, 10)
NOTICED_GY: Final = 2.0
"""From this peak on the figure is set off: below it no early reaction of skin is expected (ICRP 118)."""

REGIONS: Final[Mapping[str, str]] = {
    "torso front": marked("Torso, front"),
    "torso left": marked("Torso, left side"),
    "torso back": marked("Torso, back"),
    "torso right": marked("Torso, right side"),
    "head front": marked("Head, front"),
    "head left": marked("Head, left side"),
    "head back": marked("Head, back"),
    "head right": marked("Head, right side"),
}
OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "computed": (marked("whole"), "good"),
    "partial": (marked("in part"), "warn"),
    "not_computed": (marked("not computed"), ""),
}
"""What became of a map, and the tone of its badge."""
METHODS: Final[Mapping[str, str]] = {
    "corrected": marked("Corrected"),
    "reference": marked("As openSkin and OpenREM compute it"),
}
SOURCES: Final[Mapping[str, str]] = {
    "extracted": marked("as the study states"),
    "assumed": marked("assumed, the study states none"),
}
BUDGET: Final[Mapping[str, str]] = {
    "air_kerma": marked("Air kerma at the reference point"),
    "table": marked("Table and mattress"),
    "backscatter": marked("Backscatter"),
    "distance": marked("Distance"),
    "field": marked("Size and overlap of fields"),
    "heel_and_wedge": marked("Heel effect and wedge filters"),
}
POSITIONS: Final = (marked("longitudinal"), marked("lateral"), marked("height"))

SCRIPT: Final[Mapping[str, str]] = {
    "no_skin": marked("no skin here"),
    "place": marked("Row {row}, column {column}; {crown} cm below the crown"),
    "said": marked("{dose} Gy. {region}. Row {row}, column {column}."),
    "most": marked("Event {event} gave most here: {dose} Gy, {share} %"),
    "most_of": marked("Events {first} to {last} gave most here: {dose} Gy, {share} %"),
    "no_event": marked("No event gave dose here"),
    "events": marked("Events {first} to {last}"),
    "event": marked("Event {event}"),
    "row_of_event": marked("Open its row"),
    "up_to": marked("{event} ({at} of {total}) and all before"),
    "alone": marked("{event} ({at} of {total}) alone"),
    "all": marked("All events on the map"),
    "play": marked("Play"),
    "pause": marked("Pause"),
    "peak": marked("Peak"),
    "front": marked("Front"),
    "left": marked("Left"),
    "back": marked("Back"),
    "right": marked("Right"),
    "no_line": marked("The peak is below 2 Gy: no isodose line."),
    "lines": marked("Isodose lines drawn: {levels}"),
    "no_dose": marked("no dose"),
    "no_webgl": marked("This browser shows no 3D (WebGL). The flat map has all that the body would show."),
    "body": marked(
        "The body with the dose. Arrow keys turn it, plus and minus bring it nearer or farther, Home sets it back."
    ),
}
"""What the script says; `{name}` is filled in there."""
SCRIPT_OF_SUM: Final[Mapping[str, str]] = {
    "most": marked("Study {event} gave most here: {dose} Gy, {share} %"),
    "no_event": marked("No study gave dose here"),
    "event": marked("Study {event}"),
    "row_of_event": marked("Open its map"),
    "all": marked("All studies on the map"),
}
"""The same of a sum, whose steps are studies."""
