"""CPU time of processes that are being measured (proc(5))."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_seconds(pid: int, *, with_ended: bool = False) -> float:
    """User and system time of a process, and of its ended children; 0 for one that has just ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if with_ended else 13]) / os.sysconf("SC_CLK_TCK")


def postmaster_of(data: Path) -> int:
    """The first process of the PostgreSQL server on a data folder."""
    return int((data / "postmaster.pid").read_text().split()[0])


def server_cpu_seconds(postmaster: int) -> float:
    """CPU time of a whole server: its processes that live, and those that have ended."""
    children = [
        int(pid)
        for task in Path(f"/proc/{postmaster}/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]
    return cpu_seconds(postmaster, with_ended=True) + sum(map(cpu_seconds, children))
