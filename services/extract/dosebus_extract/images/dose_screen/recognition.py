"""Optical character recognition by the program tesseract."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Iterable
from io import StringIO
from typing import TYPE_CHECKING, Final

from dosebus_extract.images.dose_screen.table import Line, Word
from dosebus_extract.outcome import Ignored, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ONE_BLOCK: Final = "6"
_WORD_LEVEL: Final = "5"
_SAME_LINE: Final = 0.5
"""Share of the lesser height by which two words must overlap to stand in one line."""


def recognised(grey: NDArray[np.uint8], program: str, seconds: float) -> tuple[Line, ...]:
    """The lines of a picture from top to bottom.

    Raises Ignored where the program is not installed, Rejected where it fails or takes longer than `seconds`.
    """
    path = shutil.which(program)
    if path is None:
        raise Ignored("ocr_not_installed", f"reading dose screens needs the program {program}")
    image = b"P5 %d %d 255\n" % (grey.shape[1], grey.shape[0]) + grey.tobytes()
    arguments = [path, "stdin", "stdout", "--psm", _ONE_BLOCK, "-l", "eng", "--dpi", "200", "tsv"]
    try:
        # One thread: extract runs as many readers as it has cores.
        done = subprocess.run(  # noqa: S603 - the program a site names; the picture goes in by stdin
            arguments,
            input=image,
            capture_output=True,
            timeout=seconds,
            check=True,
            env={"PATH": os.environ.get("PATH", ""), "OMP_THREAD_LIMIT": "1"}
            | {key: value for key, value in os.environ.items() if key == "TESSDATA_PREFIX"},
        )
    except subprocess.TimeoutExpired as error:
        raise Rejected("dose_screen_unreadable", f"recognition took more than {seconds:g} s") from error
    except (subprocess.CalledProcessError, OSError) as error:
        reason = f"the program {program} failed: {type(error).__name__}"
        raise Rejected("dose_screen_unreadable", reason) from error
    return lines_of(_words(done.stdout.decode("utf-8", "replace")))


def _words(tsv: str) -> Iterable[Word]:
    for row in csv.DictReader(StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if row["level"] == _WORD_LEVEL and text:
            left, top, width, height = (int(row[key]) for key in ("left", "top", "width", "height"))
            yield Word(text, left, top, width, height, max(0.0, float(row["conf"])) / 100)


def lines_of(words: Iterable[Word]) -> tuple[Line, ...]:
    """Words by height: what stands wide apart in one row of a table is recognised as several lines."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda one: (one.top + one.height / 2, one.left)):
        line = next((known for known in reversed(lines) if _beside(known[-1], word)), None)
        if line is None:
            lines.append([word])
        else:
            line.append(word)
    return tuple(Line(tuple(sorted(line, key=lambda one: one.left))) for line in lines)


def _beside(known: Word, word: Word) -> bool:
    overlap = min(known.top + known.height, word.top + word.height) - max(known.top, word.top)
    if overlap >= _SAME_LINE * min(known.height, word.height):
        return True
    # A dash is flat and stands in the middle of its line.
    return known.top <= word.top + word.height / 2 <= known.top + known.height
