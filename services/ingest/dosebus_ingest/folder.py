"""The watched folder: what is put there is taken in and removed once it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from dosebus.telemetry import traces
from dosebus_ingest.admit import Admission, Admitted, CannotKeepError, Origin
from dosebus_ingest.files import arrival_of
from dosebus_ingest.spool import Spool

_CHUNK = 256 * 1024

Sign = tuple[int, int]
"""Size and time of the last change of a file: it is whole when neither changes between two looks."""


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file in pieces. Raises OSError."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def admit_file(path: Path, spool: Spool, admission: Admission, origin: Origin) -> Admitted:
    """Admit a file and leave it where it is. Raises OSError when it cannot be read, CannotKeepError."""
    with traces.span(f"{origin.door} file"):
        spooled, declared = arrival_of(spool, chunks_of(path)).finish()
        return admission.admit(spooled, declared, origin)


class WatchedFolder:
    """Looks into a folder and its subfolders; hidden files are left alone."""

    def __init__(self, folder: Path, spool: Spool, admission: Admission) -> None:
        self._folder = folder
        self._spool = spool
        self._admission = admission
        self._seen: dict[Path, Sign] = {}
        self._log = structlog.get_logger("dosebus.folder")
        folder.mkdir(parents=True, exist_ok=True)

    def look(self) -> int:
        """Take in every file that has not changed since the last look; gives their number."""
        now = dict(self._files())
        ready = [path for path, sign in now.items() if self._seen.get(path) == sign]
        self._seen = now
        return sum(self._take(path) for path in ready)

    def _files(self) -> Iterator[tuple[Path, Sign]]:
        for path in sorted(self._folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
            if hidden or path.is_symlink() or not path.is_file():
                continue
            state = path.stat()
            yield path, (state.st_size, state.st_mtime_ns)

    def _take(self, path: Path) -> bool:
        try:
            admit_file(path, self._spool, self._admission, Origin("folder"))
            path.unlink()
        except (OSError, CannotKeepError) as error:
            self._log.warning("file stays in the watched folder", reason=type(error).__name__)
            return False
        self._seen.pop(path, None)
        return True
