"""What the benchmarks of issue day share: a terminal that syncs from a folder, work in a process of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from kiosk.packs.manifest import Manifest, verify
from kiosk.publish import Keys as PublisherKeys
from kiosk.sync import Keys, Synced, synchronise
from kiosk.sync.priority import step_back
from kiosk.sync.source import FolderSource

Figures = dict[str, Any]

SCOPE = "all"
STORE_KEY = bytes(range(32))


def utility_keys(folder: Path) -> PublisherKeys:
    """The keys that publish in `folder`; made when missing."""
    return PublisherKeys.open(folder / "utility.key")


def manifest_of(folder: Path) -> Manifest:
    """What is published in `folder`."""
    path = folder / "published" / "v1" / "sync" / SCOPE / "manifest"
    return verify(path.read_bytes(), utility_keys(folder).trust)


def take_in(folder: Path, name: str) -> Synced:
    """Take all that is published in `folder` into the state folder `name` there: verified, opened, encrypted."""
    keys = utility_keys(folder)
    (folder / name).mkdir(exist_ok=True)
    return synchronise(
        FolderSource(folder / "published"),
        folder=folder / name,
        scope=SCOPE,
        keys=Keys(keys.trust, (keys.scope,), STORE_KEY),
        now=lambda: datetime.now(UTC),
    )


def stored_bytes(state: Path) -> int:
    """What the generations in a state folder take."""
    return sum(path.stat().st_size for path in state.glob("bills-*"))


def apart(work: Callable[[Path, str], object], folder: Path, name: str) -> Figures:
    """Work in a process of its own: seconds of the clock and of the core, and the most memory it had.

    Work that has to prepare something says how many seconds of both that took; they are taken off.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measured, work, folder, name).result()


def child_environment() -> dict[str, str]:
    """What a process of this program needs to find its modules."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def measured(work: Callable[[Path, str], object], folder: Path, name: str) -> Figures:
    """As `apart`, in this process, whose memory is then in it."""
    wall, cpu = time.perf_counter(), time.process_time()
    untimed = work(folder, name)
    skipped_wall, skipped_cpu = untimed if isinstance(untimed, tuple) else (0.0, 0.0)
    return {
        "wall_s": round(time.perf_counter() - wall - skipped_wall, 2),
        "cpu_s": round(time.process_time() - cpu - skipped_cpu, 2),
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> int:
    """The most memory this process had, from proc(5): what `getrusage` says, it has from who started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024


if __name__ == "__main__":
    step_back()
    take_in(Path(sys.argv[1]), sys.argv[2])
