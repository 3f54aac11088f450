"""Which contributions of a study add nothing beside others: a partial order, so that arrival does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dosebus.domain.contribution import Contribution
from dosebus_extract.modality import is_mammography
from dosebus_extract.sr import moments

IMAGE_KINDS = frozenset({"mg_image", "dx_image"})
NUCLEAR_IMAGE_KINDS = frozenset({"pet_image", "nm_image"})
DOSE_SCREEN = "ct_dose_screen"
SCREEN_KINDS = frozenset({"philips_ct_dose_info", DOSE_SCREEN})
_FOR_PROCESSING = frozenset(f"1.2.840.10008.5.1.4.1.1.1.{n}.1" for n in (1, 2, 3))


def event_identities(contribution: Contribution) -> frozenset[str]:
    """The events of the contribution's report by UID, those without one by their content."""
    study = contribution.study
    found: set[str] = set()
    for ct in study.ct_reports:
        found |= {event.irradiation_event_uid or event.model_dump_json() for event in ct.events}
    for projection in study.projection_reports:
        found |= {event.irradiation_event_uid or event.model_dump_json() for event in projection.events}
    for nuclear in study.radiopharmaceutical_reports:
        found |= {
            given.administration_event_uid or given.model_dump_json() for given in nuclear.administrations
        }
    return frozenset(found)


def distinct(contributions: Iterable[Contribution]) -> list[Contribution]:
    """One contribution a SOP Instance UID (the same one whatever the order), sorted by it."""
    found: dict[str, Contribution] = {}
    for one in contributions:
        known = found.get(one.sop_instance_uid)
        if known is None:
            found[one.sop_instance_uid] = one
        elif known != one:
            chosen = min(known, one, key=lambda c: c.model_dump_json(exclude={"absorbed"}))
            absorbed = tuple(sorted({*known.absorbed, *one.absorbed}))
            found[one.sop_instance_uid] = chosen.model_copy(update={"absorbed": absorbed})
    return [found[uid] for uid in sorted(found)]


def survivors(contributions: Iterable[Contribution]) -> list[Contribution]:
    """Those that add something, each naming in `absorbed` the objects that add nothing beside it."""
    everyone = distinct(contributions)
    rivals = _Rivals(everyone)
    beaten = {one.sop_instance_uid: rivals.winner_over(one) for one in everyone}
    absorbed: dict[str, set[str]] = {}
    for one in everyone:
        winner = beaten[one.sop_instance_uid]
        while winner is not None and beaten[winner] is not None:
            winner = beaten[winner]
        if winner is not None:
            absorbed.setdefault(winner, set()).update({one.sop_instance_uid, *one.absorbed})
    return [
        one.model_copy(
            update={"absorbed": tuple(sorted({*one.absorbed, *absorbed.get(one.sop_instance_uid, ())}))}
        )
        for one in everyone
        if beaten[one.sop_instance_uid] is None
    ]


class _Rivals:
    """The contributions of one study, asked which of them beats another."""

    def __init__(self, everyone: list[Contribution]) -> None:
        self.everyone = everyone
        self.events = {one.sop_instance_uid: event_identities(one) for one in everyone}
        self.best: dict[tuple[str, Any], Contribution] = {}
        for one in everyone:
            slot = self.slot(one)
            if slot is not None and (slot not in self.best or preference(one) < preference(self.best[slot])):
                self.best[slot] = one

    def slot(self, one: Contribution) -> tuple[str, Any] | None:
        """Contributions of the same slot tell the same; only one of them counts."""
        if one.kind in IMAGE_KINDS and one.exposure_key:
            return one.kind, one.exposure_key
        if one.kind == "pet_image":
            return one.kind, one.series_instance_uid
        if one.kind == "nm_image":
            return one.kind, self.events[one.sop_instance_uid]
        if one.kind == DOSE_SCREEN:
            return one.kind, self.page(one)
        if one.kind in SCREEN_KINDS:
            return one.kind, None
        return None

    def page(self, one: Contribution) -> tuple[Any, ...]:
        """What a page of a dose screen shows: sent again under another UID, it counts once."""
        (report,) = one.study.ct_reports
        number = report.screen_reading.instance_number if report.screen_reading else None
        return number, self.events[one.sop_instance_uid], report.accumulated

    def winner_over(self, one: Contribution) -> str | None:
        """The SOP Instance UID of one that makes `one` superfluous."""
        slot = self.slot(one)
        if slot is not None and self.best[slot].sop_instance_uid != one.sop_instance_uid:
            return self.best[slot].sop_instance_uid
        for other in self.everyone:
            if other.sop_instance_uid != one.sop_instance_uid and self.beats(other, one):
                return other.sop_instance_uid
        return None

    def beats(self, other: Contribution, one: Contribution) -> bool:
        if is_report(other) and is_report(one) and report_type(other) == report_type(one):
            mine, others = self.events[one.sop_instance_uid], self.events[other.sop_instance_uid]
            if mine == others:
                return other.kind == one.kind and lateness(other) > lateness(one)
            return mine < others and (bool(mine) or other.kind == one.kind)
        if one.kind == other.kind == DOSE_SCREEN:
            mine, others = self.events[one.sop_instance_uid], self.events[other.sop_instance_uid]
            return bool(mine) and mine < others
        if one.kind in SCREEN_KINDS:
            return is_report(other) and bool(other.study.ct_reports)
        return one.kind in IMAGE_KINDS and is_report(other) and _reports_the_same(other, one)


def is_report(one: Contribution) -> bool:
    return one.kind not in IMAGE_KINDS | NUCLEAR_IMAGE_KINDS | SCREEN_KINDS


def report_type(one: Contribution) -> str:
    study = one.study
    if study.ct_reports:
        return "CT"
    if study.projection_reports:
        return "projection"
    return "NM" if study.radiopharmaceutical_reports else "patient"


def lateness(one: Contribution) -> tuple[str, str]:
    return moments.sort_key(one.content_at), one.sop_instance_uid


def preference(one: Contribution) -> tuple[int, str, str]:
    """Of several versions of one exposure the raw one is told; of equal ones the earliest."""
    raw = one.sop_class_uid in _FOR_PROCESSING
    return (0 if raw else 1), moments.sort_key(one.content_at), one.sop_instance_uid


def _reports_the_same(report: Contribution, image: Contribution) -> bool:
    """A projection report tells what the images of the same machine tell."""
    projections = report.study.projection_reports
    if not projections:
        return False
    if image.kind == "mg_image":
        return is_mammography(projections[0].procedure_reported)
    makers = [(one.study.equipment.manufacturer or "").casefold() for one in (report, image)]
    return makers[0] == makers[1] and not is_mammography(projections[0].procedure_reported)
