"""The envelope that carries an event: CloudEvents 1.0, structured JSON."""

from datetime import UTC, datetime
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field

from dosebus.events.base import Event
from dosebus.events.identity import uuid7
from dosebus.events.registry import event_class


class Envelope(BaseModel):
    """An event on its way; attribute names are those of CloudEvents 1.0."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(default_factory=lambda: str(uuid7()))
    source: str
    type: str
    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    subject: str | None = None
    traceparent: str | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    data: dict[str, Any]

    @classmethod
    def of(
        cls,
        event: Event,
        *,
        source: str | None = None,
        subject: str | None = None,
        traceparent: str | None = None,
    ) -> Self:
        """A new envelope around an event; the source is its owner unless given."""
        return cls(
            source=f"dosebus/{source or event.owner}",
            type=event.topic,
            subject=subject,
            traceparent=traceparent,
            data=event.model_dump(mode="json"),
        )

    def to_bytes(self) -> bytes:
        """Compact JSON, absent attributes left out."""
        return orjson.dumps(
            self.model_dump(mode="json", exclude_none=True, exclude={"data"}) | {"data": self.data}
        )

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The envelope in a message's body. Raises pydantic.ValidationError."""
        return cls.model_validate_json(body)

    def event(self) -> Event:
        """The event inside. Raises UnknownTopicError, pydantic.ValidationError."""
        return event_class(self.type).model_validate(self.data)
