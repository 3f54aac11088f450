"""What a page may say of an alert's patient."""

from __future__ import annotations

from typing import Any

from dosebus_web.http.show import count
from dosebus_web.language import gettext as _
from dosebus_web.pages.studies.cells import person


def patient_of(row: Any, *, allow_pid: bool) -> str:
    """Name and ID for who may see them; for others the pseudonym, or sex and age. Empty where nothing is known."""
    pseudonym = f"{row.patient_id[:8]}…" if row.patient_id and row.patient_id_is_hashed else ""
    if allow_pid:
        name = person(row.patient_name) if row.patient_name and not row.patient_name_is_hashed else ""
        return " · ".join(part for part in (name, pseudonym or row.patient_id or "") if part)
    age = _("%(n)s years", n=count(int(row.patient_age_years))) if row.patient_age_years is not None else ""
    return pseudonym or ", ".join(part for part in (row.patient_sex or "", age) if part)
