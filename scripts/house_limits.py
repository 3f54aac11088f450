"""Hold the house limits that no linter knows: lengths, names, lock files without addresses, no unfinished marks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 50
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
ADDRESS = re.compile(r"https?://")
SOURCES = (".py", ".js", ".mjs", ".css", ".html")


def tracked_files() -> list[Path]:
    """Files that git tracks, and new ones that it does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in map(Path, listed.stdout.splitlines()) if path.is_file()]


def long_functions(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """(name, line, length) of every function whose body is longer than the limit, its docstring not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            length = (node.end_lineno or node.lineno) - body[0].lineno + 1
            if length > FUNCTION_LINES:
                yield node.name, node.lineno, length


def faults_of_module(path: Path, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield f"{path}: {lines} lines, the limit is {MODULE_LINES}"
    if path.stem in FORBIDDEN_NAMES or path.parent.name in FORBIDDEN_NAMES:
        yield f"{path}: a module is named after its noun, not {path.stem!r}"
    for name, line, length in long_functions(ast.parse(text, str(path))):
        yield f"{path}:{line}: {name} has {length} lines, the limit is {FUNCTION_LINES}"


def faults_of(path: Path) -> Iterator[str]:
    """Every fault of one file, as lines to print."""
    if (
        path.suffix not in SOURCES
        and not path.name.endswith("package-lock.json")
        and "requirements" not in path.parts
    ):
        return
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from faults_of_module(path, text)
    if path.suffix in SOURCES:
        for number, line in enumerate(text.splitlines(), 1):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: unfinished mark"
    elif ADDRESS.search(text):
        yield f"{path}: a lock file names an address"


def main() -> int:
    faults = [fault for path in tracked_files() for fault in faults_of(path)]
    print("\n".join(faults) or "house limits: kept")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
