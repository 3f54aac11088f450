"""One table of the units that dose reports use (UCUM, and the spellings that devices write instead)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# unit -> (dimension, factor to the dimension's base unit)
_UNITS: Final[dict[str, tuple[str, float]]] = {
    **{f"{p}gy.{q}m2": ("dap", f * g) for p, f in (("", 1.0), ("d", 1e-1), ("c", 1e-2), ("m", 1e-3), ("u", 1e-6))
       for q, g in (("", 1.0), ("d", 1e-2), ("c", 1e-4), ("m", 1e-6))},
    **{f"{p}gy": ("dose", f) for p, f in (("", 1.0), ("d", 1e-1), ("c", 1e-2), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9))},
    **{f"{p}gy.{q}m": ("dlp", f * g) for p, f in (("", 1.0), ("c", 1e-2), ("m", 1e-3), ("u", 1e-6))
       for q, g in (("", 1.0), ("c", 1e-2), ("m", 1e-3))},
    # Exposure in roentgen as air kerma: 2.58e-4 C/kg times 33.97 J/C.
    **{f"{p}r": ("dose", f * 8.764e-3) for p, f in (("", 1.0), ("m", 1e-3), ("u", 1e-6))},
    **{f"{p}sv": ("equivalent_dose", f) for p, f in (("", 1.0), ("m", 1e-3), ("u", 1e-6))},
    **{f"{p}sv{per}": ("k_factor", f) for per in ("/mgy.cm", "/(mgy.cm)", "/mgy/cm", ".mgy-1.cm-1")
       for p, f in (("", 1.0), ("m", 1e-3), ("u", 1e-6))},
    "m": ("length", 1.0), "dm": ("length", 1e-1), "cm": ("length", 1e-2), "mm": ("length", 1e-3),
    "um": ("length", 1e-6), "[in_i]": ("length", 0.0254),
    "m2": ("area", 1.0), "dm2": ("area", 1e-2), "cm2": ("area", 1e-4), "mm2": ("area", 1e-6),
    "l": ("volume", 1e-3), "ml": ("volume", 1e-6), "cm3": ("volume", 1e-6), "mm3": ("volume", 1e-9),
    "s": ("time", 1.0), "ms": ("time", 1e-3), "us": ("time", 1e-6), "ns": ("time", 1e-9),
    "min": ("time", 60.0), "h": ("time", 3600.0), "d": ("time", 86400.0),
    "a": ("age", 1.0), "mo": ("age", 1 / 12), "wk": ("age", 7 / 365.25),
    "kv": ("voltage", 1e3), "v": ("voltage", 1.0), "ev": ("energy", 1.0), "kev": ("energy", 1e3),
    "a_": ("current", 1.0), "ma": ("current", 1e-3), "ua": ("current", 1e-6),
    "a.s": ("charge", 1.0), "ma.s": ("charge", 1e-3), "ua.s": ("charge", 1e-6),
    "mas": ("charge", 1e-3), "uas": ("charge", 1e-6),
    "bq": ("activity", 1.0), "kbq": ("activity", 1e3), "mbq": ("activity", 1e6), "gbq": ("activity", 1e9),
    "ci": ("activity", 3.7e10), "mci": ("activity", 3.7e7), "uci": ("activity", 3.7e4),
    "bq/mol": ("specific_activity", 1.0), "mbq/mol": ("specific_activity", 1e6),
    "deg": ("angle", 1.0), "rad": ("angle", 57.29577951308232),
    "n": ("force", 1.0), "dan": ("force", 10.0), "kgf": ("force", 9.80665), "[lbf_av]": ("force", 4.4482216152605),
    "pa": ("pressure", 1.0), "hpa": ("pressure", 1e2), "mbar": ("pressure", 1e2), "bar": ("pressure", 1e5),
    "mm[hg]": ("pressure", 133.322), "n/cm2": ("pressure", 1e4), "n/m2": ("pressure", 1.0),
    "kpa": ("pressure", 1e3), "mpa": ("pressure", 1e6),
    "kg": ("mass", 1.0), "g": ("mass", 1e-3), "mg": ("mass", 1e-6), "[lb_av]": ("mass", 0.45359237),
    "kg/m2": ("body_mass_index", 1.0),
    "%": ("part", 1e-2), "1": ("part", 1.0),
    "{pulse}/s": ("rate", 1.0), "pulse/s": ("rate", 1.0), "/s": ("rate", 1.0), "1/s": ("rate", 1.0),
    "hz": ("rate", 1.0), "pulses/s": ("rate", 1.0), "{frames}/s": ("rate", 1.0), "{frame}/s": ("rate", 1.0),
}  # fmt: skip
_SPELLINGS: Final = {
    "mm[al]": "mm", "mmal": "mm",
    "degree": "deg", "degrees": "deg", "°": "deg",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "minute": "min", "minutes": "min", "year": "a", "years": "a", "month": "mo", "months": "mo",
    "week": "wk", "weeks": "wk", "yr": "a", "yrs": "a", "y": "a", "day": "d", "days": "d", "hour": "h", "hours": "h",
    "hr": "h", "mins": "min", "mmhg": "mm[hg]", "mmofal": "mm", "mmaleq": "mm", "kgs": "kg", "kilogram": "kg",
    "gray": "gy", "milligray": "mgy", "cc": "cm3", "pps": "/s", "p/s": "/s", "pulses/second": "/s", "frames/s": "/s",
    "images/s": "/s", "f/s": "/s",
    "newton": "n", "kvp": "kv", "percent": "%", "pulse/sec": "pulse/s", "pulses/sec": "pulses/s", "fps": "/s",
    "inch": "[in_i]", "in": "[in_i]", "lb": "[lb_av]", "lbs": "[lb_av]", "lbf": "[lbf_av]", "kp": "kgf",
}  # fmt: skip
# What devices write between the parts of a product instead of UCUM's full stop, and powers above the line.
_SIGNS: Final = str.maketrans(
    {"·": ".", "∙": ".", "⋅": ".", "×": ".", "*": ".", "²": "2", "³": "3", "^": None, "µ": "u", "μ": "u"}
)
_PRODUCT: Final = re.compile(r"(?<=gy)[ .x-]*(?=[dcmu]?m2?$)|(?<=a)[ .x-]+(?=s$)")
_ANNOTATION: Final = re.compile(r"(?<=\w)\{[^}]*\}")


# What stands for no unit at all: the template's unit is meant.
_NO_UNIT: Final = frozenset({"", "1", "{nounits}", "nounits", "nounit", "none", "n/a", "unknown"})
# A dimension that is sent for another one, and the factor between their base units: kilograms for a force, days of age.
_MEANT: Final = {("force", "mass"): 9.80665, ("age", "time"): 1 / (365.25 * 86400.0)}
_DOSE_DIMENSIONS: Final = frozenset(
    {"dap", "dose", "dlp", "equivalent_dose", "activity", "specific_activity"}
)


class WrongUnit(Exception):
    """A unit that is unknown or measures something else; `harmful` where the figure must not be kept as it is."""

    def __init__(self, unit: str, *, harmful: bool) -> None:
        super().__init__(unit)
        self.harmful = harmful


def conversion(unit: str | None, wanted: str) -> float:
    """The factor from a sent unit to the wanted one; an absent unit, and a bare count, is the wanted one.

    Raises WrongUnit where the two measure different things.
    """
    sent, target = _canonical(unit or ""), _canonical(wanted)
    if sent in {"", target} or wanted == "":
        return 1.0
    target_dimension, target_factor = _UNITS[target]
    if sent in _NO_UNIT and target_dimension != "part":
        return 1.0
    if sent not in _UNITS:
        raise WrongUnit(sent, harmful=target_dimension in _DOSE_DIMENSIONS)
    dimension, factor = _UNITS[sent]
    if dimension != target_dimension:
        between = _MEANT.get((target_dimension, dimension))
        if between is None:
            raise WrongUnit(sent, harmful=True)
        factor *= between
    return factor / target_factor


# A report repeats a dozen units thousands of times.
@lru_cache(maxsize=512)
def _canonical(unit: str) -> str:
    plain = _ANNOTATION.sub("", unit.strip()).translate(_SIGNS)
    if plain == "A":
        return "a_"
    lower = _PRODUCT.sub(".", plain.casefold()).replace(" ", "")
    return _SPELLINGS.get(lower, lower)
