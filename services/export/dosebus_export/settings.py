"""The settings of export."""

from __future__ import annotations

from dosebus.settings import ServiceSettings


class ExportSettings(ServiceSettings):
    """How exports are worked on; environment variables carry the prefix `DOSEBUS_`."""

    export_poll_s: float = 1.0
    export_progress_s: float = 0.5
    """The least time between two reports of progress, and between two looks whether to stop."""
    export_attempts: int = 3
    """How often a job is begun that ended with the process."""
