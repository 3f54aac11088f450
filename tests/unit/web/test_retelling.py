"""Sentences of other services told again: every one that their code holds, with numbers as the reader writes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from dosebus_web.language import SPOKEN, Conversation, speech
from dosebus_web.retelling import retold

SHOWN = {
    "_finding": 1, "find": 1, "Rejected": 1, "Ignored": 1, "UnreadableObject": 0, "Refused": 0, "PeerError": 0,
    "RefusedError": 0, "UnreachableError": 0, "TooManyAnswersError": 0, "UnfitError": 0, "keep_history": 2,
}  # fmt: skip
"""Calls whose sentences pages show, and which argument it is."""
SAMPLES = {
    "name": "A", "changed": "height", "title": "“Report” (126000)", "program": "tesseract",
    "error": "more than 7 answers",
    "key.replace('_', ' ')": "start datetime", "_ABOUT_THE_TOTAL[judgement.total_agrees]": "their DLP make the total",
}  # fmt: skip
"""What stands for a filling; a number for all others."""


@pytest.fixture(params=["de", "es"])
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    token = SPOKEN.set(Conversation(speech(request.param)))
    yield
    SPOKEN.reset(token)


def sample(written: ast.expr) -> str | None:
    """A sentence as the code would write it; None for what is no literal."""
    if isinstance(written, ast.Constant) and isinstance(written.value, str):
        return written.value
    if not isinstance(written, ast.JoinedStr):
        return None
    parts = []
    for part in written.values:
        filling = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
        parts.append(SAMPLES.get(filling, "7") if filling else str(getattr(part, "value", "")))
    return "".join(parts)


def sentences() -> list[str]:
    """Everything that the code of the services says of objects, studies and tasks."""
    found = []
    for package in ("dosebus_extract", "dosebus_qr", "dosebus_export"):
        for path in sorted(Path(str(resources.files(package))).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = node.func if isinstance(node, ast.Call) else None
                name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
                if isinstance(node, ast.Call) and len(node.args) > SHOWN.get(name, 99):
                    found.append(sample(node.args[SHOWN[name]]))
    return [one for one in found if one and " " in one]


@pytest.mark.usefixtures("reader")
def test_every_sentence_of_the_services_can_be_told_again() -> None:
    written = sentences()
    assert len(written) > 80
    assert [one for one in written if retold(one) == one] == []


@pytest.fixture
def german() -> Iterator[None]:
    token = SPOKEN.set(Conversation(speech("de")))
    yield
    SPOKEN.reset(token)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("total DLP is 12.5 mGy·cm, the events' sum 3", "12,5"),
        ("objects of SOP class 1.2.840.10008.5.1.4 tell no dose that is read", "1.2.840.10008.5.1.4"),
        ("ends inside a value (element (0040,A730) at byte 1714)", "(0040,A730)"),
        ("height and weight of the patient imported by m.weber", "m.weber"),
        ("C-FIND ended with status A702", "A702"),
        ("no connection: timed out", ": timed out"),
        ("the model is not on the list of systems whose skin dose is mapped: GE OEC 3D", ": GE OEC 3D"),
    ],
)
def test_what_is_filled_in_stays_and_the_sentence_is_german(written: str, kept: str) -> None:
    told = retold(written)
    assert told != written
    assert kept in told


@pytest.mark.usefixtures("german")
def test_an_unknown_sentence_stays_as_it_is() -> None:
    assert retold("something new about 5 events: and 2.5 others (byte x)") == (
        "something new about 5 events: and 2.5 others (byte x)"
    )
