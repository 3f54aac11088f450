"""The six services as processes of their own, each started again when it ends, as a container engine does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.fixtures.network import free_port

SERVICES = ("ingest", "extract", "alerts", "export", "qr", "web")
RESTART_SECONDS = 0.2


@dataclass
class ServiceProcess:
    """One service, kept alive."""

    name: str
    environment: dict[str, str]
    log: Path
    http_port: int
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Start the process; its output goes to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"dosebus_{self.name}"],
                env={**os.environ, **self.environment, "DOSEBUS_HTTP_PORT": str(self.http_port)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1

    def kill(self) -> None:
        """kill -9, whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    def is_ready(self) -> bool:
        """Whether the service says that it is ready."""
        try:
            with urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@dataclass
class House:
    """All services over one database, one bus and one blob folder."""

    environment: dict[str, str]
    folder: Path
    dicom_port: int = field(default_factory=free_port)
    services: dict[str, ServiceProcess] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def start(self) -> None:
        """Start every service and keep each alive."""
        shared = {
            **self.environment,
            "DOSEBUS_BLOBS_URL": f"file://{self.folder / 'blobs'}",
            "DOSEBUS_DICOM_PORT": str(self.dicom_port),
        }
        for name in SERVICES:
            self.services[name] = ServiceProcess(name, shared, self.folder / f"{name}.log", free_port())
            self.services[name].start()
        self._keeper = threading.Thread(target=self._keep_alive, name="keeper", daemon=True)
        self._keeper.start()

    def _keep_alive(self) -> None:
        while not self._ending.wait(RESTART_SECONDS):
            for service in self.services.values():
                if service.process is not None and service.process.poll() is not None:
                    service.start()

    def kill_of(self, name: str) -> Callable[[], None]:
        """What kills the service of this name, whichever process it runs in by then."""

        def kill() -> None:
            self.services[name].kill()

        return kill

    def wait_until_ready(self, seconds: float = 300) -> None:
        """Raise TimeoutError with the last log lines of what is not ready in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            late = [service for service in self.services.values() if not service.is_ready()]
            if not late:
                return
            time.sleep(0.2)
        tails = "\n".join(f"== {service.name}\n{service.log.read_text()[-2000:]}" for service in late)
        raise TimeoutError(f"not ready: {', '.join(service.name for service in late)}\n{tails}")

    def stop(self) -> None:
        """End everything."""
        self._ending.set()
        if self._keeper is not None:
            self._keeper.join()
        for service in self.services.values():
            if service.process is not None and service.process.poll() is None:
                service.process.terminate()
        for service in self.services.values():
            if service.process is not None:
                try:
                    service.process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    service.kill()
                    service.process.wait()
