"""Columns made from the domain models, so that a key of the record is declared once."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Union, get_args, get_origin

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from dosebus.domain.base import Code


class Shape(Enum):
    """How a key of the record lies in its table."""

    VALUE = "value"
    CODE = "code"
    LIST = "list"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a domain model: its name, its shape, and the element type of a value or list."""

    name: str
    shape: Shape
    element: Any


SCALARS: dict[type, type[sa.types.TypeEngine[Any]]] = {
    str: sa.Text,
    bool: sa.Boolean,
    int: sa.BigInteger,
    float: sa.Double,
    date: sa.Date,
    time: sa.Time,
    datetime: sa.DateTime,
}


def keys(model: type[BaseModel], *, without: frozenset[str] = frozenset()) -> tuple[Key, ...]:
    """The keys of `model` in order, each with its shape; keys named in `without` are left out."""
    return tuple(
        _key(name, field.annotation) for name, field in model.model_fields.items() if name not in without
    )


def columns(
    model: type[BaseModel], *, without: frozenset[str] = frozenset(), prefix: str = ""
) -> Iterator[sa.Column[Any]]:
    """Columns for the keys of `model`: a code is two text columns, a list an array, what nests is jsonb."""
    for key in keys(model, without=without):
        name = prefix + key.name
        if key.shape is Shape.CODE:
            yield sa.Column(f"{name}_code", sa.Text)
            yield sa.Column(f"{name}_meaning", sa.Text)
        elif key.shape is Shape.VALUE:
            yield sa.Column(name, SCALARS[key.element])
        elif key.shape is Shape.LIST:
            yield sa.Column(name, ARRAY(SCALARS[key.element]))
        else:
            yield sa.Column(name, JSONB)


def _key(name: str, annotation: Any) -> Key:
    bare = _without_none(annotation)
    if get_origin(bare) is tuple:
        element = get_args(bare)[0]
        return Key(name, Shape.LIST if element in SCALARS else Shape.NESTED, element)
    if bare is Code:
        return Key(name, Shape.CODE, Code)
    if bare in SCALARS:
        return Key(name, Shape.VALUE, bare)
    return Key(name, Shape.NESTED, bare)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        (bare,) = (arm for arm in get_args(annotation) if arm is not type(None))
        return bare
    return annotation
