"""What every part of a dose record has in common: frozen, closed, and silent about what is absent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)


class Part(BaseModel):
    """One part of a dose record. Keys are DICOM's terms with the unit at the end; absent values are left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    @model_serializer(mode="wrap")
    def _leave_out_what_is_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value not in (None, (), [], {})}


class Code(Part):
    """A coded entry as the device sent it (PS3.3 table 8.8-1a). Logic compares `code_value`, never the meaning."""

    code_value: str | None = None
    coding_scheme_designator: str | None = None
    code_meaning: str | None = None


Numbers = Annotated[tuple[float, ...], BeforeValidator(lambda value: () if value is None else value)]
"""Per-pulse quantities: none, one or many numbers in the order the device gave them."""
