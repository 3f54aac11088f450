"""The page of the people policy: how patients are kept, who is no patient, and what to do with what is stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from dosebus.domain.people import PEOPLE_SETTING, PeoplePolicy, matching, spellings
from dosebus.events.identity import uuid7
from dosebus.events.people import PeopleChangeCancelRequested, PeopleChangeRequested
from dosebus.store.tables.dose_changes import people_change
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.configured import configure
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.admin import people_view as view
from dosebus_web.pages.admin.people_form import (
    Answers,
    Patterns,
    Wanted,
    changed_settings,
    needs_key,
    patterns,
)
from dosebus_web.web import Here, Web

router = APIRouter()
ROOT = "/admin/people"
SETTING_LOCK = 0x70656F70
"""The advisory lock that lets one person change the policy at a time."""
REASONS = {
    "archive_deleted": marked("the archived object was deleted by policy"),
    "archive_missing": marked("the archived object is missing"),
    "study_gone": marked("the study was removed"),
}


@router.get(ROOT)
def show_people(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """How patients are kept, and the changes there were."""
    return _page(request, here)


@router.get(f"{ROOT}/progress")
def show_progress(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001
    """The list of changes alone."""
    return here.pages.render(request, "pages/admin/people_progress.html", _changes(here))


@router.post(f"{ROOT}/test")
def try_patterns(
    *,
    request: Request,
    session: AdminWrites,  # noqa: ARG001
    here: Here,
    kind: Annotated[Literal["id", "name"], Form()] = "id",
    value: Annotated[str, Form(max_length=200)] = "",
    tried: Patterns = "",
) -> Response:
    """Say which patterns a value matches. The value stands in no address and in no log."""
    with here.database.reading() as connection:
        policy = view.in_force(connection).policy
    ours = policy.not_patient_id_patterns if kind == "id" else policy.not_patient_name_patterns
    used = patterns(tried) or ours
    found = sorted(matching(used, [value] if kind == "id" else spellings(value)))
    test = {"kind": kind, "value": value, "tried": tried, "found": found, "number": len(used)}
    return _page(request, here, test=test)


@router.post(f"{ROOT}/review")
def review(request: Request, session: AdminWrites, here: Here, wanted: Wanted) -> Response:  # noqa: ARG001
    """Ask what to do with what is stored, before anything is saved. Raises HTTPException 400."""
    with here.database.reading() as connection:
        standing = view.in_force(connection)
        _check_key(standing, wanted)
        asked = view.questions(standing.policy, wanted, view.stored(connection))
    values = {
        "standing": standing,
        "wanted": wanted,
        "questions": asked,
        "ways": view.KEPT_WORDS,
        "choices": view.CHOICES,
        "changes_policy": wanted != standing.policy,
    }
    return here.pages.render(request, "pages/admin/people_review.html", values)


@router.post(f"{ROOT}/change")
def change_policy(
    *,
    session: AdminWrites,
    here: Here,
    wanted: Wanted,
    answers: Answers,
    standing: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Save the policy, and ask extract to change what is stored. Raises HTTPException 400, and 409 for a stale form."""
    username = session.account.username
    with here.database.transaction() as tx:
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(SETTING_LOCK)))
        before = view.in_force(tx.connection)
        if before.digest != standing:
            raise HTTPException(409, _("Somebody else changed the policy meanwhile. Look at it again."))
        _check_key(before, wanted)
        stored = view.stored(tx.connection)
        allowed = {one.key: one.choices for one in view.questions(before.policy, wanted, stored)}
        chosen = {key: answer for key, answer in answers.items() if answer != "leave"}
        if any(answer not in allowed[key] for key, answer in chosen.items()):
            raise HTTPException(400, _("What is stored cannot be changed in this way."))
        configure(tx, PEOPLE_SETTING, wanted.model_dump(mode="json"))
        details = {"policy": changed_settings(before.policy, wanted), "stored": chosen}
        change_id = uuid7()
        if chosen:
            wish = PeopleChangeRequested.model_validate(
                {"people_change_id": change_id, "requested_by": username, **chosen}
            )
            tx.publish(wish, subject=str(change_id))
        audit.note(tx, username, "people.change", str(change_id) if chosen else None, details=details)
    return here.pages.redirect(ROOT, {"done": "saved"})


@router.post(f"{ROOT}/changes/{{people_change_id}}/cancel")
def cancel_change(session: AdminWrites, here: Here, people_change_id: UUID) -> Response:
    """Ask extract to stop a change of what is stored. Raises HTTPException 404."""
    username = session.account.username
    with here.database.transaction() as tx:
        known = tx.execute(sa.select(people_change.c.id).where(people_change.c.id == people_change_id))
        if known.first() is None:
            raise HTTPException(404, _("There is no such change."))
        wish = PeopleChangeCancelRequested(people_change_id=people_change_id, requested_by=username)
        tx.publish(wish, subject=str(people_change_id))
        audit.note(tx, username, "people.cancel", str(people_change_id))
    return here.pages.redirect(ROOT, {"done": "cancelling"})


def _page(request: Request, here: Web, test: dict[str, Any] | None = None) -> Response:
    with here.database.reading() as connection:
        standing = view.in_force(connection)
    values = {
        "standing": standing,
        "items": view.ITEMS,
        "options": {item.key: [(way, _(view.KEPT_WORDS[way])) for way in item.ways] for item in view.ITEMS},
        "test": test,
        **_changes(here),
    }
    return here.pages.render(request, "pages/admin/people.html", values)


def _changes(here: Web) -> dict[str, Any]:
    with here.database.reading() as connection:
        rows = view.changes(connection)
        failed = view.failures(connection, [row.id for row in rows])
    return {
        "rows": rows,
        "failed": failed,
        "states": view.STATES,
        "choices": view.CHOICES,
        "labels": view.LABELS,
        "reasons": REASONS,
    }


def _check_key(standing: view.InForce, wanted: PeoplePolicy) -> None:
    if needs_key(wanted) and standing.has_key is False:
        raise HTTPException(
            400, _("Pseudonyms need a key, and extract has none. Set DOSEBUS_PSEUDONYM_KEY_FILE first.")
        )
