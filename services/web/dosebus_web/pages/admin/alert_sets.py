"""The shipped sets of rules: which are installed, and how the site's rules differ from them."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dosebus.domain.quantities import QUANTITIES
from dosebus.domain.rule_sets import RULE_SETS
from dosebus.store.tables.config import alert_rule
from dosebus_web.alerting.rule_sets import install, installed_differences, take_over
from dosebus_web.auth import audit
from dosebus_web.auth.gate import Admin, AdminWrites
from dosebus_web.language import gettext as _
from dosebus_web.language import marked
from dosebus_web.pages.alerts.quantities import written
from dosebus_web.pages.alerts.rule_words import changes, read_names
from dosebus_web.web import Here

router = APIRouter()
ROOT = "/admin/alerts/sets"
STANDINGS = {
    "same": (marked("as shipped"), "good"),
    "absent": (marked("not installed"), ""),
    "edited": (marked("edited here"), "brand"),
    "newer": (marked("newer in the set"), "warn"),
    "both": (marked("edited here, and newer in the set"), "warn"),
    "dropped": (marked("no longer in the set"), ""),
}
"""How a rule of the site stands to its set."""


@router.get(ROOT)
def show_sets(request: Request, session: Admin, here: Here) -> Response:  # noqa: ARG001 - the gate
    """Every set with its rules."""
    with here.database.reading() as connection:
        standing = {key: installed_differences(connection, one) for key, one in RULE_SETS.items()}
        rows = connection.execute(sa.select(alert_rule).where(alert_rule.c.set_key.is_not(None))).all()
        names = read_names(connection)
    site = {row.key: row for row in rows}
    differing = {
        one.key: changes(one.changes, site[one.key].quantity, names)
        for found in standing.values()
        for one in found
        if one.changes and one.key in site
    }
    values = {
        "sets": RULE_SETS,
        "standing": standing,
        "standings": STANDINGS,
        "site": site,
        "differing": differing,
        "shipped": {rule.key: rule for one in RULE_SETS.values() for rule in one.rules},
        "quantities": QUANTITIES,
        "written": written,
    }
    return here.pages.render(request, "pages/admin/alert_sets.html", values)


@router.post(f"{ROOT}/{{key}}/install")
def install_set(session: AdminWrites, here: Here, key: str) -> Response:
    """Copy the rules of a set that are not here yet, switched off. Raises HTTPException 404."""
    if key not in RULE_SETS:
        raise HTTPException(404, _("There is no such set."))
    with here.database.transaction() as tx:
        added = install(tx, key, session.account.username)
        audit.note(tx, session.account.username, "alert_set.installed", key, details={"rules": added})
    return here.pages.redirect(ROOT, {"done": "added"})


@router.post("/admin/alerts/rules/{rule_id}/take-over")
def take_over_rule(session: AdminWrites, here: Here, rule_id: int) -> Response:
    """Give a rule what its set says now; the former version is kept. Raises HTTPException 404."""
    with here.database.transaction() as tx:
        changed = take_over(tx, rule_id, session.account.username)
        if changed is None:
            raise HTTPException(404, _("This rule is of no set."))
        audit.note(tx, session.account.username, "alert_rule.taken_over", str(rule_id), details=changed)
    return here.pages.redirect(ROOT, {"done": "saved"})
