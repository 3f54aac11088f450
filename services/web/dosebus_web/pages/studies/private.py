"""Searches by patient or accession number: kept on the server, so that they never stand in an address."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import sqlalchemy as sa

from dosebus.catalogue.filter import Filter
from dosebus.catalogue.listing import Listing
from dosebus.domain.pseudonym import pseudonym
from dosebus.store.tables import dose
from dosebus.store.tables.web import private_search
from dosebus.store.transaction import Transaction

PRIVATE_KEYS = frozenset({"accession"})
KEPT = sa.text("interval '1 day'")
S = dose.study.c
STORED = {
    "patient_id": (S.patient_id, S.patient_id_is_hashed),
    "accession": (S.accession_number, S.accession_number_is_hashed),
    "patient_name": (S.patient_name, S.patient_name_is_hashed),
}
"""By filter: where its value is stored, and whether as a pseudonym."""

Items = Sequence[tuple[str, str]]


def is_private(wanted: Filter) -> bool:
    """Whether what a filter asks for tells who a patient is."""
    return wanted.personal or wanted.key in PRIVATE_KEYS


def filters_of(listing: Listing, *, allow_pid: bool) -> list[Filter]:
    """The private filters that somebody may use."""
    return [one for one in listing.filters if is_private(one) and (allow_pid or not one.personal)]


def asked_in(listing: Listing, items: Items) -> list[str]:
    """The names in an address, also in groups of conditions, that ask for what must not stand in one."""
    hidden = {one.key for one in listing.filters if is_private(one)}
    return [key for key, _raw in items if key.rpartition(".")[2].removeprefix("!") in hidden]


def as_stored(connection: sa.Connection, items: Items, key: bytes) -> list[tuple[str, str]]:
    """A search for exact values in the form in which studies have them: as pseudonyms where there is such a study."""
    return [(name, _stored_form(connection, name, text, key) if key else text) for name, text in items]


def _stored_form(connection: sa.Connection, name: str, text: str, key: bytes) -> str:
    column, hashed = STORED[name]
    hidden = pseudonym(text, key)
    found = connection.execute(sa.select(S.id).where(column == hidden, hashed).limit(1)).first()
    return text if found is None else hidden


def remember(tx: Transaction, account_id: int, listing: Listing, items: Items) -> str:
    """Keep a search for a day and give its key."""
    key = secrets.token_urlsafe(9)
    row = {"key": key, "account_id": account_id, "listing": listing.name, "items": [list(i) for i in items]}
    tx.execute(sa.insert(private_search).values(row))
    tx.execute(sa.delete(private_search).where(private_search.c.created_at < sa.func.now() - KEPT))
    return key


def recall(connection: sa.Connection, account_id: int, listing: Listing, key: str) -> list[tuple[str, str]]:
    """What a key stands for; nothing when it is somebody else's or too old."""
    search = private_search.c
    found = connection.execute(
        sa.select(search["items"]).where(
            search.key == key, search.account_id == account_id, search.listing == listing.name
        )
    ).scalar()
    return [(str(name), str(text)) for name, text in found or ()]
