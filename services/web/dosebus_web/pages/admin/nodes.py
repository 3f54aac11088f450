"""Administration of DICOM nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy.exc import IntegrityError

from dosebus.store.tables.config import node as table
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.web import Here, Web

router = APIRouter()
AE_TITLE = r"^[ -\[\]-~]{1,16}$"
"""PS3.5 6.2: printable ASCII without the backslash, at most 16."""


LABELS: Mapping[str, str] = {
    "name": marked("Name"),
    "ae_title": marked("AE title"),
    "host": marked("Host"),
    "port": marked("Port"),
    "calling_ae_title": marked("Our AE title"),
    "retrieve_to": marked("It sends to"),
}
"""What the fields that can be wrong are called on the page."""


class NodeForm(BaseModel):
    """A node as its form sends it."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=80)
    ae_title: str = Field(pattern=AE_TITLE)
    host: str = Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:\[\]-]+$")
    port: int = Field(ge=1, le=65535)
    tls: bool = False
    enabled: bool = False
    modality_in_study_query: bool = False
    calling_ae_title: str | None = Field(default=None, pattern=AE_TITLE)
    retrieve_to: str | None = Field(default=None, pattern=AE_TITLE)

    @field_validator("calling_ae_title", "retrieve_to", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value if isinstance(value, str) and value.strip() else None


Line = Annotated[str, Form(max_length=200)]
Tick = Annotated[bool, Form()]


def read_form(
    *,
    name: Line,
    ae_title: Line,
    host: Line,
    port: Annotated[int, Form()],
    tls: Tick = False,
    enabled: Tick = False,
    modality_in_study_query: Tick = False,
    calling_ae_title: Line = "",
    retrieve_to: Line = "",
) -> NodeForm:
    """The form as a node. Raises HTTPException 400 naming the fields that cannot be."""
    try:
        return NodeForm.model_validate(locals())
    except ValidationError as error:
        fields = ", ".join(_(LABELS[str(one["loc"][0])]) for one in error.errors())
        raise HTTPException(400, _("This cannot be a node: look at %(fields)s.", fields=fields)) from error


Given = Annotated[NodeForm, Depends(read_form)]
FRESH = {
    "name": "", "ae_title": "", "host": "", "port": 104, "tls": False, "enabled": True,
    "modality_in_study_query": False, "calling_ae_title": None, "retrieve_to": None,
}  # fmt: skip
"""What the form for a new node starts with."""


def _page(request: Request, here: Web, error: str = "", status: int = 200) -> Response:
    with here.database.reading() as connection:
        nodes = connection.execute(sa.select(table).order_by(table.c.name)).all()
    values = {"nodes": nodes, "fresh": FRESH, "error": error}
    return here.pages.render(request, "pages/admin/nodes.html", values, status_code=status)


def _values(form: NodeForm) -> dict[str, Any]:
    return form.model_dump()


@router.get("/admin/nodes")
def show_nodes(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """All nodes."""
    return _page(request, here)


@router.post("/admin/nodes")
def add_node(request: Request, session: AdminWrites, here: Here, form: Given) -> Response:
    """Add a node."""
    try:
        with here.database.transaction() as tx:
            tx.execute(sa.insert(table).values(_values(form)))
            audit.note(tx, session.account.username, "node.added", form.name, details=_values(form))
    except IntegrityError:
        return _page(request, here, _("There is a node of this name already."), 400)
    return here.pages.redirect("/admin/nodes", {"done": "added"})


@router.post("/admin/nodes/{node_id}")
def change_node(request: Request, session: AdminWrites, here: Here, node_id: int, form: Given) -> Response:
    """Change a node."""
    try:
        with here.database.transaction() as tx:
            tx.execute(sa.update(table).where(table.c.id == node_id).values(_values(form)))
            audit.note(tx, session.account.username, "node.changed", form.name, details=_values(form))
    except IntegrityError:
        return _page(request, here, _("There is a node of this name already."), 400)
    return here.pages.redirect("/admin/nodes", {"done": "saved"})


@router.post("/admin/nodes/{node_id}/delete")
def delete_node(session: AdminWrites, here: Here, node_id: int) -> Response:
    """Delete a node."""
    with here.database.transaction() as tx:
        tx.execute(sa.delete(table).where(table.c.id == node_id))
        audit.note(tx, session.account.username, "node.deleted", str(node_id))
    return here.pages.redirect("/admin/nodes", {"done": "deleted"})
