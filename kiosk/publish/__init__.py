"""Issue day, the utility's side: millions of bills in, a folder out that any static web server can serve.

Lines become sorted, sealed runs; the runs are held against what is published, and what is news becomes a snapshot
or a delta. Memory does not grow with the input, and a publication that was broken off goes on where it was when
the same lines come again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import IO

from kiosk.packs import shards
from kiosk.packs.figures import FIELDS
from kiosk.packs.manifest import VALID_FOR, Delta, Manifest, PackObject
from kiosk.packs.shards import Row
from kiosk.packs.texts import Texts
from kiosk.publish import spool, standing
from kiosk.publish.board import Board
from kiosk.publish.keys import Keys, KeyUnusable
from kiosk.publish.reading import ChunkReport
from kiosk.publish.workers import make_runs

__all__ = ["KeyUnusable", "Keys", "Progress", "Published", "publish"]

_WORK = ".publish"
"""The folder of runs and of the lock, beside what is served. All in it is sealed."""

_MOST_DELTAS = 1000
_CONDENSED = 64
_MOST_RUNS = 700
"""More runs than this are merged in groups first: each open one holds a block of rows."""

Progress = Callable[[str, int], None]
"""Told what is being done (`reading`, `comparing`, `writing`) and how many lines or rows of it are done."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication came to.

    `bills` accounts got a document, `rejected` lines held none; `objects` of `bytes` in all were new.
    `kind` is `snapshot`, `delta` or, when there was no news, `unchanged`.
    """

    generation: int
    kind: str
    bills: int
    rejected: int
    objects: int
    bytes: int
    seconds: float


def publish(
    source: IO[bytes],
    *,
    folder: Path,
    scope: str,
    keys: Keys,
    now: datetime,
    progress: Progress,
    reject: Callable[[int, str], None],
) -> Published:
    """Publish the bills of `source`, one `ebill/1` a line, as news of a scope.

    A line `["<account>", null]` takes an account out of the scope; accounts without a line stay as they are. Two
    publications into one folder wait for each other.

    Args:
        reject: told the number of each line left out, from 1, and why, without what stands in it.

    Raises:
        PackRefused: what is published in `folder` is damaged, or was published with other keys.
        OSError: the folder cannot be written.
    """
    started = time.monotonic()
    with _alone(folder / _WORK):
        board, work = Board(folder, scope, keys), folder / _WORK / scope
        held = board.standing()
        work.mkdir(exist_ok=True)
        runs, rejected = _read(source, work, keys=keys, progress=progress, reject=reject)
        runs = _condensed(runs, work, keys)
        publication = _Publication(board, work, keys, scope=scope, now=now, progress=progress)
        posted, kind = publication.first(runs) if held is None else publication.next(held, runs)
        shutil.rmtree(work)
        board.prune(now)
    return Published(
        generation=posted.generation,
        kind=kind,
        bills=publication.tally.accounts,
        rejected=rejected,
        objects=len(board.written),
        bytes=sum(item.bytes for item in board.written),
        seconds=round(time.monotonic() - started, 3),
    )


class _Publication:
    """From runs of rows to a posted manifest."""

    def __init__(
        self, board: Board, work: Path, keys: Keys, *, scope: str, now: datetime, progress: Progress
    ) -> None:
        self.tally = standing.Tally()
        self._board = board
        self._work = work
        self._keys = keys
        self._scope = scope
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._progress = progress

    def first(self, runs: Sequence[Path]) -> tuple[Manifest, str]:
        """Publish what was never published."""
        rows = standing.news((), self._rows(runs), self.tally)
        return self._snapshot(rows, held=None), "snapshot"

    def next(self, held: Manifest, runs: Sequence[Path]) -> tuple[Manifest, str]:
        """Publish what is news beside `held`."""
        texts, found = self._board.texts(held)
        deltas = [self._copy(n, delta.object, found) for n, delta in enumerate(held.deltas)]
        deltas = _condensed(deltas, self._work, self._keys)
        news = self._work / "news.run"
        rows = standing.news(self._standing(held, deltas, found), self._rows(runs), self.tally)
        count = spool.write_run(news, self._told("comparing", rows), note=b"", key=self._keys.scope)
        if self._is_better_fresh(held, count):
            everything = standing.merged(self._standing(held, deltas, found), *self._rows([news]))
            return self._snapshot(everything, held=held), "snapshot"
        items = self._write(spool.read_run(news, self._keys.scope), texts)
        added = [Delta(seq, self._now, item) for seq, item in enumerate(items, len(held.deltas) + 1)]
        posted = self._post(replace(held, deltas=[*held.deltas, *added]), held=held)
        return posted, "delta" if added else "unchanged"

    def _is_better_fresh(self, held: Manifest, count: int) -> bool:
        """Whether every terminal should rather fetch all than this: a month's bills replace all bills."""
        changes = count + sum(delta.object.rows for delta in held.deltas)
        return (count > shards.ROWS and 2 * count >= held.rows) or (
            changes > max(held.rows, 4 * shards.ROWS) or len(held.deltas) >= _MOST_DELTAS
        )

    def _snapshot(self, rows: Iterable[Row], *, held: Manifest | None) -> Manifest:
        items = self._write(rows, Texts())
        generation = self._generation(held)
        made = Manifest(
            scope=self._scope,
            generation=generation,
            base=generation,
            as_of=self._now,
            issued_at=self._now,
            expires=self._now + VALID_FOR,
            scope_key_id=self._keys.scope.id,
            fields=FIELDS,
            snapshot=items,
            deltas=[],
        )
        return self._post(made, held=held)

    def _post(self, made: Manifest, *, held: Manifest | None) -> Manifest:
        generation, expires = self._generation(held), self._now + VALID_FOR
        posted = replace(made, generation=generation, issued_at=self._now, expires=expires)
        self._board.post(posted, instead_of=held)
        return posted

    def _generation(self, held: Manifest | None) -> int:
        """Rises even when the clock was set back; reads as the time it was made."""
        return max(int(f"{self._now:%Y%m%d%H%M%S}"), held.generation + 1 if held else 1)

    def _write(self, rows: Iterable[Row], texts: Texts) -> list[PackObject]:
        return list(self._board.write(self._told("writing", rows), texts))

    def _told(self, what: str, rows: Iterable[Row]) -> Iterator[Row]:
        for count, row in enumerate(rows):
            if count % 1000 == 0:
                self._progress(what, count)
            yield row

    def _rows(self, runs: Iterable[Path]) -> list[Iterator[Row]]:
        return [spool.read_run(run, self._keys.scope) for run in runs]

    def _copy(self, n: int, item: PackObject, texts: list[str]) -> Path:
        """A delta as a run: an object is read whole, and there may be many to merge."""
        path = self._work / f"delta-{n:06d}.run"
        spool.write_run(path, self._board.rows(item, texts), note=b"", key=self._keys.scope)
        return path

    def _standing(self, held: Manifest, deltas: Sequence[Path], texts: list[str]) -> Iterator[Row]:
        snapshot = chain.from_iterable(self._board.rows(item, texts) for item in held.snapshot)
        return standing.merged(snapshot, *self._rows(deltas))


def _read(
    source: IO[bytes], work: Path, *, keys: Keys, progress: Progress, reject: Callable[[int, str], None]
) -> tuple[list[Path], int]:
    """Runs of all the lines, and how many lines were rejected."""
    runs, lines, rejected = [], 0, 0
    for path in make_runs(source, work, keys.scope):
        report = ChunkReport.parse(spool.read_note(path, keys.scope))
        for number, problem in report.problems:
            reject(lines + number + 1, problem)
        runs.append(path)
        lines += report.lines
        rejected += report.rejected
        progress("reading", lines)
    return runs, rejected


def _condensed(runs: list[Path], work: Path, keys: Keys) -> list[Path]:
    """The same rows in no more than `_MOST_RUNS` runs."""
    while len(runs) > _MOST_RUNS:
        groups = [runs[start : start + _CONDENSED] for start in range(0, len(runs), _CONDENSED)]
        runs = [_joined(group, work, keys) for group in groups]
    return runs


def _joined(runs: Sequence[Path], work: Path, keys: Keys) -> Path:
    path = work / f"joined-{runs[0].name}"
    rows = standing.changes(*(spool.read_run(run, keys.scope) for run in runs))
    spool.write_run(path, rows, note=b"", key=keys.scope)
    return path


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publication at a time; the kernel lets go of the folder for a killed one."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
