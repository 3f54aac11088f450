"""The audit log speaks: every action that the code writes has its words."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from dosebus_web.pages.admin.audit_words import ACTIONS, deed, place

WRITTEN = re.compile(r"\"((?:sign_(?:in|out)|[a-z_]+\.[a-z_.]+[a-z]))\"")
"""A code of an action, or another text with a point in it."""
OTHERS = re.compile(r"^(css|js|web|alert\.v|gettext|x-www|dosebus|config|site|alerts\.mail)")


def written() -> set[str]:
    """What `audit.note` and its like are called with."""
    found = set()
    for path in Path(str(resources.files("dosebus_web"))).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for call in re.finditer(r"\bnote\((?:[^()]|\([^()]*\))*\)", text):
            found |= set(WRITTEN.findall(call[0]))
    return {one for one in found if not OTHERS.match(one)}


def test_every_action_has_words() -> None:
    assert len(written()) > 50
    assert written() - set(ACTIONS) == set()
    assert deed("something.new") == "something.new"


def test_studies_and_alerts_are_linked() -> None:
    assert place("study 12") == "/study/12"
    assert place("alert 01a1") == "/alerts/01a1"
    assert place("list ct") == place("12") == place(None) == ""
