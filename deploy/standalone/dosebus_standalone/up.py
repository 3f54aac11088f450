"""`dosebus up`: all six services in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from dosebus.instance import Instance, announce
from dosebus.runtime.ending import Ending
from dosebus.runtime.garbage import spare_what_stands
from dosebus_standalone.folder import DataFolder, FolderInUse


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    data: Path
    http_host: str
    http_port: int
    dicom_host: str
    dicom_port: int
    database_url: str | None
    bus_url: str
    admin_password_file: Path | None
    mail_sink: bool

    @property
    def http_url(self) -> str:
        """Where a browser on this machine finds the pages."""
        return f"http://127.0.0.1:{self.http_port}"


def default_data_folder() -> Path:
    """The user's own data folder (XDG base directories)."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "dosebus"


@contextmanager
def database(folder: DataFolder, options: Options) -> Iterator[str]:
    """The administrator's URL of the given PostgreSQL, or of an embedded one that runs as long as the block."""
    if options.database_url is not None:
        yield options.database_url
        return
    import warnings

    with warnings.catch_warnings():
        # The wheel's platformdirs warns where a container has no XDG_RUNTIME_DIR; it falls back to /tmp.
        warnings.simplefilter("ignore")
        from dosebus_standalone.embedded import EmbeddedPostgres

        postgres = EmbeddedPostgres(folder)
    try:
        yield postgres.start()
    finally:
        postgres.stop()


def without_login(url: str) -> str:
    """The URL without user and password, so that every service puts its own role there."""
    return make_url(url)._replace(username=None, password=None).render_as_string(hide_password=False)


def environment(folder: DataFolder, options: Options, admin_url: str) -> dict[str, str]:
    """The settings that all six services read; what the operator has set in the environment stays."""
    settings = {
        "DOSEBUS_DATABASE_URL": without_login(admin_url),
        "DOSEBUS_DATABASE_PASSWORD": folder.secret("role_password"),
        "DOSEBUS_BUS_URL": options.bus_url,
        "DOSEBUS_BLOBS_URL": f"file://{folder.blobs}",
        "DOSEBUS_HTTP_HOST": options.http_host,
        "DOSEBUS_HTTP_PORT": str(options.http_port),
        "DOSEBUS_DICOM_HOST": options.dicom_host,
        "DOSEBUS_DICOM_PORT": str(options.dicom_port),
    }
    defaults = {
        "DOSEBUS_PUBLIC_URL": options.http_url,
        "DOSEBUS_LOG_FORMAT": "console",
        "DOSEBUS_MAIL_SINK": "true" if options.mail_sink else "false",
        "DOSEBUS_MAIL_SINK_FOLDER": str(folder.mail),
    }
    if "DOSEBUS_PSEUDONYM_KEY_FILE" not in os.environ:
        defaults["DOSEBUS_PSEUDONYM_KEY"] = folder.secret("pseudonym_key")
    return settings | {name: value for name, value in defaults.items() if name not in os.environ}


def prepare(folder: DataFolder, options: Options, admin_url: str) -> str | None:
    """Migrate the database and make sure of an administrator; gives the password if one was made up."""
    from dosebus.store.migrate import migrate
    from dosebus.store.owners import BUS_OWNER, OWNERS
    from dosebus_web.administrator import ensure_admin

    password = folder.secret("role_password")
    migrate(admin_url, passwords={owner.role: password for owner in (*OWNERS, BUS_OWNER)})
    return ensure_admin(admin_url, options.admin_password_file)


@contextmanager
def running(options: Options) -> Iterator[str | None]:
    """A DoseBus that runs as long as the block; gives the administrator's password if it was made up just now.

    Raises FolderInUse when another process holds the data folder.
    """
    from dosebus_standalone.composition import standalone_host

    folder = DataFolder(options.data.resolve())
    folder.make()
    with folder.hold(), database(folder, options) as admin_url:
        password = prepare(folder, options, admin_url)
        os.environ.update(environment(folder, options, admin_url))
        host = standalone_host()
        host.start()
        spare_what_stands()
        try:
            announce(
                Instance(
                    data=str(folder.root),
                    database_url=os.environ["DOSEBUS_DATABASE_URL"],
                    database_password=os.environ["DOSEBUS_DATABASE_PASSWORD"],
                    blobs_url=os.environ["DOSEBUS_BLOBS_URL"],
                    http_url=os.environ["DOSEBUS_PUBLIC_URL"],
                    dicom_port=options.dicom_port,
                )
            )
            yield password
        finally:
            host.stop()


def say_where(options: Options, password: str | None) -> None:
    """Tell on standard output where to look, where to send, and how to sign in."""
    click.echo(
        f"DoseBus runs. Pages: {options.http_url}/   DICOM: port {options.dicom_port}, any AE title (e.g. DOSEBUS)"
    )
    if password is not None:
        click.echo(f"Sign in as user admin with password {password}  (printed this once)")
    elif options.admin_password_file is not None:
        click.echo(f"Sign in as user admin with the password in {options.admin_password_file}")


UP_OPTIONS = (
    click.option(
        "--data", type=click.Path(path_type=Path), envvar="DOSEBUS_DATA", help="Folder that keeps everything."
    ),
    click.option("--http-host", default="127.0.0.1", show_default=True),
    click.option("--http-port", type=int, default=8080, show_default=True),
    click.option("--dicom-host", default="127.0.0.1", show_default=True),
    click.option("--dicom-port", type=int, default=11112, show_default=True),
    click.option("--database-url", help="Login to an ordinary PostgreSQL that may make roles and schemas."),
    click.option("--bus-url", default="local:", show_default=True, help="local: or amqp://user@host/"),
    click.option(
        "--admin-password-file", type=click.Path(path_type=Path, exists=True), help="First password of admin."
    ),
    click.option("--mail-sink", is_flag=True, help="Take mails here and log them instead of sending."),
)


@click.command()
@click.pass_context
def up(ctx: click.Context, /, **given: object) -> None:
    """Run all six services in one process, on an embedded PostgreSQL unless a URL is given."""
    options = options_of(given)
    ending = Ending()
    try:
        with running(options) as password:
            say_where(options, password)
            ending.wait()
            click.echo("stopping")
    except FolderInUse as error:
        ctx.fail(str(error))


def options_of(given: dict[str, object]) -> Options:
    """The options as data, with the default folder filled in."""
    return Options(**{**given, "data": given["data"] or default_data_folder()})  # type: ignore[arg-type]


for option in reversed(UP_OPTIONS):
    up = option(up)
