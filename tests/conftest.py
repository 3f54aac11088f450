"""Fixtures for all tests: real servers, each started at first use."""

import os

from hypothesis import HealthCheck, settings

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
