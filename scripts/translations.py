"""Keep the catalogues of translations in step with the code.

Without arguments: write what the code says into every catalogue; new sentences are empty there until somebody
translates them. With `--check`: say what is missing, left over, empty, doubtful or wrongly filled in, and fail.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from dosebus.translations import LANGUAGES, PLACE
from dosebus_alerts.speech import TABLES
from dosebus_web.lexicon import lexicon

Keywords = Mapping[str, tuple[int, ...] | None]
KEYWORDS: Keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "marked": None}
RAISED: Keywords = {"HTTPException": (2,), "ValueError": (1,), "Refused": (1,)}
"""Errors whose sentences are translated where they are shown."""
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
EPOCH = datetime(2026, 11, 21, tzinfo=UTC)
"""Catalogues carry no time of their making: the same code makes the same file."""
HEADER = "# The words of {package}. Written by `make translations`; see docs/developer/translating.md."
Sentence = str | tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A package with catalogues, and where its sentences come from."""

    package: str
    tables: Callable[[], Iterable[str]]
    keywords: Keywords
    shared: tuple[str, ...] = ()
    """Modules of `dosebus` whose errors its pages show."""

    def path(self, language: str) -> Path:
        """The catalogue of a language."""
        return _folder(self.package) / PLACE.format(language=language, package=self.package)

    def sentences(self) -> dict[Sentence, None]:
        """Everything that is said, in the order of the code, so that a catalogue reads like the pages."""
        found: dict[Sentence, None] = {}
        folder = _folder(self.package)
        options = {"**.html": {"trimmed": "true"}, "**.txt": {"trimmed": "true"}}
        for _, _, message, _, _ in extract_from_dir(folder, METHODS, options, keywords=self.keywords):
            found[message] = None
        for module in self.shared:
            place = _folder("dosebus") / Path(module).parent
            methods = [(Path(module).name, "python")]
            for _, _, message, _, _ in extract_from_dir(place, methods, keywords=RAISED):
                found[message] = None
        return found | dict.fromkeys(self.tables())


SOURCES = (
    Source("dosebus_alerts", lambda: TABLES, KEYWORDS),
    Source(
        "dosebus_web",
        lexicon,
        {**KEYWORDS, **RAISED},
        ("catalogue/filter.py", "catalogue/query.py"),
    ),
)


def _folder(package: str) -> Path:
    return Path(str(resources.files(package)))


def read(source: Source, language: str) -> Catalog:
    """A catalogue as it is stored; an empty one where there is none."""
    path = source.path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(source: Source, language: str) -> bytes:
    """The catalogue with exactly the sentences of the code, and the translations that it has."""
    old = read(source, language)
    new = Catalog(
        locale=language,
        project="DoseBus",
        version="1",
        header_comment=HEADER.format(package=source.package),
        creation_date=EPOCH,
        revision_date=EPOCH,
        last_translator="DoseBus",
        language_team="DoseBus",
        fuzzy=False,
    )
    for sentence in sorted(source.sentences(), key=_ids):
        known = old.get(_ids(sentence)[0])
        same = known is not None and _ids(known.id) == _ids(sentence)
        new.add(
            sentence, known.string if known and same else None, flags=known.flags if known and same else ()
        )
    written = BytesIO()
    write_po(written, new, width=0, no_location=True, omit_header=False)
    return written.getvalue()


def _ids(sentence: Sentence | list[str] | None) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else tuple(sentence or ())


def faults(source: Source, language: str) -> Iterator[str]:
    """What is wrong with a catalogue."""
    catalogue = read(source, language)
    held = {_ids(one.id): one for one in catalogue if one.id}
    said = {_ids(one) for one in source.sentences()}
    for ids in sorted(said - held.keys()):
        yield f"is missing: {ids[0]}"
    for ids in sorted(held.keys() - said):
        yield f"is said nowhere any more: {ids[0]}"
    for ids in sorted(held.keys() & said):
        yield from _of_message(ids, held[ids], catalogue.num_plurals)


def _of_message(ids: tuple[str, ...], message: Message, plurals: int) -> Iterator[str]:
    told = _ids(message.string)
    if message.fuzzy:
        yield f"is marked as doubtful: {ids[0]}"
    if len(told) != (1 if len(ids) == 1 else plurals) or not all(told):
        yield f"is not translated: {ids[0]}"
        return
    wanted = {place for one in ids for place in PLACEHOLDER.findall(one)}
    for one in told:
        if set(PLACEHOLDER.findall(one)) - wanted or (
            len(ids) == 1 and wanted - set(PLACEHOLDER.findall(one))
        ):
            yield f"fills in other names: {ids[0]}"
        if "%" in PLACEHOLDER.sub("", one).replace("%%", "") and wanted:
            yield f"has a % that fills in nothing: {ids[0]}"


def main(arguments: list[str]) -> int:
    """Write or check every catalogue."""
    wrong = 0
    for source in SOURCES:
        for language in LANGUAGES[1:]:
            if "--check" in arguments:
                for fault in faults(source, language):
                    wrong += 1
                    sys.stdout.write(f"{source.package} {language}: {fault}\n")
            else:
                path = source.path(language)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(renewed(source, language))
    if wrong:
        sys.stdout.write(f"{wrong} faults in catalogues: `make translations`, then translate what is empty\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
