"""Rules as data, and which of them a study passes: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dosebus.domain.alerting import SEVERITIES
from dosebus.domain.quantities import QUANTITIES
from dosebus_alerts.cumulative import Contribution, StudyDose, Window, WindowSum, window_sum

Scope = Literal["event", "study", "sum"]


@dataclass(frozen=True)
class Population:
    """Which studies a rule is about, beside their modality; None: all. Of ranges the lower end belongs to them, the
    upper does not, and what is unknown lies in none."""

    device_ids: frozenset[int] | None = None
    standard_names: frozenset[str] | None = None
    age_years_from: float | None = None
    age_years_below: float | None = None
    weight_kg_from: float | None = None
    weight_kg_below: float | None = None

    def includes(self, study: StudyDose) -> bool:
        """Whether a study belongs to it."""
        return (
            (self.device_ids is None or study.device_id in self.device_ids)
            and (self.standard_names is None or bool(study.standard_names & self.standard_names))
            and _lies_in(study.age_years, self.age_years_from, self.age_years_below)
            and _lies_in(study.weight_kg, self.weight_kg_from, self.weight_kg_below)
        )


def _lies_in(value: float | None, lowest: float | None, below: float | None) -> bool:
    if lowest is None and below is None:
        return True
    return value is not None and (lowest is None or value >= lowest) and (below is None or value < below)


EVERYBODY = Population()


@dataclass(frozen=True)
class FollowUp:
    """What happens when nobody has acknowledged for so many hours: `recipients` are told, or, where there are none,
    those who were told first are reminded."""

    after_hours: float
    recipients: frozenset[int] | None = None


@dataclass(frozen=True)
class Rule:
    """When to warn. `level` and `step` are in the unit of the quantity's key; `weeks` only for a sum.

    `recipients`: exactly these are told; None: those who chose the rule. On trial nobody is.
    """

    key: str
    version: int
    title: str
    quantity: str
    scope: Scope
    level: float
    severity: str
    modality_types: frozenset[str]
    weeks: int | None = None
    step: float | None = None
    population: Population = EVERYBODY
    trial: bool = False
    recipients: frozenset[int] | None = None
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def window(self) -> Window | None:
        """What a rule over a sum adds up."""
        if self.weeks is None:
            return None
        return Window(self.quantity, self.weeks, self.modality_types)

    def reached(self, value: float) -> float | None:
        """The highest level that the value reaches: the rule's own, or one of its further steps."""
        if value < self.level:
            return None
        if self.step is None:
            return self.level
        steps = int((value - self.level) / self.step)
        # The quotient may be rounded across a whole number; what counts is the comparison with the level.
        candidates = (self.step_level(count) for count in (steps + 1, steps, steps - 1) if count >= 0)
        return next((level for level in candidates if level <= value), self.level)

    def step_level(self, count: int) -> float:
        """The level `count` steps above the first, free of binary dust."""
        return self.level if count == 0 else float(f"{self.level + count * (self.step or 0.0):.12g}")


@dataclass(frozen=True)
class Breach:
    """A rule's level that a study reaches, with what makes up the value."""

    rule: Rule
    study: StudyDose
    level: float
    value: float
    evidence: tuple[Contribution, ...]
    at_most: bool = False
    """Whether only a bound reaches the level, so that it cannot be excluded."""

    @property
    def identity(self) -> str:
        """What makes an alert the same alert: it is raised, and mailed, once."""
        return identity(self.rule, self.study.study_instance_uid, self.level, at_most=self.at_most)

    @property
    def severity(self) -> str:
        """The rule's; what only cannot be excluded is the least of them."""
        return SEVERITIES[0] if self.at_most else self.rule.severity


def identity(rule: Rule, study_instance_uid: str, level: float, *, at_most: bool = False) -> str:
    """Rule, what it watches, level and study; a change of title or version warns nobody again.

    A level that is reached for certain after it could not be excluded is another alert.
    """
    weeks = "" if rule.weeks is None else f"{rule.weeks}w"
    doubt = "|at most" if at_most else ""
    return f"{rule.key}|{rule.quantity}|{rule.scope}{weeks}|{level:.12g}|{study_instance_uid}{doubt}"


def breaches(study: StudyDose, history: Sequence[StudyDose], rules: Sequence[Rule]) -> tuple[Breach, ...]:
    """Every rule that the study passes, each with the highest level reached."""
    found = (
        _breach(study, history, rule)
        for rule in rules
        if study.modality_types & rule.modality_types and rule.population.includes(study)
    )
    return tuple(breach for breach in found if breach is not None)


def to_tell(passed: Sequence[Breach]) -> tuple[Breach, ...]:
    """Those of one study's breaches that are worth a warning of their own.

    A sum whose level the study alone reaches is left to the rule that watches the study itself: one fact,
    one warning. A rule on trial tells nobody, so nothing is left to it.
    """
    return tuple(breach for breach in passed if not _told_by_study(breach, passed))


def still_holds(alert_identity: str, level: float, study_uid: str, passed: Sequence[Breach]) -> bool:
    """Whether an alert that was raised earlier is still true: its level, or a higher one, is reached."""
    return any(
        level <= breach.level
        and alert_identity == identity(breach.rule, study_uid, level, at_most=breach.at_most)
        for breach in passed
    )


def windows_of(rules: Iterable[Rule]) -> frozenset[Window]:
    """Every sum that some rule watches."""
    return frozenset(rule.window for rule in rules if rule.window is not None)


def _breach(study: StudyDose, history: Sequence[StudyDose], rule: Rule) -> Breach | None:
    summed = None if rule.window is None else window_sum(study, history, rule.window)
    evidence = () if summed is None else summed.contributions
    value = _certain(study, summed, rule)
    level = None if value is None else rule.reached(value)
    at_most = level is None
    if at_most:
        value = _doubt(study, summed, rule)
        level = rule.level if value is not None and value >= rule.level else None
    if value is None or level is None:
        return None
    own = evidence or (Contribution(study.study_id, study.study_instance_uid, value, at_most),)
    return Breach(rule, study, level, value, own, at_most)


def _certain(study: StudyDose, summed: WindowSum | None, rule: Rule) -> float | None:
    """The rule's value as far as it is known; a sum counts only for a study that adds to it for certain."""
    own = (study.event_peaks if rule.scope == "event" else study.doses).get(rule.quantity)
    if rule.window is None:
        return own
    return None if own is None or summed is None else summed.total


def _doubt(study: StudyDose, summed: WindowSum | None, rule: Rule) -> float | None:
    """What the rule's value cannot be excluded to be, where a part of it is not known (ADR 37)."""
    if not QUANTITIES[rule.quantity].mapped or study.skin is None:
        return None
    if rule.window is None:
        return study.skin.doubt
    adds = study.skin.certain is not None or study.skin.doubt is not None
    return summed.doubt if summed is not None and adds else None


def _told_by_study(breach: Breach, passed: Sequence[Breach]) -> bool:
    if breach.rule.scope != "sum":
        return False
    study = breach.study
    own = study.doses.get(breach.rule.quantity)
    if breach.at_most and study.skin is not None and study.skin.doubt is not None:
        own = study.skin.doubt
    return (
        own is not None
        and own >= breach.level
        and any(
            other.rule.scope == "study"
            and other.rule.quantity == breach.rule.quantity
            and other.rule.trial <= breach.rule.trial
            for other in passed
        )
    )
