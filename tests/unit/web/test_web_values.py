"""Small pure parts of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dosebus_web.auth import passwords, secret
from dosebus_web.auth.groups import checked, effective
from dosebus_web.http import show
from dosebus_web.http.download import attachment
from dosebus_web.http.navigation import PLACES, entries, places
from dosebus_web.http.pages import Pages
from dosebus_web.pages.alerts.quantities import written
from dosebus_web.pages.signin.routes import safe_path
from dosebus_web.pages.studies.cells import nuclide, person


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "",
        "evil",
        "/a\r\nSet-Cookie: x",
        "/a\\..\\b",
    ],
)
def test_sign_in_goes_on_only_inside_this_site(path: str) -> None:
    assert safe_path(path) == "/"


def test_sign_in_goes_on_to_the_page_with_its_query() -> None:
    assert safe_path("/studies/ct?date_from=2026-01-01") == "/studies/ct?date_from=2026-01-01"


def test_admin_implies_all_but_seeing_patients() -> None:
    assert effective(["admin"]) == {"admin", "view", "importsize", "importqr", "export", "alerts"}
    assert effective([]) == frozenset()


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(ValueError, match="root"):
        checked(["view", "root"])


def test_a_password_matches_only_itself() -> None:
    stored = passwords.hashed("correct horse battery", "anna")
    assert passwords.matches("correct horse battery", stored)
    assert not passwords.matches("correct horse batterx", stored)
    assert not passwords.matches("correct horse battery", None)


@pytest.mark.parametrize("password", ["", "short", "          ", "x" * 300])
def test_bad_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match="password"):
        passwords.hashed(password, "anna")


def test_made_up_passwords_differ_and_are_long_enough() -> None:
    made = {passwords.made_up() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) >= passwords.SHORTEST for one in made)


def test_only_a_digest_of_a_secret_is_kept() -> None:
    value = secret.new()
    assert value not in secret.digest(value)
    assert secret.same(value, value)
    assert not secret.same(value, value + "x")


def test_links_carry_the_prefix_and_drop_what_is_empty() -> None:
    assert Pages("/dose").url("/alerts", {"state": "", "page": 2}) == "/dose/alerts?page=2"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.02, "0.02"), (20000.0, "20\u202f000"), (2.264, "2.26"), (0.0, "0"), (None, "–"), (1.5e-7, "1.5e-07")],
)
def test_numbers_have_three_digits_and_no_exponent_for_ordinary_sizes(value: float, text: str) -> None:
    assert show.significant(value) == text


def test_how_long_ago_is_told_in_one_unit() -> None:
    now = datetime.now(UTC)
    assert show.ago(now - timedelta(minutes=5)) == "5 min ago"
    assert show.ago(now - timedelta(days=3, hours=2)) == "3 d ago"
    assert show.ago(None) == "–"


def test_levels_are_written_in_the_unit_people_use() -> None:
    assert written("dap_gym2", 0.02) == "20\u202f000 cGy·cm²"
    assert written("dose_rp_gy", 2.0) == "2 Gy"


def test_person_names_are_written_as_people_do() -> None:
    assert person("Weber^Nora^Maria") == "Weber, Nora Maria"
    assert person("Weber") == "Weber"


def test_a_file_name_cannot_break_the_header() -> None:
    assert attachment('a"\r\nX: y.csv') == 'attachment; filename="a-X-y.csv"'


def test_everybody_sees_only_the_places_of_their_groups() -> None:
    assert [place.path for place in places(frozenset())] == []
    assert {place.path for place in places(effective(["admin"]))} == {place.path for place in PLACES}
    assert "/exports" not in {place.path for place in places(frozenset({"view"}))}


def test_a_menu_of_one_place_is_that_place_and_the_bar_stays_short() -> None:
    assert [entry.label for entry in entries(effective(["admin"])) if entry.is_menu] == [
        "Data",
        "Administration",
    ]
    assert len(list(entries(effective(["admin"])))) <= 10
    lone = list(entries(frozenset({"importsize"})))
    assert [(entry.label, entry.is_menu) for entry in lone] == [("Patient sizes", False)]


def test_mass_numbers_are_raised() -> None:
    assert nuclide("Fluorodeoxyglucose F^18^") == "Fluorodeoxyglucose F¹⁸"
    assert nuclide("^99m^Technetium") == "⁹⁹ᵐTechnetium"
