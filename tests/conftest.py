"""Fixtures for all tests: real servers, each started at first use."""

pytest_plugins = (
    "tests.fixtures.blobstore",
    "tests.fixtures.logs",
    "tests.fixtures.mail",
    "tests.fixtures.orthanc",
    "tests.fixtures.postgres",
    "tests.fixtures.rabbit",
    "tests.fixtures.standalone",
)
