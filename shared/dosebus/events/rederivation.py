"""Commands that extract takes to derive records again, and what it tells of them."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from dosebus.events.base import Command, Event


class Selection(BaseModel):
    """Which studies are derived again: those that fulfil everything that is said; all where nothing is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    device_id: int | None = None
    modality_type: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    extractor_below: str | None = None
    """A version such as `1.2.0`: only what an older extractor recorded."""


class RederivationRequested(Command):
    """Derive studies again in shadow, without changing anything that stands."""

    topic: ClassVar[str] = "dose.rederivation.requested.v1"
    owner: ClassVar[str] = "web"

    rederivation_id: UUID
    selection: Selection
    requested_by: str


class RederivationApplyRequested(Command):
    """Put the records of a shadow in the place of those that stand."""

    topic: ClassVar[str] = "dose.rederivation.apply.requested.v1"
    owner: ClassVar[str] = "web"

    rederivation_id: UUID
    requested_by: str


class RederivationCancelRequested(Command):
    """Stop a re-derivation where it is; with `discard` also forget its shadow."""

    topic: ClassVar[str] = "dose.rederivation.cancel.requested.v1"
    owner: ClassVar[str] = "web"

    rederivation_id: UUID
    discard: bool = False
    requested_by: str


class RederivationProgressed(Event):
    """A re-derivation went on or changed its state. Readers look at the table."""

    topic: ClassVar[str] = "dose.rederivation.progressed.v1"
    owner: ClassVar[str] = "extract"

    rederivation_id: UUID
    state: str
