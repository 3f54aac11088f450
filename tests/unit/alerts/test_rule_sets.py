"""The shipped sets of rules, and how a site's rules are told to differ from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dosebus.domain.alerting import SEVERITIES
from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.rule_sets import MPPG, RULE_SETS, RuleSet, ShippedRule, differences


def installed(rule_set: RuleSet, **edits: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": rule.key, "set_key": rule_set.key, "set_values": rule.values, **rule.values}
        | edits.get(rule.key.replace("-", "_"), {})
        for rule in rule_set.rules
    ]


def states(rule_set: RuleSet, rows: list[dict[str, Any]]) -> dict[str, str]:
    return {one.key: one.state for one in differences(rule_set, rows)}


@pytest.mark.parametrize("rule_set", RULE_SETS.values(), ids=lambda one: one.key)
def test_every_shipped_rule_can_be_watched(rule_set: RuleSet) -> None:
    for rule in rule_set.rules:
        assert rule.scope in QUANTITIES[rule.quantity].scopes
        assert (rule.scope == "sum") == (rule.weeks is not None)
        assert rule.level > 0
        assert rule.severity in SEVERITIES
        assert rule.source


def test_keys_are_unique_over_all_sets() -> None:
    keys = [rule.key for rule_set in RULE_SETS.values() for rule in rule_set.rules]
    assert len(keys) == len(set(keys))


def test_published_levels_are_in_the_units_of_the_quantities() -> None:
    levels = {rule.key: rule.level for rule_set in RULE_SETS.values() for rule in rule_set.rules}
    assert QUANTITIES["dap_gym2"].shown(levels["rf-study-dap"]) == "20000 cGy·cm²"
    assert levels["ncrp168-dap"] == 500e-4
    assert levels["belgium-dap"] == pytest.approx(425e-4)
    assert levels["ncrp168-time"] == 60 * 60


def newer(rule_set: RuleSet, key: str, **values: Any) -> RuleSet:
    rules = tuple(replace(rule, **values) if rule.key == key else rule for rule in rule_set.rules)
    return replace(rule_set, version=rule_set.version + 1, rules=rules)


def test_an_installed_set_is_the_same_and_an_edit_is_told() -> None:
    assert set(states(MPPG, installed(MPPG)).values()) == {"same"}
    edited = installed(MPPG, mppg12a_srdl_psd={"level": 2.5})
    (one,) = (one for one in differences(MPPG, edited) if one.state != "same")
    assert (one.key, one.state, dict(one.changes)) == ("mppg12a-srdl-psd", "edited", {"level": (2.5, 3.0)})


def test_a_later_version_says_what_is_newer_and_what_both_changed() -> None:
    later = newer(MPPG, "mppg12a-srdl-psd", level=4.0)
    assert states(later, installed(MPPG))["mppg12a-srdl-psd"] == "newer"
    edited = installed(MPPG, mppg12a_srdl_psd={"level": 2.5})
    assert states(later, edited)["mppg12a-srdl-psd"] == "both"
    already = installed(MPPG, mppg12a_srdl_psd={"level": 4.0})
    assert states(later, already)["mppg12a-srdl-psd"] == "same"


def test_rules_that_come_and_go_are_told_and_rules_of_the_site_are_not() -> None:
    added = ShippedRule("mppg12a-new", "New", "dose_rp_gy", "study", 1.0, "section 9")
    later = replace(MPPG, version=2, rules=(*MPPG.rules[1:], added))
    own = {"key": "own", "set_key": None, "set_values": None, **added.values}
    found = states(later, [*installed(MPPG), own])
    assert found["mppg12a-new"] == "absent"
    assert found["mppg12a-notification"] == "dropped"
    assert "own" not in found
