"""Saved views."""

from __future__ import annotations

import re

import pytest

from tests.integration.web.conftest import Site, csrf

pytestmark = pytest.mark.services
FORM = {"listing": "ct", "name": "Heads", "query": "study_description=head&sort=-total_dlp_mgycm"}


def test_a_view_is_kept_shown_and_deleted_by_its_owner_only(site: Site) -> None:
    owner, other = site.client("viewer"), site.client("exporter")
    assert owner.post("/views", data={**FORM, "csrf_token": csrf(owner)}).status_code == 303
    page = owner.get("/studies/ct").text
    found = re.search(r'href="(/studies/ct\?[^"]*head[^"]*)">Heads<', page)
    assert found is not None
    assert 'value="head"' in owner.get(found[1].replace("&amp;", "&")).text
    assert ">Heads<" not in other.get("/studies/ct").text
    owner.post("/views", data={**FORM, "shared": "true", "csrf_token": csrf(owner)})
    assert ">Heads<" in other.get("/studies/ct").text
    place = re.search(r'action="(/views/\d+/delete)"', owner.get("/studies/ct").text)
    assert place is not None
    assert other.post(place[1], data={"csrf_token": csrf(other)}).status_code == 404
    assert owner.post(place[1], data={"csrf_token": csrf(owner)}).status_code == 303
    assert ">Heads<" not in other.get("/studies/ct").text


@pytest.mark.parametrize("query", ["accession=A1", "patient_id=7", "nonsense=1"])
def test_what_names_a_patient_or_means_nothing_is_not_kept(site: Site, query: str) -> None:
    client = site.client("insider")
    answer = client.post("/views", data={**FORM, "query": query, "csrf_token": csrf(client)})
    assert answer.status_code == 400
