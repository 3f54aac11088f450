"""Put the contributions of one study together: pure, and the same whatever their order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dosebus.domain.contribution import Contribution
from dosebus.domain.study import Study


class MergeOptions(BaseModel):
    """What a site decides about a device's studies."""

    model_config = ConfigDict(frozen=True)

    modality_override: Literal["RF", "DX", "dual"] | None = None
    """RF and DX win over the content of projection studies; dual (and none) decides by the content."""


def combine(contributions: Iterable[Contribution], options: MergeOptions = MergeOptions()) -> Study:  # noqa: B008
    """The study that these contributions make, whatever their order and repetition.

    Raises ValueError where there are none, or where they are of several studies.
    """
    raise NotImplementedError


def prune(contributions: Iterable[Contribution]) -> tuple[Contribution, ...]:
    """Only those contributions that still add something; `combine(prune(x) + y) == combine(x + y)`."""
    raise NotImplementedError
