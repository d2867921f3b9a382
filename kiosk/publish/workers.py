"""Chunks of lines become runs in several processes, one for each core, where there is enough for them to do."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO

from kiosk.packs.sealing import ScopeKey
from kiosk.publish import reading, spool

_MOST_PROCESSES = 8
_ALONE_BYTES = 2 << 20
"""What one process reads in less time than it takes to start others."""


def make_runs(source: IO[bytes], work: Path, key: ScopeKey) -> Iterator[Path]:
    """The runs of all lines of `source`, in their order, each in `work` before it is named here.

    A run that is there already, of the same lines, is taken as it is.
    """
    pool: ProcessPoolExecutor | None = None
    waiting = deque[tuple[Path, Future[None] | None]]()
    processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
    try:
        for number, chunk in enumerate(reading.chunks(source)):
            path = work / f"{number:06d}-{key.keyed_hash(chunk)[:32]}.run"
            if path.exists():
                waiting.append((path, None))
            elif pool is None and len(chunk) <= _ALONE_BYTES:
                _make_run(chunk, path, key.text())
                waiting.append((path, None))
            else:
                pool = pool or ProcessPoolExecutor(
                    processes, multiprocessing.get_context("spawn"), initializer=_end_with_parent
                )
                waiting.append((path, pool.submit(_make_run, chunk, path, key.text())))
            # As many chunks in memory as there are processes, and the one just read.
            while len(waiting) > processes or (waiting and waiting[0][1] is None):
                yield _done(waiting)
        while waiting:
            yield _done(waiting)
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _done(waiting: deque[tuple[Path, Future[None] | None]]) -> Path:
    path, future = waiting.popleft()
    if future is not None:
        future.result()
    return path


def _make_run(chunk: bytes, path: Path, key_text: str) -> None:
    key = ScopeKey.parse(key_text.encode())
    report, rows = reading.read_chunk(chunk)
    spool.write_run(path, rows, note=report.text(), key=key)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
