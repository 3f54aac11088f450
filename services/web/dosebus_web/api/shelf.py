"""Tables that the API reads page by page: each declared as data, from which its operations are made."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import ARRAY

from dosebus_web.api import given, problem
from dosebus_web.api.paging import page
from dosebus_web.api.shape import model_of, page_of
from dosebus_web.auth.caller import Caller
from dosebus_web.auth.gate import TokenGate
from dosebus_web.web import Here, Web

NOTHING = "There is no such thing."
Written = Annotated[str, Path(max_length=200, pattern=given.WRITTEN)]


@dataclass(frozen=True)
class Shelf:
    """Rows of a table, newest first. `name` is what the model of a row is called.

    `key` tells rows apart and is the cursor; `newest` sorts (default: `key`). `within` is the column that the
    parameter in `path` asks for. `single` names the parameter by which each row has an address of its own.
    `private` columns are not answered. `permitted` says which rows a caller sees.
    """

    path: str
    name: str
    told: str
    table: sa.Table
    key: sa.Column[Any]
    tag: str
    group: str = "view"
    newest: sa.Column[Any] | None = None
    within: sa.Column[Any] | None = None
    filters: tuple[sa.Column[Any], ...] = ()
    private: frozenset[str] = frozenset()
    single: str = ""
    permitted: Callable[[Caller], sa.ColumnElement[bool]] | None = None

    @property
    def columns(self) -> tuple[sa.Column[Any], ...]:
        """What is answered."""
        return tuple(one for one in self.table.c if one.key not in self.private and one is not self.within)

    def rows(self, caller: Caller) -> sa.Select[Any]:
        """All rows that a caller may see."""
        wanted = sa.select(*self.columns)
        return wanted if self.permitted is None else wanted.where(self.permitted(caller))

    def page(self, here: Web, caller: Caller, asked: dict[str, Any]) -> dict[str, Any]:
        """A page of the rows that `asked`, the parameters, ask for."""
        columns = (*self.filters, *([] if self.within is None else [self.within]))
        where = [column == asked[column.key] for column in columns if asked[column.key] not in (None, "")]
        newest = self.key if self.newest is None else self.newest
        wanted = self.rows(caller).where(*where)
        with here.database.reading() as connection:
            return page(
                connection, wanted, newest=newest, key=self.key, after=asked["after"], limit=asked["limit"]
            )

    def row(self, here: Web, caller: Caller, value: Any) -> dict[str, Any]:
        """One row by its key. Raises HTTPException 404."""
        with here.database.reading() as connection:
            found = connection.execute(self.rows(caller).where(self.key == value)).mappings().first()
        if found is None:
            raise HTTPException(404, NOTHING)
        return dict(found)

    def add_to(self, router: APIRouter) -> None:
        """Make its operations."""
        model = model_of(self.name, self.told, self.columns)
        kind = _type(self.key)
        gate = Annotated[Caller, Depends(TokenGate(self.group))]
        tells_scope = "" if self.group == "view" else f" Needs the scope `{self.group}`."
        shared: dict[str, Any] = {"tags": [self.tag], "responses": problem.responses(404), "methods": ["GET"]}
        after = _asked(kind, description=given.AFTER)
        asks: Asks = {one.key: (_asked(_type(one)), None) for one in self.filters} | {
            "limit": (given.Limit, 50), "after": (after, None),
        }  # fmt: skip
        if self.within is not None:
            asks = {self.within.key: (_path(self.within), ...)} | asks
        router.add_api_route(
            self.path,
            _endpoint(self.page, gate, asks),
            response_model=page_of(f"{self.name}Page", model, kind),
            name=f"list_{self.name.lower()}",
            summary=self.told.partition(".")[0],
            description=f"{self.told} A page, newest first.{tells_scope}",
            **shared,
        )
        if self.single:
            self._add_single(router, model, gate, shared, tells_scope)

    def _add_single(
        self, router: APIRouter, model: type[BaseModel], gate: Any, shared: dict[str, Any], tells_scope: str
    ) -> None:
        router.add_api_route(
            f"{self.path}/{{{self.single}}}",
            _endpoint(
                lambda here, caller, asked: self.row(here, caller, asked[self.single]),
                gate,
                {self.single: (_path(self.key), ...)},
            ),
            response_model=model,
            name=f"show_{self.name.lower()}",
            summary=f"One of: {self.told.partition('.')[0].lower()}",
            description=f"{self.told}{tells_scope}",
            **shared,
        )


Asks = dict[str, tuple[Any, Any]]
"""By parameter: its type, and its default (`...`: it must be given)."""
Answer = Callable[[Web, Caller, dict[str, Any]], dict[str, Any]]


def _endpoint(answer: Answer, gate: Any, asks: Asks) -> Callable[..., Any]:
    """A function with a parameter for each of `asks`, as FastAPI reads them from a signature."""

    def operation(here: Web, caller: Caller, **asked: Any) -> dict[str, Any]:
        return answer(here, caller, asked)

    only, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    own = [
        inspect.Parameter(name, only, annotation=kind, default=empty if default is ... else default)
        for name, (kind, default) in asks.items()
    ]
    always = [
        inspect.Parameter("here", only, annotation=Here),
        inspect.Parameter("caller", only, annotation=gate),
    ]
    operation.__signature__ = inspect.Signature([*always, *own])  # type: ignore[attr-defined]
    return operation


def _type(column: sa.Column[Any]) -> Any:
    if isinstance(column.type, ARRAY):
        raise TypeError(f"{column} is a list and cannot be asked for")
    return UUID if isinstance(column.type, sa.Uuid) else column.type.python_type


def _bounds(kind: Any) -> dict[str, Any]:
    if kind is int:
        return {"ge": 1, "le": given.LARGEST_ID}
    return {"max_length": 200, "pattern": given.WRITTEN} if kind is str else {}


def _asked(kind: Any, **told: Any) -> Any:
    """The type of a parameter of the query string that may be absent."""
    return Annotated[kind | None, Query(**_bounds(kind), **told)]


def _path(column: sa.Column[Any]) -> Any:
    kind = _type(column)
    if column.key == "study_instance_uid":
        return given.StudyUid
    return {int: given.Id, str: Written}.get(kind, kind)
