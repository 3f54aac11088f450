"""What every event is."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that happened, or a command that one service takes.

    An additive change keeps the topic: readers ignore fields they do not know. No event carries a patient's
    name, identifier, birth date or accession number, nor free text.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]
    """`<noun>.<fact>.v<major>`"""
    owner: ClassVar[str]
    """The service that publishes it."""
    command: ClassVar[bool] = False
    """Whether exactly one consumer takes it."""
    mandatory: ClassVar[bool] = False
    """Whether the relay must keep it until a queue takes it; a command always is."""


class Command(Event):
    """A request to one service."""

    command: ClassVar[bool] = True
    mandatory: ClassVar[bool] = True
