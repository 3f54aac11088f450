"""The first administrator."""

from __future__ import annotations

from pathlib import Path

from dosebus.store.engine import Database
from dosebus_web.auth import accounts, audit, passwords
from dosebus_web.auth.groups import GROUPS

NAME = "admin"


def open_database(url: str) -> Database:
    """The database as the web role; `url` may be the administrator's own login."""
    return Database(url, schema="web", service="web", pool_size=1)


def ensure_admin(database_url: str, password_file: Path | None = None) -> str | None:
    """Make the user `admin` when there is no account at all.

    The password is that of `password_file`, or made up. Gives the password when it was made up just now, so that
    the caller can print it once; None otherwise. Raises ValueError when the file's password is too short.
    """
    database = open_database(database_url)
    try:
        with database.transaction() as tx:
            tx.psycopg.execute("LOCK TABLE web.account IN SHARE ROW EXCLUSIVE MODE")
            if accounts.everyone(tx.connection):
                return None
            given = None if password_file is None else password_file.read_text(encoding="utf-8").strip()
            password = given or passwords.made_up()
            accounts.add(tx, NAME, password, groups=GROUPS, display_name="Administrator")
            audit.note(tx, NAME, "user.added", NAME, details={"groups": list(GROUPS)})
            return None if given else password
    finally:
        database.close()
