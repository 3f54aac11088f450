"""Fixtures for all tests: real servers, each started at first use."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Timed assertions do not belong in tests: on a busy machine any example may take long, and its making too. Databases
# and servers are fixtures that examples share. The same code is tried with the same examples; who looks for new ones
# calls pytest with --hypothesis-profile=search.
settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.register_profile("house", settings.get_profile("search"), derandomize=True)
settings.load_profile("house")

# Seconds that aiosmtpd gives a mail server to begin.
os.environ.setdefault("AIOSMTPD_CONTROLLER_TIMEOUT", "120")

# Thousands of tests and all services are in memory here: looking for cycles as often as Python does by itself takes a
# seventh of the time.
gc.set_threshold(50_000, 20, 20)

LONG_FIRST = ("tests/e2e/survival", "tests/e2e/pages", "tests/e2e", "tests/house", "tests/integration")
"""What takes longest begins first, so that at the end no worker waits for another's last file."""
ONE_SERVER = "tests/e2e/pages"
"""All files of this folder share a demonstration that takes long to begin: they stay on one worker."""


class ByServers(LoadFileScheduling):
    """Gives a worker whole files, and the files that share servers to the same one."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        return ONE_SERVER if path.startswith(ONE_SERVER) else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServers:
    """Whatever `--dist` says: the tests of a file use its servers in order."""
    return ByServers(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first."""

    def place(item: pytest.Item) -> int:
        folder = _within(item)
        return next((n for n, one in enumerate(LONG_FIRST) if folder.startswith(one)), len(LONG_FIRST))

    items.sort(key=place)


def _within(item: pytest.Item) -> str:
    return Path(item.path).relative_to(item.config.rootpath).as_posix()


pytest_plugins = (
    "tests.fixtures.blobstore",
    "tests.fixtures.imap",
    "tests.fixtures.logs",
    "tests.fixtures.mail",
    "tests.fixtures.orthanc",
    "tests.fixtures.postgres",
    "tests.fixtures.rabbit",
    "tests.fixtures.standalone",
)
