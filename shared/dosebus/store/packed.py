"""Parts of a record as compressed JSON, as `dose.study.record` and `dose.object.contribution` keep them."""

from __future__ import annotations

import zlib
from typing import TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)


def pack(part: BaseModel) -> bytes:
    """The model as compressed JSON."""
    return zlib.compress(part.model_dump_json(exclude_none=True).encode(), level=1)


def unpack(model: type[Model], packed: bytes | memoryview) -> Model:
    """The model that `pack` packed. Raises zlib.error or pydantic.ValidationError when it is something else."""
    return model.model_validate_json(zlib.decompress(packed))
