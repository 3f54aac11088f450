"""What the API answers with: models made of the columns of tables, so that a key is declared once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

LOCAL = "Date and time of the device, without a zone."
LocalTime = Annotated[datetime, WithJsonSchema({"type": "string", "description": LOCAL})]
DayTime = Annotated[
    time, WithJsonSchema({"type": "string", "description": "Time of the device, without a zone."})
]
TYPES: dict[type[sa.types.TypeEngine[Any]], Any] = {
    sa.Text: str,
    sa.Boolean: bool,
    sa.BigInteger: int,
    sa.Integer: int,
    sa.Double: float,
    sa.Date: date,
    sa.Time: DayTime,
    sa.Uuid: UUID,
    JSONB: Any,
}


def model_of(
    name: str, told: str, columns: Iterable[sa.ColumnElement[Any]], **further: Any
) -> type[BaseModel]:
    """A model with the keys of `columns`; `further` are fields as pydantic's `create_model` takes them."""
    fields: dict[str, Any] = {}
    for column in columns:
        kind = _type_of(column.type)
        required = isinstance(column, sa.Column) and not column.nullable
        fields[str(column.key)] = (kind, ...) if required else (kind | None, None)
    return create_model(name, __config__=ConfigDict(title=name), __doc__=told, **(fields | further))


def list_of(item: type[BaseModel]) -> Any:
    """A field that holds items of a model."""
    return (list.__class_getitem__(item), ...)


def page_of(name: str, item: type[BaseModel], cursor: Any) -> type[BaseModel]:
    """A model of a page of items, turned by a cursor of this type."""
    after = (cursor | None, Field(description="Give it as `after` to go on; null at the end."))
    fields: dict[str, Any] = {"items": list_of(item), "after": after}
    return create_model(name, __doc__="A page.", **fields)


def _type_of(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, ARRAY):
        return list[_type_of(kind.item_type)]  # type: ignore[misc]
    if isinstance(kind, sa.DateTime):
        return AwareDatetime if kind.timezone else LocalTime
    return next(known for sort, known in TYPES.items() if isinstance(kind, sort))
