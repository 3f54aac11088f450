"""How often Python looks for garbage that refers to itself.

By itself it looks each time some hundred objects more were made than freed, and every now and then through all that
stand. A process that imports tens of thousands of objects, which stay, spends a fifth of its start on that.
"""

import gc

NEW_OBJECTS = 50_000
YOUNGER_LOOKS = 20


def collect_seldom() -> None:
    """Look only after many new objects. To be said before the large imports."""
    gc.set_threshold(NEW_OBJECTS, YOUNGER_LOOKS, YOUNGER_LOOKS)


def spare_what_stands() -> None:
    """Never again look through what exists by now: modules and services stay as long as the process."""
    gc.freeze()
