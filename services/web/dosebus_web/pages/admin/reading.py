"""Rules on reading: which devices are ignored, whose UID says nothing, what devices are called, what is deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy.dialects.postgresql import insert

from dosebus.domain.reading import (
    DELETE_SETTING,
    DELETION_CLASSES,
    IGNORE_FIELDS,
    IGNORED_OBSERVER_MODELS,
    IGNORED_OBSERVER_MODELS_SETTING,
    DeletionClass,
    IgnoreRule,
)
from dosebus.events.extract import DeviceNamingRequested
from dosebus.store.tables import dose
from dosebus.store.tables.config import device_name_rule, ignore_rule
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.configured import configure, configured
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.admin.reading_objects import kept_objects
from dosebus_web.web import Here, Web

router = APIRouter()
R = ignore_rule.c
N = device_name_rule.c
D = dose.device.c
PAGE = "/admin/reading"
MOST_MODELS = 200
MATCHES_SHOWN = 5
UID = re.compile(r"[0-9]+(\.[0-9]+)*")
FIELDS = (
    ("manufacturer", marked("Manufacturer")),
    ("model", marked("Model")),
    ("station_name", marked("Station name")),
    ("software_version", marked("Software version")),
    ("device_serial_number", marked("Serial number")),
)
CLASSES: tuple[tuple[DeletionClass, str], ...] = (
    ("unmatched", marked("What gave no record: ignored and rejected objects")),
    ("report", marked("Structured reports (RDSR and others)")),
    ("mg", marked("Mammography images")),
    ("dx", marked("Radiography images (DX, CR, PX)")),
    ("nm", marked("Nuclear medicine and PET images")),
    ("ct_screen", marked("CT dose screens")),
)


class RuleForm(BaseModel):
    """A rule as its form sends it."""

    model_config = ConfigDict(str_strip_whitespace=True)

    manufacturer: str | None = Field(default=None, max_length=100)
    model: str | None = Field(default=None, max_length=100)
    station_name: str | None = Field(default=None, max_length=100)
    software_version: str | None = Field(default=None, max_length=100)
    device_serial_number: str | None = Field(default=None, max_length=100)
    keep_for_download: bool = False
    note: str | None = Field(default=None, max_length=200)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @model_validator(mode="after")
    def _says_something(self) -> RuleForm:
        given = [getattr(self, key) for key in IGNORE_FIELDS]
        if not any(one and one.strip("*? ") for one in given):
            raise ValueError("a rule that means every device")
        return self


Line = Annotated[str, Form(max_length=200)]


def read_rule(
    *,
    manufacturer: Line = "",
    model: Line = "",
    station_name: Line = "",
    software_version: Line = "",
    device_serial_number: Line = "",
    keep_for_download: Annotated[bool, Form()] = False,
    note: Line = "",
) -> RuleForm:
    """The form as a rule. Raises HTTPException 400."""
    try:
        return RuleForm.model_validate(locals())
    except ValidationError as error:
        raise HTTPException(
            400,
            _(
                "A rule needs at least one pattern that does not mean everything, each of 100 characters at most."
            ),
        ) from error


@router.get("/admin/reading")
def show_rules(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """All rules on reading."""
    return _page(request, here)


@router.post("/admin/reading/ignore")
def add_rule(session: AdminWrites, here: Here, form: Annotated[RuleForm, Depends(read_rule)]) -> Response:
    """Ignore devices."""
    values = form.model_dump()
    with here.database.transaction() as tx:
        rule_id = tx.execute(sa.insert(ignore_rule).values(values).returning(R.id)).scalar_one()
        audit.note(tx, session.account.username, "reading.ignore.added", str(rule_id), details=values)
    return here.pages.redirect(PAGE, {"done": "added"})


@router.post("/admin/reading/ignore/{rule_id}/delete")
def delete_rule(session: AdminWrites, here: Here, rule_id: int) -> Response:
    """Ignore devices no more."""
    with here.database.transaction() as tx:
        gone = tx.execute(sa.delete(ignore_rule).where(R.id == rule_id).returning(*R)).mappings().first()
        if gone is not None:
            audit.note(
                tx, session.account.username, "reading.ignore.deleted", str(rule_id), details=dict(gone)
            )
    return here.pages.redirect(PAGE, {"done": "deleted"})


@router.post("/admin/reading/models")
def set_models(
    session: AdminWrites,
    here: Here,
    models: Annotated[str, Form(max_length=20_000)] = "",
    default: Annotated[bool, Form()] = False,
) -> Response:
    """Set the models whose Device Observer UID says nothing, or go back to the setting."""
    said = None if default else list(dict.fromkeys(" ".join(one.split()) for one in models.splitlines()))
    wanted = None if said is None else [one for one in said if one]
    if wanted is not None and len(wanted) > MOST_MODELS:
        raise HTTPException(400, _("At most %(number)s models can be named.", number=MOST_MODELS))
    with here.database.transaction() as tx:
        configure(tx, IGNORED_OBSERVER_MODELS_SETTING, wanted)
        audit.note(tx, session.account.username, "reading.models", details={"models": wanted})
    return here.pages.redirect(PAGE, {"done": "saved"})


@router.post("/admin/reading/names")
def set_name(
    *,
    session: AdminWrites,
    here: Here,
    device_observer_uid: Annotated[str, Form(max_length=64)],
    display_name: Annotated[str, Form(max_length=200)],
) -> Response:
    """Name a Device Observer UID, and at once the devices that bear it."""
    uid, name = device_observer_uid.strip(), " ".join(display_name.split())
    if not UID.fullmatch(uid):
        raise HTTPException(400, _("A Device Observer UID consists of numbers with dots between."))
    if not name:
        raise HTTPException(400, _("A device needs a name."))
    username = session.account.username
    with here.database.transaction() as tx:
        row = insert(device_name_rule).values(device_observer_uid=uid, display_name=name)
        tx.execute(
            row.on_conflict_do_update(
                index_elements=[N.device_observer_uid], set_={"display_name": row.excluded.display_name}
            )
        )
        wish = DeviceNamingRequested(device_observer_uid=uid, display_name=name, requested_by=username)
        tx.publish(wish, subject=uid)
        audit.note(tx, username, "reading.name", uid, details={"display_name": name})
    return here.pages.redirect(PAGE, {"done": "saved"})


@router.post("/admin/reading/names/delete")
def delete_name(
    session: AdminWrites, here: Here, device_observer_uid: Annotated[str, Form(max_length=64)]
) -> Response:
    """Forget the name of a UID; devices keep the name that they have."""
    with here.database.transaction() as tx:
        tx.execute(sa.delete(device_name_rule).where(N.device_observer_uid == device_observer_uid))
        audit.note(tx, session.account.username, "reading.name.deleted", device_observer_uid)
    return here.pages.redirect(PAGE, {"done": "deleted"})


@router.post("/admin/reading/deletion")
def set_deletion(
    *,
    request: Request,
    session: AdminWrites,
    here: Here,
    delete: Annotated[tuple[DeletionClass, ...], Form()] = (),
    understood: Annotated[bool, Form()] = False,
) -> Response:
    """Set what is deleted after reading. Reports are deleted only for who said to know what that means."""
    wanted = [one for one in DELETION_CLASSES if one in delete]
    with here.database.transaction() as tx:
        standing = configured(tx.connection, DELETE_SETTING) or []
        if "report" in wanted and "report" not in standing and not understood:
            return _page(request, here, asked=wanted, status=400)
        configure(tx, DELETE_SETTING, wanted)
        details = {"delete": wanted, "before": standing}
        audit.note(tx, session.account.username, "reading.deletion", details=details)
    return here.pages.redirect(PAGE, {"done": "saved"})


def _page(request: Request, here: Web, *, asked: Sequence[str] | None = None, status: int = 200) -> Response:
    with here.database.reading() as connection:
        rules = connection.execute(sa.select(ignore_rule).order_by(R.id)).mappings().all()
        names = connection.execute(sa.select(device_name_rule).order_by(N.display_name)).all()
        models = configured(connection, IGNORED_OBSERVER_MODELS_SETTING)
        deletes = configured(connection, DELETE_SETTING) or []
        values: dict[str, Any] = {
            "rules": [(rule, _meant(connection, rule)) for rule in rules],
            "names": names,
            "models": models,
            "default_models": IGNORED_OBSERVER_MODELS,
            "deletes": deletes if asked is None else asked,
            "asked": asked is not None,
            "kept": kept_objects(connection),
        }
    values |= {"fields": FIELDS, "classes": CLASSES, "matches_shown": MATCHES_SHOWN}
    return here.pages.render(request, "pages/admin/reading.html", values, status_code=status)


def _meant(connection: sa.Connection, row: sa.RowMapping) -> list[Any]:
    """The known devices that a rule means: who wrote a pattern sees whether it is right."""
    rule = IgnoreRule.model_validate({key: row[key] for key in IGNORE_FIELDS})
    seen = dose.device_software
    version = sa.func.string_agg(seen.c.software_version, sa.literal("\\"))
    versions = sa.select(version).where(seen.c.device_id == D.id).scalar_subquery()
    devices = connection.execute(
        sa.select(dose.device, versions.label("software_version")).order_by(sa.func.lower(D.display_name))
    ).mappings()
    return [one for one in devices if rule.matches({key: one[key] for key in IGNORE_FIELDS})]
