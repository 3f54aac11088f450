"""The settings with which a command of extract speaks to a running DoseBus."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dosebus import instance
from dosebus_extract.settings import ExtractSettings


def instance_settings(data: Path | None) -> ExtractSettings:
    """The settings of a data folder, else of the environment, else of the standalone that was started here.

    Raises click.UsageError when there is none.
    """
    if data is None and "DOSEBUS_DATABASE_URL" in os.environ:
        return ExtractSettings()
    try:
        found = instance.find(data)
    except instance.NoInstance as error:
        raise click.UsageError(str(error)) from error
    os.environ.update(found.environment())
    key = Path(found.data) / "secrets" / "pseudonym_key"
    if key.exists():
        os.environ.setdefault("DOSEBUS_PSEUDONYM_KEY_FILE", str(key))
    return ExtractSettings()
