"""Which of a patient's studies count in a sum over weeks; the one rule of alerts and of summed skin maps."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Protocol


class Dated(Protocol):
    """A study with its moment, as far as it is known."""

    @property
    def study_id(self) -> int:
        """Our number of the study."""
        ...

    @property
    def study_date(self) -> date | None:
        """Its day."""
        ...

    @property
    def study_time(self) -> time | None:
        """Its time of day."""
        ...


def is_within(earlier: Dated, study: Dated, weeks: int) -> bool:
    """Whether a study counts in the sum that ends with `study`.

    The window reaches back whole weeks from the study's date, that day included. Of the same day only what
    was not later counts, so that two studies of one day do not both tell the same sum; without a time of day
    a study counts, because a warning too many is better than one too few.
    """
    if earlier.study_id == study.study_id:
        return True
    if earlier.study_date is None or study.study_date is None:
        return False
    if earlier.study_date == study.study_date:
        if earlier.study_time is None or study.study_time is None:
            return True
        return earlier.study_time <= study.study_time
    return study.study_date - timedelta(weeks=weeks) <= earlier.study_date < study.study_date
