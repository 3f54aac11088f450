"""How the commands of one machine find the standalone DoseBus that runs on it.

A running standalone writes its connection data into its data folder (readable by its user only) and notes the folder in
the user's state folder. `dosebus user`, `dosebus token` and their like take it from there when no address is given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


class NoInstance(Exception):
    """No running standalone DoseBus could be found."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Where a running standalone DoseBus is reached."""

    data: str
    database_url: str
    database_password: str
    blobs_url: str
    http_url: str
    dicom_port: int

    def environment(self) -> Mapping[str, str]:
        """The settings variables that make a command speak to this instance."""
        return {
            "DOSEBUS_DATABASE_URL": self.database_url,
            "DOSEBUS_DATABASE_PASSWORD": self.database_password,
            "DOSEBUS_BLOBS_URL": self.blobs_url,
            "DOSEBUS_PUBLIC_URL": self.http_url,
            "DOSEBUS_DICOM_PORT": str(self.dicom_port),
        }


def state_folder() -> Path:
    """The folder of this user where running instances are noted (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "dosebus"


def announce(instance: Instance) -> None:
    """Write the connection data into the data folder and note the folder as the current one."""
    path = Path(instance.data) / "instance.json"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(instance), file)
    # A service account may have no home; its commands then need --data.
    with suppress(OSError):
        state_folder().mkdir(parents=True, exist_ok=True)
        (state_folder() / "current").write_text(instance.data, encoding="utf-8")


def find(data: Path | None = None) -> Instance:
    """The instance of a data folder, or the one that was started last on this machine by this user.

    Raises NoInstance when there is none.
    """
    if data is None:
        noted = state_folder() / "current"
        if not noted.exists():
            raise NoInstance(
                "no DoseBus was started here; name its data folder with --data or set DOSEBUS_DATABASE_URL"
            )
        data = Path(noted.read_text(encoding="utf-8"))
    path = data / "instance.json"
    if not path.exists():
        raise NoInstance(f"no DoseBus was started on {data}")
    return Instance(**json.loads(path.read_text(encoding="utf-8")))


def adopt(data: Path | None = None) -> None:
    """Point this process's settings at an instance, unless the environment names a database or a folder is given."""
    if data is None and "DOSEBUS_DATABASE_URL" in os.environ:
        return
    os.environ.update(find(data).environment())
