"""The groups, and what each lets people do."""

from __future__ import annotations

from collections.abc import Iterable

GROUPS: dict[str, str] = {
    "view": "See studies, lists and charts",
    "importsize": "Import patient sizes",
    "importqr": "Query and retrieve from DICOM nodes",
    "export": "Export to CSV and XLSX",
    "alerts": "Deal with alerts: acknowledge, justify, close, send messages again",
    "pid": "See and search patient names and IDs",
    "admin": "Administer users, devices, nodes, alerts and services",
}
"""In the order in which they are offered. `admin` includes all but `pid`: who administers the system does
not need to see patients."""

IMPLIED: dict[str, frozenset[str]] = {
    "admin": frozenset({"view", "importsize", "importqr", "export", "alerts"}),
    "importsize": frozenset({"view"}),
    "importqr": frozenset({"view"}),
    "export": frozenset({"view"}),
    "alerts": frozenset({"view"}),
    "pid": frozenset({"view"}),
}


def effective(groups: Iterable[str]) -> frozenset[str]:
    """The groups with all that they imply."""
    given = frozenset(groups)
    return given.union(*(IMPLIED.get(group, frozenset()) for group in given))


def checked(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups in their usual order. Raises ValueError for one that does not exist."""
    given = set(groups)
    unknown = given - GROUPS.keys()
    if unknown:
        raise ValueError(f"no such group: {', '.join(sorted(unknown))} (there are {', '.join(GROUPS)})")
    return tuple(group for group in GROUPS if group in given)
