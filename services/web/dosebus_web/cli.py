"""`dosebus user` and `dosebus token`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from dosebus.instance import NoInstance, adopt
from dosebus.store.engine import Database
from dosebus_web.administrator import open_database
from dosebus_web.auth import accounts, audit, passwords, tokens
from dosebus_web.auth.groups import GROUPS
from dosebus_web.settings import WebSettings

BY = "command line"


def database_url(data: Path | None) -> str:
    """The database of the environment, of a data folder, or of the DoseBus that runs here. Raises ClickException."""
    try:
        adopt(data)
    except NoInstance as error:
        raise click.ClickException(str(error)) from error
    return WebSettings().database_login("dosebus_web")


@contextmanager
def connected(data: Path | None) -> Iterator[Database]:
    """The database; errors of the values become messages of the command."""
    database = open_database(database_url(data))
    try:
        yield database
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(f"the database cannot be reached: {error.orig}") from error
    finally:
        database.close()


data_option = click.option(
    "--data",
    envvar="DOSEBUS_DATA",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder of the running standalone.",
)


def read_password(password_file: Path | None) -> str | None:
    """The password in a file, without the end of its line."""
    return None if password_file is None else password_file.read_text(encoding="utf-8").strip()


@click.group()
def user() -> None:
    """Who may sign in."""


@user.command("add")
@click.argument("username")
@click.option("--group", "groups", multiple=True, type=click.Choice(list(GROUPS)), help="May be given again.")
@click.option("--name", default="", help="The name that pages show.")
@click.option("--email", default=None)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True),
    help="Its content is the password; without it one is made up and printed once.",
)
@data_option
def add_user(
    *,
    username: str,
    groups: tuple[str, ...],
    name: str,
    email: str | None,
    password_file: Path | None,
    data: Path | None,
) -> None:
    """Add a user; without --group one who may look at studies."""
    given = read_password(password_file)
    password = given or passwords.made_up()
    with connected(data) as database, database.transaction() as tx:
        accounts.add(
            tx,
            username,
            password,
            groups=groups or ("view",),
            display_name=name,
            email=email,
            must_change_password=given is None,
        )
        audit.note(tx, BY, "user.added", username.lower(), details={"groups": list(groups)})
    click.echo(f"added {username.lower()}" + ("" if given else f", first password {password}"))


@user.command("list")
@data_option
def list_users(data: Path | None) -> None:
    """List the users."""
    with connected(data) as database, database.reading() as connection:
        for person in accounts.everyone(connection):
            state = " (disabled)" if person.disabled else ""
            click.echo(f"{person.username}\t{','.join(person.groups)}\t{person.display_name}{state}")


@user.command("set-password")
@click.argument("username")
@click.option("--password-file", type=click.Path(path_type=Path, exists=True))
@data_option
def set_password(username: str, password_file: Path | None, data: Path | None) -> None:
    """Set a password and unlock the user; without a file one is made up and printed once."""
    given = read_password(password_file)
    password = given or passwords.made_up()
    with connected(data) as database, database.transaction() as tx:
        person = accounts.by_name(tx.connection, username)
        if person is None:
            raise click.ClickException(f"there is no user {username}")
        accounts.set_password(tx, person.id, password, must_change=given is None)
        audit.note(tx, BY, "password.reset", person.username)
    click.echo("password set" if given else f"new password {password}")


@user.command("disable")
@click.argument("username")
@data_option
def disable_user(username: str, data: Path | None) -> None:
    """Let a user in no more, and end their sessions."""
    with connected(data) as database, database.transaction() as tx:
        person = accounts.by_name(tx.connection, username)
        if person is None:
            raise click.ClickException(f"there is no user {username}")
        accounts.change(
            tx,
            person.id,
            display_name=person.display_name,
            email=person.email,
            groups=person.groups,
            disabled=True,
        )
        audit.note(tx, BY, "user.changed", person.username, details={"disabled": True})
    click.echo(f"disabled {person.username}")


@click.group()
def token() -> None:
    """Tokens for programs that use the API."""


@token.command("create")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice([*GROUPS, *tokens.FORMER_NAMES]),
              help="A group; may be given again.")  # fmt: skip
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@click.option("--days", type=click.IntRange(1, 3650), default=None, help="When it ends; never if not given.")
@data_option
def create_token(scopes: tuple[str, ...], name: str, days: int | None, data: Path | None) -> None:
    """Make a token and print it, this once."""
    with connected(data) as database, database.transaction() as tx:
        value = tokens.create(tx, name, scopes, days=days, made_by=BY)
        audit.note(tx, BY, "token.created", name, details={"scopes": list(scopes)})
    click.echo(value)
