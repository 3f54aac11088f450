"""`dosebus migrate`: bring a database to this version's shape and make sure of an administrator."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.engine import make_url

from dosebus.store.migrate import migrate as migrate_database
from dosebus.store.owners import BUS_OWNER, OWNERS


def role_passwords(folder: Path | None) -> dict[str, str]:
    """Role name -> password, from the files `database_password_<service>` in the folder."""
    if folder is None:
        return {}
    files = {owner.role: folder / f"database_password_{owner.service}" for owner in (*OWNERS, BUS_OWNER)}
    return {role: path.read_text(encoding="utf-8").strip() for role, path in files.items() if path.exists()}


@click.command()
@click.option(
    "--database-url",
    envvar="DOSEBUS_ADMIN_DATABASE_URL",
    required=True,
    help="Login that may make roles and schemas.",
)
@click.option(
    "--database-password-file",
    envvar="DOSEBUS_ADMIN_DATABASE_PASSWORD_FILE",
    type=click.Path(path_type=Path, exists=True),
)
@click.option(
    "--role-passwords-dir",
    envvar="DOSEBUS_ROLE_PASSWORDS_DIR",
    type=click.Path(path_type=Path, exists=True),
    help="Folder with database_password_<service> files.",
)
@click.option(
    "--admin-password-file",
    envvar="DOSEBUS_ADMIN_PASSWORD_FILE",
    type=click.Path(path_type=Path, exists=True),
    help="First password of the user `admin`; without it one is made and printed once.",
)
def migrate(
    database_url: str,
    database_password_file: Path | None,
    role_passwords_dir: Path | None,
    admin_password_file: Path | None,
) -> None:
    """Make roles, schemas, tables and grants, or bring them to this version. Safe to run again."""
    from dosebus_web.administrator import ensure_admin

    url = make_url(database_url)
    if database_password_file is not None:
        url = url.set(password=database_password_file.read_text(encoding="utf-8").strip())
    login = url.render_as_string(hide_password=False)
    for service, revision in migrate_database(login, passwords=role_passwords(role_passwords_dir)).items():
        click.echo(f"{service}: {revision or 'nothing to migrate'}")
    password = ensure_admin(login, admin_password_file)
    if password is not None:
        click.echo(f"administrator made: user admin, password {password}")
