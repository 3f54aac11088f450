"""What the API answers with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class StudyPage(BaseModel):
    """A page of studies; `after` and `before` are the cursors of the neighbouring pages."""

    studies: list[dict[str, Any]]
    after: int | None
    before: int | None
