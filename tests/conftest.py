"""Fixtures for all tests: real servers, each started at first use."""

from hypothesis import settings

# Timed assertions do not belong in tests: on a busy machine any example may take long.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

pytest_plugins = (
    "tests.fixtures.blobstore",
    "tests.fixtures.logs",
    "tests.fixtures.mail",
    "tests.fixtures.orthanc",
    "tests.fixtures.postgres",
    "tests.fixtures.rabbit",
    "tests.fixtures.standalone",
)
