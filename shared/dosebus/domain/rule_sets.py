"""The sets of alert rules that are shipped, and how a site's rules differ from them.

A set is installed by copying its rules, which are the site's own from then on. A later version of a set only says what
differs; nothing of a site is overwritten. Whoever changes a set counts its version up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

VALUES = ("title", "quantity", "scope", "weeks", "level", "step", "severity", "modality_types")
"""The columns of `config.alert_rule` that a set gives."""


@dataclass(frozen=True)
class ShippedRule:
    """A rule of a set. `level` and `step` are in the unit of the quantity's key."""

    key: str
    title: str
    quantity: str
    scope: Literal["event", "study", "sum"]
    level: float
    source: str
    weeks: int | None = None
    step: float | None = None
    severity: str = "warning"
    modality_types: tuple[str, ...] = ("RF",)

    @property
    def values(self) -> dict[str, Any]:
        """What is copied, as it is kept in `config.alert_rule.set_values`."""
        return {name: getattr(self, name) for name in VALUES} | {"modality_types": list(self.modality_types)}


@dataclass(frozen=True)
class RuleSet:
    """Rules that belong together, with where they come from."""

    key: str
    version: int
    title: str
    source: str
    rules: tuple[ShippedRule, ...]


@dataclass(frozen=True)
class RuleDifference:
    """How a shipped rule stands to the site's.

    `absent`: the site does not have it; `edited`: the site changed it, the set did not; `newer`: the set changed it,
    the site did not; `both`: both did; `dropped`: the set does not have it any more. `changes` gives the site's value
    and the shipped one of every column that differs.
    """

    key: str
    state: Literal["same", "absent", "edited", "newer", "both", "dropped"]
    changes: Mapping[str, tuple[Any, Any]]


REFERENCE = RuleSet(
    "reference",
    1,
    "Fluoroscopy defaults",
    "The levels that dose management systems commonly start with",
    (
        ShippedRule(
            "rf-study-dap",
            "Dose-area product of a fluoroscopy study",
            "dap_gym2",
            "study",
            0.02,
            "20 000 cGy.cm2",
        ),
        ShippedRule(
            "rf-study-dose-rp",
            "Dose at the reference point of a fluoroscopy study",
            "dose_rp_gy",
            "study",
            2.0,
            "2 Gy",
        ),
        ShippedRule(
            "rf-study-psd", "Peak skin dose of a fluoroscopy study", "peak_skin_dose_gy", "study", 2.0, "2 Gy"
        ),
        ShippedRule(
            "rf-sum-dap",
            "Dose-area product of a patient's fluoroscopy studies in 12 weeks",
            "dap_gym2",
            "sum",
            0.02,
            "20 000 cGy.cm2",
            weeks=12,
        ),
        ShippedRule(
            "rf-sum-dose-rp",
            "Dose at the reference point of a patient's fluoroscopy studies in 12 weeks",
            "dose_rp_gy",
            "sum",
            2.0,
            "2 Gy",
            weeks=12,
        ),
        ShippedRule(
            "rf-sum-psd",
            "Peak skin dose of a patient's fluoroscopy studies in 12 weeks",
            "peak_skin_dose_gy",
            "sum",
            2.0,
            "2 Gy",
            weeks=12,
        ),
    ),
)

MPPG = RuleSet(
    "aapm-mppg-12a",
    1,
    "AAPM MPPG 12.a",
    "AAPM Medical Physics Practice Guideline 12.a (2022), sections 5.3 and 5.4",
    (
        ShippedRule(
            "mppg12a-notification",
            "First notification of dose at the reference point, and every further 1 Gy",
            "dose_rp_gy",
            "study",
            3.0,
            "section 5.3: 3 Gy, then every 1 Gy",
            step=1.0,
            severity="notice",
        ),
        ShippedRule(
            "mppg12a-srdl-dose-rp",
            "Substantial radiation dose level: dose at the reference point",
            "dose_rp_gy",
            "study",
            5.0,
            "section 5.4: 5 Gy",
        ),
        ShippedRule(
            "mppg12a-srdl-psd",
            "Substantial radiation dose level: peak skin dose",
            "peak_skin_dose_gy",
            "study",
            3.0,
            "section 5.4: 3 Gy",
        ),
    ),
)

NCRP = RuleSet(
    "ncrp-168",
    1,
    "NCRP 168 / SIR 2009 as widely implemented",
    "NCRP Report 168 and SIR 2009, as quoted by public implementations; the primary text was not read",
    (
        ShippedRule(
            "ncrp168-dose-rp",
            "Significant dose: dose at the reference point",
            "dose_rp_gy",
            "study",
            5.0,
            "5 Gy",
        ),
        ShippedRule(
            "ncrp168-psd", "Significant dose: peak skin dose", "peak_skin_dose_gy", "study", 3.0, "3 Gy"
        ),
        ShippedRule(
            "ncrp168-dap", "Significant dose: dose-area product", "dap_gym2", "study", 0.05, "500 Gy.cm2"
        ),
        ShippedRule(
            "ncrp168-time", "Significant dose: fluoroscopy time", "fluoro_time_s", "study", 3600.0, "60 min"
        ),
    ),
)

BELGIUM = RuleSet(
    "belgium-2014",
    1,
    "Belgian action levels",
    "Struelens et al., Physica Medica 2014: measured dose-area product for a peak skin dose of 3 Gy",
    (
        ShippedRule(
            "belgium-dose-rp", "Action level: dose at the reference point", "dose_rp_gy", "study", 3.0, "3 Gy"
        ),
        ShippedRule("belgium-psd", "Action level: peak skin dose", "peak_skin_dose_gy", "study", 3.0, "3 Gy"),
        ShippedRule(
            "belgium-dap", "Action level: dose-area product", "dap_gym2", "study", 0.0425, "425 Gy.cm2"
        ),
    ),
)

JOINT_COMMISSION = RuleSet(
    "joint-commission",
    1,
    "Joint Commission sentinel event",
    "The Joint Commission, sentinel event policy until 2025; the text was dropped in the revision of 2026",
    (
        ShippedRule(
            "jc-sentinel-psd",
            "Sentinel event: peak skin dose",
            "peak_skin_dose_gy",
            "study",
            15.0,
            "15 Gy to a single field",
            severity="critical",
        ),
        ShippedRule(
            "jc-sentinel-psd-sum",
            "Sentinel event: peak skin dose over 52 weeks",
            "peak_skin_dose_gy",
            "sum",
            15.0,
            "15 Gy to a single field, cumulative",
            weeks=52,
            severity="critical",
        ),
    ),
)

SKIN_BANDS = RuleSet(
    "skin-bands",
    1,
    "Bands of skin reaction",
    "Balter et al., Radiology 2010: bands of peak skin dose of a single delivery",
    (
        ShippedRule(
            "skin-band-2",
            "Transient erythema or epilation is possible",
            "peak_skin_dose_gy",
            "study",
            2.0,
            "2 to 5 Gy",
            severity="notice",
        ),
        ShippedRule(
            "skin-band-5",
            "Erythema and epilation are likely",
            "peak_skin_dose_gy",
            "study",
            5.0,
            "5 to 10 Gy",
        ),
        ShippedRule(
            "skin-band-10",
            "Desquamation is possible",
            "peak_skin_dose_gy",
            "study",
            10.0,
            "10 to 15 Gy",
            severity="critical",
        ),
        ShippedRule(
            "skin-band-15",
            "Ulceration is possible",
            "peak_skin_dose_gy",
            "study",
            15.0,
            "over 15 Gy",
            severity="critical",
        ),
    ),
)

CT_CHECK = RuleSet(
    "ct-dose-check",
    1,
    "CT dose check reference values",
    "Oregon fixed reference values of CTDIvol, adults; an alert value of 1000 mGy is the suggestion of the FDA that no"
    " stored source confirms",
    (
        ShippedRule(
            "ct-alert-ctdivol",
            "CTDIvol of one exposure",
            "ctdivol_mgy",
            "event",
            1000.0,
            "1000 mGy",
            severity="critical",
            modality_types=("CT",),
        ),
        ShippedRule(
            "ct-reference-head",
            "CTDIvol of one exposure: reference of the adult head",
            "ctdivol_mgy",
            "event",
            80.0,
            "80 mGy",
            severity="notice",
            modality_types=("CT",),
        ),
    ),
)

RULE_SETS: Mapping[str, RuleSet] = MappingProxyType(
    {one.key: one for one in (REFERENCE, MPPG, NCRP, BELGIUM, JOINT_COMMISSION, SKIN_BANDS, CT_CHECK)}
)
"""By key."""


def differences(rule_set: RuleSet, installed: Iterable[Mapping[str, Any]]) -> tuple[RuleDifference, ...]:
    """How the site's rules (rows of `config.alert_rule`) stand to a set, in the order of the set."""
    site = {row["key"]: row for row in installed if row["set_key"] == rule_set.key}
    shipped = {rule.key: rule.values for rule in rule_set.rules}
    found = [_difference(key, site.get(key), values) for key, values in shipped.items()]
    found.extend(RuleDifference(key, "dropped", {}) for key in site if key not in shipped)
    return tuple(found)


def _difference(key: str, row: Mapping[str, Any] | None, shipped: Mapping[str, Any]) -> RuleDifference:
    if row is None:
        return RuleDifference(key, "absent", {})
    as_installed = row["set_values"] or {}
    changes = {name: (row[name], shipped[name]) for name in VALUES if row[name] != shipped[name]}
    by_site = any(row[name] != as_installed.get(name) for name in VALUES)
    by_set = any(shipped[name] != as_installed.get(name) for name in VALUES)
    state: dict[tuple[bool, bool], Literal["same", "edited", "newer", "both"]] = {
        (False, False): "same",
        (True, False): "edited",
        (False, True): "newer",
        (True, True): "both",
    }
    # Both may have come to the same values.
    return RuleDifference(key, state[by_site, by_set] if changes else "same", changes)
