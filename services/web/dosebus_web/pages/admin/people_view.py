"""The people policy as the pages show it: what is in force, what is stored, and what can be done with that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from dosebus.domain.people import PEOPLE_SETTING, PeoplePolicy
from dosebus.store.tables import dose
from dosebus.store.tables.config import setting
from dosebus.store.tables.dose_changes import people_change, people_change_study, people_default
from dosebus_web.language import marked

S = dose.study.c
RUNS = 20
KEPT_WORDS: Mapping[str, str] = {
    "none": marked("not kept"),
    "plain": marked("as it is"),
    "pseudonym": marked("as a pseudonym"),
}
CHOICES: Mapping[str, str] = {
    "leave": marked("Leave it as it is stored"),
    "pseudonym": marked("Turn plain values into pseudonyms"),
    "remove": marked("Remove it from all studies"),
    "rederive": marked("Read it again from the archived objects"),
}
STATES: Mapping[str, tuple[str, str]] = {
    "queued": (marked("waits"), "brand"),
    "running": (marked("running"), "brand"),
    "done": (marked("done"), "good"),
    "failed": (marked("failed"), "bad"),
    "cancelled": (marked("cancelled"), ""),
}


@dataclass(frozen=True)
class Item:
    """Something that can be kept of people: its key in policy and record, its name, and the ways to keep it."""

    key: str
    label: str
    hashed: str | None
    ways: tuple[str, ...]


ITEMS = (
    Item("patient_name", marked("Patient name"), "patient_name_is_hashed", ("none", "plain", "pseudonym")),
    Item("patient_id", marked("Patient ID"), "patient_id_is_hashed", ("none", "plain", "pseudonym")),
    Item(
        "accession_number",
        marked("Accession number"),
        "accession_number_is_hashed",
        ("none", "plain", "pseudonym"),
    ),
    Item("patient_birth_date", marked("Birth date"), None, ("none", "plain")),
)
MARK = "not_patient_indicator"
LABELS: Mapping[str, str] = {**{item.key: item.label for item in ITEMS}, MARK: marked("Mark of test data")}


@dataclass(frozen=True)
class Stored:
    """In how many studies an item stands as it is, as a pseudonym, and not at all."""

    plain: int
    pseudonym: int
    none: int


@dataclass(frozen=True)
class Question:
    """What is asked of one item before a policy is saved. Without `choices` there is nothing to decide."""

    key: str
    label: str
    before: str
    after: str
    stored: Stored | None
    choices: tuple[str, ...]


@dataclass(frozen=True)
class InForce:
    """The policy that extract follows, and whether it has a key for pseudonyms (None: it has not started yet)."""

    policy: PeoplePolicy
    has_key: bool | None
    from_page: bool

    @property
    def digest(self) -> str:
        """Stands for the policy in a form, so that two people do not undo each other's change unseen."""
        return sha256(self.policy.model_dump_json().encode()).hexdigest()[:16]


def in_force(connection: sa.Connection) -> InForce:
    """What extract follows: what was saved here, over what its environment says."""
    default = connection.execute(sa.select(people_default)).first()
    said = connection.execute(sa.select(setting.c.value).where(setting.c.key == PEOPLE_SETTING)).scalar()
    known: dict[str, Any] = dict(default.policy) if default else {}
    if isinstance(said, dict):
        known |= said
    return InForce(
        PeoplePolicy.model_validate(known),
        bool(default.has_pseudonym_key) if default else None,
        isinstance(said, dict),
    )


def stored(connection: sa.Connection) -> dict[str, Stored]:
    """How each item is stored now, in one pass over all studies."""
    columns: list[sa.ColumnElement[Any]] = [sa.func.count().label("studies")]
    for item in ITEMS:
        hashed = sa.func.coalesce(S[item.hashed], sa.false()) if item.hashed else sa.false()
        there = S[item.key].is_not(None)
        columns += [
            sa.func.count().filter(there, sa.not_(hashed)).label(f"{item.key}_plain"),
            sa.func.count().filter(there, hashed).label(f"{item.key}_pseudonym"),
        ]
    columns.append(sa.func.count(S[MARK]).label("marked"))
    row = connection.execute(sa.select(*columns)).mappings().one()
    found = {}
    for item in ITEMS:
        plain, hidden = int(row[f"{item.key}_plain"]), int(row[f"{item.key}_pseudonym"])
        found[item.key] = Stored(plain, hidden, int(row["studies"]) - plain - hidden)
    found[MARK] = Stored(int(row["marked"]), 0, int(row["studies"]) - int(row["marked"]))
    return found


def questions(before: PeoplePolicy, after: PeoplePolicy, now: Mapping[str, Stored]) -> Sequence[Question]:
    """What has to be decided, item by item: where the policy changes, or where something stored does not follow it."""
    found = []
    for item in ITEMS:
        old, new, there = getattr(before, item.key), getattr(after, item.key), now[item.key]
        found.append(Question(item.key, item.label, old, new, there, choices(old, new, there)))
    old_patterns = before.not_patient_id_patterns, before.not_patient_name_patterns
    new_patterns = after.not_patient_id_patterns, after.not_patient_name_patterns
    marks = ("leave", "rederive") if old_patterns != new_patterns else ()
    found.append(Question(MARK, LABELS[MARK], "", "", now[MARK], marks))
    return found


def choices(before: str, after: str, there: Stored) -> tuple[str, ...]:
    """What can be done with what is stored of an item under a new way to keep it; nothing where all follows it."""
    follows = {
        "none": not (there.plain or there.pseudonym),
        "plain": not there.pseudonym,
        "pseudonym": not there.plain,
    }[after]
    if before == after and follows:
        return ()
    if after == "none":
        return ("leave", "remove") if there.plain or there.pseudonym else ()
    if not (there.plain or there.pseudonym or there.none):
        return ()
    ways = ["leave"]
    if after == "pseudonym" and there.plain:
        ways.append("pseudonym")
    if there.plain or there.pseudonym:
        ways.append("remove")
    return (*ways, "rederive")


def changes(connection: sa.Connection) -> Sequence[Any]:
    """The latest changes of what is stored, newest first."""
    wanted = sa.select(people_change).order_by(people_change.c.requested_at.desc()).limit(RUNS)
    return connection.execute(wanted).all()


def failures(connection: sa.Connection, ids: Sequence[Any]) -> dict[Any, dict[str, int]]:
    """By change: how many studies could not be done as chosen, by reason."""
    r = people_change_study.c
    rows = connection.execute(
        sa.select(r.people_change_id, r.reason_code, sa.func.count().label("studies"))
        .where(r.people_change_id.in_(ids), r.state == "failed")
        .group_by(r.people_change_id, r.reason_code)
        .order_by(r.reason_code)
    )
    found: dict[Any, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.people_change_id, {})[row.reason_code or "error"] = row.studies
    return found
