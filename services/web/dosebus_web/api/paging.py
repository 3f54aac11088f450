"""Pages of rows, newest first, turned by the id of the last row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from dosebus_web.api.problem import ParameterError


def page(
    connection: sa.Connection,
    wanted: sa.Select[Any],
    *,
    newest: sa.Column[Any],
    key: sa.Column[Any],
    after: Any,
    limit: int,
) -> dict[str, Any]:
    """`items` and the cursor `after` of the next page. Raises ParameterError for a cursor that is gone."""
    if after is not None:
        there = connection.execute(sa.select(newest).where(key == after)).first()
        if there is None:
            raise ParameterError({"after": "is no cursor: what it named is gone"}, 404)
        here = sa.tuple_(newest, key)
        wanted = wanted.where(
            here < sa.tuple_(sa.literal(there[0], newest.type), sa.literal(after, key.type))
        )
    fetched = connection.execute(wanted.order_by(newest.desc(), key.desc()).limit(limit + 1)).mappings().all()
    rows = [dict(row) for row in fetched[:limit]]
    return {"items": rows, "after": rows[-1][str(key.key)] if len(fetched) > limit else None}
