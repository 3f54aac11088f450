"""The audit log: who did what, when; to be filtered and taken away, never changed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from dosebus.store.tables.web import audit
from dosebus_web.auth.audit import note
from dosebus_web.auth.gate import Admin
from dosebus_web.pages.admin import audit_words
from dosebus_web.pages.alerts.rule_words import audited
from dosebus_web.pages.charts.table import FORMULA
from dosebus_web.web import Here, Web

router = APIRouter()
A = audit.c
PAGE = 100
STUDY = re.compile("study ([0-9]{1,18})")
BATCH = 1000
COLUMNS = ("at", "username", "action", "subject", "details", "address")
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Day = Annotated[str, Query(max_length=10, pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
"""A form sends an empty field as an empty text."""


@dataclass(frozen=True)
class Asked:
    """The filters of an address."""

    user: str
    action: str
    subject: str
    date_from: str
    date_to: str

    def where(self) -> list[sa.ColumnElement[bool]]:
        """The conditions; a date that is none asks nothing."""
        found: list[sa.ColumnElement[bool]] = []
        if self.user.strip():
            found.append(A.username == self.user.strip())
        if self.action.strip():
            found.append(A.action.startswith(self.action.strip(), autoescape=True))
        if self.subject.strip():
            found.append(_about(self.subject.strip()))
        first, last = _day(self.date_from), _day(self.date_to)
        if first is not None:
            found.append(A.at >= datetime.combine(first, time()).astimezone())
        if last is not None and last < date.max:
            found.append(A.at < datetime.combine(last + timedelta(days=1), time()).astimezone())
        return found

    def items(self) -> dict[str, str]:
        """The filters as query-string items."""
        return {key: text for key, text in vars(self).items() if text}


def _asked(
    user: Text = "", action: Text = "", subject: Text = "", date_from: Day = "", date_to: Day = ""
) -> Asked:
    return Asked(user, action, subject, date_from, date_to)


Filter = Annotated[Asked, Depends(_asked)]


def _about(subject: str) -> sa.ColumnElement[bool]:
    """Entries about one thing; those about a study are also the lists that it was seen in."""
    itself = A.subject == subject
    study = STUDY.fullmatch(subject)
    if study is None:
        return itself
    listed = sa.and_(A.subject.startswith("list "), A.details.contains({"shown": [int(study[1])]}))
    return sa.or_(itself, listed)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year > 1 else None


@router.get("/admin/audit")
def show_audit(
    *,
    request: Request,
    session: Admin,  # noqa: ARG001 - the gate
    here: Here,
    asked: Filter,
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The audit log, newest first."""
    older = [A.id < before] if before is not None else []
    wanted = sa.select(audit).where(*asked.where(), *older).order_by(A.id.desc()).limit(PAGE + 1)
    with here.database.reading() as connection:
        rows = connection.execute(wanted).all()
        rules = audited(connection, rows[:PAGE])
    values: dict[str, Any] = {"rows": rows[:PAGE], "rules": rules, "further": len(rows) > PAGE}
    values |= {"asked": asked, "words": audit_words}
    return here.pages.render(request, "pages/admin/audit.html", values)


@router.get("/admin/audit.csv")
def download_audit(session: Admin, here: Here, asked: Filter) -> Response:
    """What the filters leave of the log, newest first, as CSV; that it was taken is noted too."""
    with here.database.transaction() as tx:
        note(tx, session.account.username, "audit.downloaded", details=dict(asked.items()))
    headers = {"content-disposition": 'attachment; filename="dosebus-audit.csv"'}
    return StreamingResponse(_lines(here, asked), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(here: Web, asked: Asked) -> Iterator[bytes]:
    """The CSV, page after page, so that a long log does not lie in memory."""
    yield "\N{BOM}".encode() + _written([COLUMNS])
    last: int | None = None
    while True:
        older = [A.id < last] if last is not None else []
        wanted = sa.select(audit).where(*asked.where(), *older).order_by(A.id.desc()).limit(BATCH)
        with here.database.reading() as connection:
            rows = connection.execute(wanted).all()
        if not rows:
            return
        yield _written([_cells(row) for row in rows])
        last = rows[-1].id


def _cells(row: Any) -> tuple[str, ...]:
    details = json.dumps(row.details, ensure_ascii=False) if row.details else ""
    told = (row.at.isoformat(), row.username, row.action, row.subject or "", details, row.address or "")
    # A text that begins like a formula must not become one in a spreadsheet.
    return tuple(f"'{one}" if one.startswith(FORMULA) else one for one in told)


def _written(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
