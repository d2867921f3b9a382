"""What a program and its children take of the machine: memory as they share it, and time of the processor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")


def family(process: int) -> list[int]:
    """The process and all its descendants that live now."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            parent = _field(int(entry.name), 1)
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found = [process]
    for member in found:
        found += children.get(member, [])
    return found


def pss_mb(process: int) -> float:
    """The memory of a family, what it shares with others counted by its share (PSS)."""
    return round(sum(_pss_kb(member) for member in family(process)) / 1024, 1)


def busy_share(process: int, *, seconds: float) -> float:
    """How much of one core a family uses from now on for `seconds`."""
    before = sum(_ticks(member) for member in family(process))
    time.sleep(seconds)
    spent = sum(_ticks(member) for member in family(process)) - before
    return spent / os.sysconf("SC_CLK_TCK") / seconds


def _pss_kb(process: int) -> int:
    lines = _lines(_PROC / str(process) / "smaps_rollup")
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _ticks(process: int) -> int:
    return sum(_field(process, place) or 0 for place in (11, 12))


def _field(process: int, place: int) -> int | None:
    """A number of `/proc/PID/stat` (proc(5)), counted from the state behind the name, which may hold spaces."""
    for line in _lines(_PROC / str(process) / "stat"):
        return int(line.rpartition(")")[2].split()[place])
    return None


def _lines(path: Path) -> Iterator[str]:
    try:
        yield from path.read_text().splitlines()
    except OSError:
        return  # it has ended meanwhile
