"""The pages of one study's dose screens as one CT report."""

from __future__ import annotations

from typing import Final

from dosebus.domain.ct import CTReport, CTScreenReading

_LAST: Final = 1_000_000


def screen_report(pages: list[CTReport]) -> CTReport:
    """One report of all pages in the order of their series.

    A total that several pages repeat counts once; different ones are of different examinations and stand side by
    side. The confidence is that of the least sure page.
    """
    if len(pages) == 1:
        return pages[0]
    ordered = sorted(pages, key=_place)
    readings = [page.screen_reading for page in ordered if page.screen_reading is not None]
    agreements = [one.total_agrees for one in readings if one.total_agrees is not None]
    return ordered[0].model_copy(
        update={
            "sop_instance_uid": None,
            "accumulated": tuple(dict.fromkeys(part for page in ordered for part in page.accumulated)),
            "events": tuple(event for page in ordered for event in page.events),
            "screen_reading": CTScreenReading(
                confidence=min(one.confidence for one in readings),
                total_agrees=all(agreements) if agreements else None,
                rows_in_doubt=sum(one.rows_in_doubt or 0 for one in readings),
            ),
        }
    )


def _place(page: CTReport) -> tuple[int, str]:
    number = page.screen_reading.instance_number if page.screen_reading else None
    return _LAST if number is None else number, page.sop_instance_uid or ""
