"""Reports of which every free text is meant to break a page, a sheet or a mail, and what tells that it did not."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from itertools import count

from pydicom.dataset import Dataset

from dosebus_simulator.encode import encoded
from dosebus_simulator.kinds import make

KINDS = ("ct", "rf", "mg", "dx", "nm")
SHORT = (
    "\"'><script>alert(1)</script>{{7*7}}",
    '=HYPERLINK("//evil.example","\'><b>")',
    '"><img src=x onerror=alert(2)>${7*7}',
    "@SUM(1)</title><svg onload=alert(3)>",
    "+1+cmd|' /C calc'!A0<script>alert(4)</script>",
    "-1+1</textarea></select><iframe src=//evil.example>",
    "\N{RIGHT-TO-LEFT OVERRIDE}live<script>alert(5)</script>שלום مرحبا",
    "javascript:alert(6)//%s%(name)s{% raw %}{{ csrf_token }}",
)
"""At most 64 characters, as LO holds them."""
LONG = SHORT[0] + "very long " * 400 + SHORT[0]
NAMES = ('<script>alert(7)</script>^"><img src=x onerror=alert(8)>', "=1+1^@SUM(1)<svg onload=alert(9)>")
LINES, LONGER, PEOPLE = frozenset({"LO", "SH", "UC"}), frozenset({"ST", "LT", "UT"}), frozenset({"PN"})
KEPT = re.compile(
    "(Long)?CodeValue|CodingScheme|MappingResource|ContextIdentifier|SpecificCharacterSet|DeviceSerialNumber$"
)
"""Without codes nothing could be read; the serial number tells devices apart."""
MARKS = re.compile(r"alert\(|evil|onerror|onload|7\*7|HYPERLINK|SUM\(1")
"""Something of our texts."""
EVALUATED = re.compile(r"(?<![\d.])\$?49\$?(?=[<\"']|$)")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def reports() -> Iterator[bytes]:
    """A study of each list, twice, so that texts fall on other places the second time."""
    for turn in range(2):
        for number, kind in enumerate(KINDS):
            day = date.today() - timedelta(days=turn + 1)  # noqa: DTZ011 - pages count from today
            for made in make(kind, 7, turn, number, day=day).objects:
                dataset = made.dataset
                poison(dataset, count(turn * 3 + number))
                dataset.SpecificCharacterSet = "ISO_IR 192"
                yield encoded(dataset)


def poison(dataset: Dataset, turns: Iterator[int]) -> None:
    """Put one of the texts into every free text, however deep."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                poison(item, turns)
        elif not KEPT.match(element.keyword):
            turn = next(turns)
            if element.VR in LINES:
                element.value = SHORT[turn % len(SHORT)]
            elif element.VR in LONGER:
                element.value = LONG if turn % 3 == 0 else SHORT[turn % len(SHORT)]
            elif element.VR in PEOPLE:
                element.value = NAMES[turn % len(NAMES)]


class Looking(HTMLParser):
    """Reads a page as a browser does, and notes what must not be in one."""

    def __init__(self, *, styles: bool = False) -> None:
        super().__init__()
        self._styles = styles
        self.faults: list[str] = []
        self.shown: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note elements and attributes that none of our templates writes."""
        given = dict(attrs)
        self._in_script = tag == "script"
        own_script = tag != "script" or (given.get("src") or "").startswith("/static/")
        if not own_script or tag in ("iframe", "object", "embed", "b", "base"):
            self.faults.append(f"<{tag} {given}>")
        for name, value in attrs:
            if (
                name.startswith("on")
                or (name == "style" and not self._styles)
                or not re.fullmatch(r"[a-z][\w:-]*", name, re.IGNORECASE)
            ):
                self.faults.append(f"<{tag} {name}={value!r}>")
            if name in ("href", "src", "action", "formaction") and leads_away(value or ""):
                self.faults.append(f"<{tag} {name}={value!r}>")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        self.shown.append(data)
        if self._in_script and data.strip():
            self.faults.append(f"<script>{data[:60]}")

    def handle_endtag(self, tag: str) -> None:
        """A script ends."""
        self._in_script = self._in_script and tag != "script"


AWAY = re.compile(r"\s*(javascript|data:text|vbscript)|\s*(https?:)?[/\\]{2}(?!127\.0\.0\.1)", re.IGNORECASE)


def leads_away(address: str) -> bool:
    """Whether an address is a script or another host's."""
    return AWAY.match(address) is not None


def faults_of_page(text: str, *, styles: bool = False) -> list[str]:
    """What a page holds that it must not; a mail may have `styles`, as it has no style sheet."""
    looking = Looking(styles=styles)
    looking.feed(text)
    looking.close()
    return looking.faults


def shows_our_texts(text: str) -> bool:
    """Whether a page shows some of our texts as they are."""
    looking = Looking()
    looking.feed(text)
    return MARKS.search(" ".join(looking.shown)) is not None


def formulas_of_csv(content: bytes) -> list[str]:
    """The cells of a CSV file that a spreadsheet would compute."""
    text = content.decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text, newline=""), csv.Sniffer().sniff(text.splitlines()[0], ",;\t"))
    return [cell for row in rows for cell in row if cell.startswith(FORMULA) and not is_number(cell)]


def formulas_of_xlsx(content: bytes) -> list[str]:
    """The parts of a workbook that hold a formula or a link."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {
            name: book.read(name).decode() for name in book.namelist() if name.endswith((".xml", ".rels"))
        }
    assert MARKS.search("".join(parts.values()))
    return [
        name
        for name, text in parts.items()
        if re.search(r"<f[ >]|<hyperlink|/hyperlink\"|<externalLink", text)
    ]


def is_number(cell: str) -> bool:
    """Whether a cell is a number, which may begin with a sign."""
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?(e[-+]?\d+)?", cell, re.IGNORECASE) is not None
