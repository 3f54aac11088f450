"""The API against its own description: schemathesis sends what it admits and what it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from dosebus_web.app import create_app
from dosebus_web.auth import tokens
from dosebus_web.auth.groups import GROUPS
from tests.fixtures.network import free_port, wait_for_port
from tests.integration.web.conftest import Site

pytestmark = pytest.mark.services
SEED = 20261121
EXAMPLES = {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
ONE_EXAMPLE = {GenerationMode.POSITIVE: 1}
ALIKE = ("/ct/", "/rf/", "/mg/", "/dx/")
"""Listings whose operations are made by the same functions as those of `nm`: one example of each is enough."""
# A request that fits may name what is not there, ask for what a list has not, or come too early.
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 403, 404, 409]}}}
BOUNDED = settings(
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def bearer(site: Site) -> str:
    """A token that may everything."""
    with site.web.database.transaction() as tx:
        return f"Bearer {tokens.create(tx, 'schemathesis', GROUPS)}"


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """The application behind a real HTTP server."""
    # Schemathesis sends more wrong tokens than we take from an address.
    patient = site.web.settings.model_copy(update={"sign_in_tries_per_address": 100_000})
    app, port = create_app(replace(site.web, settings=patient)), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for_port(port)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


def test_every_operation_keeps_its_contract(address: str, bearer: str) -> None:
    document = httpx.get(f"{address}/api/v1/openapi.json", timeout=60).json()
    contract = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    broken: list[str] = []
    for found in contract.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        alike = any(name in operation.path for name in ALIKE)
        for mode, examples in (ONE_EXAMPLE if alike else EXAMPLES).items():

            @seed(SEED)
            @settings(BOUNDED, max_examples=examples)
            @given(case=operation.as_strategy(generation_mode=mode))
            def keep(case: Case[Any]) -> None:
                case.call_and_validate(base_url=address, headers={"Authorization": bearer}, timeout=120)

            try:
                keep()
            except FailureGroup as failures:
                broken += [f"{operation.label} ({mode.value}): {one}" for one in failures.exceptions]
    assert not broken, "\n\n".join(broken)
