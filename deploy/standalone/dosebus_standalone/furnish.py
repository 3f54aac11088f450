"""What people would have done in a demonstration: a recipient, table origins, some standard names, saved views."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from dosebus.events.extract import SkinSettingsChanged
from dosebus.settings import ServiceSettings
from dosebus.store.engine import Database
from dosebus.store.tables.config import alert_recipient, skin_device
from dosebus.store.tables.web import account, saved_view
from dosebus.store.transaction import Transaction
from dosebus_simulator.devices import DEVICES
from dosebus_simulator.table import TableOrigin
from dosebus_web.administrator import NAME, open_database
from dosebus_web.pages.names import edits, store

RECIPIENT = "physicist@hospital.example"
STUDY_NAMES = (
    ("CT", "CT Head without contrast", "Head"),
    ("CT", "CT Head Trauma", "Head"),
    ("CT", "CT Chest", "Chest"),
    ("CT", "CT Low Dose Chest", "Chest low dose"),
    ("CT", "CT Abdomen Pelvis with contrast", "Abdomen and pelvis"),
    ("RF", "Coronary angiography", "Coronary angiography"),
    ("RF", "Percutaneous coronary intervention", "Coronary intervention"),
)
"""Modality, raw name, standard name. The other names stay unmapped, so that there is something to map."""
SIMULATED_ORIGIN = "The simulated system of the demonstration; not the origin of a real one."
SOURCES = ("study_description", "requested_procedure", "procedure")
VIEWS = (
    ("ct", "Heads, highest DLP first", "standard_study_name_is=Head&sort=-total_dlp_mgycm"),
    ("rf", "Coronary interventions", "standard_study_name_is=Coronary+intervention&sort=-dose_rp_total_gy"),
)
"""List, name, query."""


def name_a_recipient() -> None:
    """Give the alert mails of the demonstration somebody to go to."""
    database = web_database()
    with database.transaction() as tx:
        if tx.execute(sa.select(alert_recipient.c.id)).first() is None:
            tx.execute(sa.insert(alert_recipient).values(name="Demonstration physicist", email=RECIPIENT))
    database.close()


def list_systems() -> None:
    """Tell where the simulated fluoroscopy systems count their tables from, as the page of skin dose maps would.

    One that counts from the isocentre is covered by the list as it is shipped.
    """
    database = web_database()
    with database.transaction() as tx:
        for device in DEVICES:
            if device.table is None or device.table == TableOrigin():
                continue
            row = {
                "manufacturer": device.equipment.manufacturer,
                "model": device.equipment.model,
                "position_sign": list(device.table.sign),
                "position_offset_cm": list(device.table.offset_cm),
                "note": SIMULATED_ORIGIN,
            }
            tx.execute(insert(skin_device).values(row).on_conflict_do_nothing())
        tx.publish(SkinSettingsChanged())
    database.close()


def furnish() -> None:
    """Map some names and save some views, as the administrator `admin` would; what stands already stays."""
    database = web_database()
    with database.transaction() as tx:
        for modality_type in {row[0] for row in STUDY_NAMES}:
            _map(tx, store.Chapter(modality_type, "study"))
        _save_views(tx)
    database.close()


def web_database() -> Database:
    """The database of the running services, as the web role."""
    return open_database(ServiceSettings().database_login("dosebus_web"))


def _map(tx: Transaction, chapter: store.Chapter) -> None:
    own = [(raw, name) for modality_type, raw, name in STUDY_NAMES if modality_type == chapter.modality_type]
    keys = store.keys_of(tx.connection, [raw for raw, _ in own])
    wishes = [edits.Wish((source, keys[raw]), raw, name) for raw, name in own for source in SOURCES]
    deed = store.Deed(NAME, "import", "demonstration")
    store.change(tx, chapter, deed, lambda state, fresh: edits.take_over(state, wishes, fresh, replace=False))


def _save_views(tx: Transaction) -> None:
    owner = tx.execute(sa.select(account.c.id).where(account.c.username == NAME)).scalar()
    if owner is None or tx.execute(sa.select(saved_view.c.id)).first() is not None:
        return
    rows = [
        {"account_id": owner, "listing": at, "name": name, "query": query, "shared": True}
        for at, name, query in VIEWS
    ]
    tx.execute(sa.insert(saved_view), rows)
