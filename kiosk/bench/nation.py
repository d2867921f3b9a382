"""A whole nation's issue day: every bill invented, published over stdin by the command, synced, looked up.

It takes an hour and 8 GB of disk, and goes on where it was broken off: what a finished part found stands in
`report.json` of its folder.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import IO

import zstandard

from kiosk.bench.issue_day import MONTH, NATION
from kiosk.bench.look_ups import look_ups, look_ups_beside
from kiosk.bench.terminal import Figures, apart, child_environment, manifest_of, stored_bytes, take_in
from kiosk.service.subscribers import SubscriberBook

REPORT = "report.json"

_PART = 100_000
_ASKED = 20_000
_SAMPLE_S = 2.0


def nine_million(folder: Path, *, count: int = NATION) -> Figures:
    """Invent, publish, take in, look up; seconds are of the clock unless they say `cpu`.

    `load` is how many processes wanted a core when a part began and ended: the own two, and other work's.
    """
    report, files = _Report(folder / REPORT, count), _parts(folder / "invented", count)
    report.part("invented", lambda: _invented(files, count))
    report.part("published", lambda: _published(folder, files))
    report.part("taken_in", lambda: _taken_in(folder))
    book, chance = SubscriberBook(1, count), random.Random(1)
    accounts = [book.account(chance.randrange(count)) for _ in range(_ASKED)]
    report.part("looked_up", lambda: look_ups(folder / "ours", accounts))
    report.part("beside_import", lambda: look_ups_beside(folder, accounts))
    return report.figures


class _Report:
    """What the parts found, on disk as soon as they did."""

    def __init__(self, path: Path, count: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        held: Figures = json.loads(path.read_text()) if path.exists() else {}
        self.figures: Figures = held if held.get("count") == count else {"count": count}

    def part(self, name: str, work: Callable[[], Figures]) -> None:
        """Do a part of the work, unless it was done before."""
        if name in self.figures:
            return
        began, load = datetime.now(UTC), os.getloadavg()[0]
        found = work()
        loads = [round(load, 1), round(os.getloadavg()[1], 1)]
        self.figures[name] = found | {"load": loads, "began": began.isoformat(timespec="seconds")}
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(self.figures, indent=1))
        draft.replace(self._path)


def _parts(folder: Path, count: int) -> list[Path]:
    return [folder / f"{start:08d}.ndjson.zst" for start in range(0, count, _PART)]


def _invented(files: list[Path], count: int) -> Figures:
    """Packed files of `count` bills in no order of accounts, made by all cores; those that are there are kept."""
    began = time.perf_counter()
    files[0].parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        list(pool.map(_invent, files, [count] * len(files), range(0, count, _PART)))
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "packed_mb": sum(p.stat().st_size for p in files) // 10**6,
    }


def _invent(path: Path, count: int, start: int) -> None:
    if path.exists():
        return
    book, draft = SubscriberBook(1, count), path.with_suffix(".draft")
    with draft.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as packed:
        for index in range(start, min(start + _PART, count)):
            packed.write(json.dumps(book.bill(index, MONTH), ensure_ascii=False).encode() + b"\n")
    draft.replace(path)


def _published(folder: Path, files: list[Path]) -> Figures:
    """The command as the utility runs it, its lines from stdin."""
    out = folder / "published"
    is_resumed = (out / ".publish").exists() and not (out / "v1" / "sync").exists()
    if not is_resumed:
        shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "kiosk", "publish", "-", "--json"]
    command += ["--out", str(out), "--key", str(folder / "utility.key")]
    before = _children_cpu_s()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=child_environment()
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        with _Memory(process.pid) as memory:
            lines_bytes = sum(_pour(path, process.stdin) for path in files)
            process.stdin.close()
            said: Figures = json.loads(process.stdout.read())
    return said | {
        "resumed": is_resumed,
        "cpu_s": round(_children_cpu_s() - before, 1),
        "peak_mb": memory.peak_mb,
        "lines_mb": lines_bytes // 10**6,
        "wire_mb": sum(item.bytes for item in manifest_of(folder).snapshot) // 10**6,
    }


def _pour(path: Path, into: IO[bytes]) -> int:
    with path.open("rb") as file:
        return int(zstandard.ZstdDecompressor().copy_stream(file, into)[1])


def _taken_in(folder: Path) -> Figures:
    shutil.rmtree(folder / "ours", ignore_errors=True)
    return apart(take_in, folder, "ours") | {"stored_mb": stored_bytes(folder / "ours") // 10**6}


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory:
    """The most memory that a process and its children had together, looked at every two seconds."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, _memory_mb(self._pid))
            if self._ended.wait(_SAMPLE_S):
                return


def _memory_mb(pid: int) -> int:
    """What a process and its children have now; what they share counts once (`Pss`, proc(5))."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has ended
    own = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return own // 1024 + sum(_memory_mb(int(child)) for child in children)
