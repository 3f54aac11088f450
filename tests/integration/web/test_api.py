"""`/api/v1` with tokens."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from dosebus.domain.study import Study
from dosebus.store.packed import unpack
from dosebus.store.tables import dose, web
from dosebus_web.auth import tokens
from tests.integration.web.conftest import Site

pytestmark = pytest.mark.services


@pytest.fixture
def reader(site: Site) -> TestClient:
    """A program with a token of the scope `read`."""
    return program(site, "read")


def program(site: Site, *scopes: str) -> TestClient:
    """A program with a token."""
    with site.web.database.transaction() as tx:
        value = tokens.create(tx, "test", scopes)
    client = site.client()
    client.headers["authorization"] = f"Bearer {value}"
    return client


def test_a_record_is_the_stored_one_in_the_format_of_read(site: Site) -> None:
    with site.web.database.reading() as connection:
        uid, packed = connection.execute(
            sa.select(dose.study.c.study_instance_uid, dose.study.c.record).limit(1)
        ).one()
    answer = program(site, "read", "pid").get(f"/api/v1/studies/{uid}")
    assert answer.status_code == 200
    assert answer.json() == unpack(Study, packed).model_dump(mode="json")


def test_a_record_has_no_patient_identity_for_the_scope_read(site: Site, reader: TestClient) -> None:
    uid = reader.get("/api/v1/studies").json()["studies"][0]["study_instance_uid"]
    patient = reader.get(f"/api/v1/studies/{uid}").json()["patient"]
    assert "patient_name" not in patient
    assert patient["patient_id_is_hashed"] is True
    assert "patient_name" in program(site, "read", "pid").get(f"/api/v1/studies/{uid}").json()["patient"]


def test_pages_of_all_studies_follow_one_another(site: Site, reader: TestClient) -> None:
    found, after = [], None
    while True:
        query = {"limit": 10} | ({"after": after} if after else {})
        page = reader.get("/api/v1/studies", params=query).json()
        found += [study["id"] for study in page["studies"]]
        after = page["after"]
        if after is None:
            break
    assert len(found) == len(set(found)) == 40


def test_a_listing_filters_and_sorts_as_its_page_does(site: Site, reader: TestClient) -> None:
    page = reader.get("/api/v1/studies?listing=rf&sort=-total_dap_gym2&study_description=a&limit=10").json()
    doses = [study["total_dap_gym2"] or 0 for study in page["studies"]]
    assert doses == sorted(doses, reverse=True)
    assert all("patient_name" not in study for study in page["studies"])
    html = site.client("viewer").get("/studies/rf?sort=-total_dap_gym2&study_description=a&limit=10").text
    assert [study["id"] for study in page["studies"]] == [
        int(key) for key in re.findall(r'<tr data-key="(\d+)"', html)
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/studies?listing=zz", 404),
        ("/api/v1/studies?limit=1", 422),
        ("/api/v1/studies?dlp_min=5", 400),
        ("/api/v1/studies?listing=ct&patient_name=x", 400),
        ("/api/v1/studies/1.2.3.999", 404),
        ("/api/v1/studies/not-a-uid", 422),
        ("/api/v1/nothing", 404),
    ],
)
def test_what_cannot_be_answered_is_said_as_json(reader: TestClient, path: str, status: int) -> None:
    answer = reader.get(path)
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_revoked_wrong_and_missing_tokens_are_refused(site: Site, reader: TestClient) -> None:
    assert site.client().get("/api/v1/studies").status_code == 401
    wrong = {"authorization": "Bearer dosebus_wrong"}
    assert site.client().get("/api/v1/studies", headers=wrong).status_code == 401
    assert reader.get("/api/v1/studies").status_code == 200
    with site.web.database.transaction() as tx:
        for token_id in tx.execute(sa.select(web.api_token.c.id)).scalars().all():
            tokens.revoke(tx, token_id)
    assert reader.get("/api/v1/studies").status_code == 401


def test_openapi_is_valid_and_names_the_contract(site: Site) -> None:
    document = site.client().get("/api/v1/openapi.json").json()
    validate(document)
    assert {"/api/v1/studies", "/api/v1/studies/{study_instance_uid}"} <= document["paths"].keys()
    assert "HTTPBearer" in document["components"]["securitySchemes"]


def test_a_listing_describes_itself(reader: TestClient) -> None:
    described = reader.get("/api/v1/listings/ct").json()
    assert "total_dlp_mgycm" in described["row"]["properties"]
    assert "patient_name" not in described["row"]["properties"]
