"""The data folder of a standalone DoseBus: who holds it, where things lie in it, its secrets."""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class FolderInUse(Exception):
    """Another DoseBus runs on this data folder."""


@dataclass(frozen=True)
class DataFolder:
    """Paths below one folder. Everything that must survive a restart lies here and nowhere else."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's own folder."""
        return self.root / "postgres"

    @property
    def blobs(self) -> Path:
        """Received objects and built files, by content."""
        return self.root / "blobs"

    @property
    def mail(self) -> Path:
        """What the built-in mail sink took."""
        return self.root / "mail"

    def make(self) -> None:
        """Make the folders; secrets and blobs are the owner's alone."""
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self.root / "secrets", self.blobs, self.mail):
            folder.mkdir(mode=0o700, exist_ok=True)

    def hold(self) -> IO[str]:
        """Lock the folder for this process; the lock lasts as long as the returned file is open.

        Raises FolderInUse when another process holds it.
        """
        lock = (self.root / "lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise FolderInUse(f"another dosebus runs on {self.root}") from error
        return lock

    def secret(self, name: str) -> str:
        """The secret of this name, made at random the first time."""
        path = self.root / "secrets" / name
        if not path.exists():
            self.write_secret(name, secrets.token_urlsafe(24))
        return path.read_text(encoding="ascii").strip()

    def write_secret(self, name: str, value: str) -> None:
        """Keep a secret so that only the owner reads it, and a crash leaves the old or the new one."""
        path = self.root / "secrets" / name
        new = path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
